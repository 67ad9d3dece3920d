"""Sphinx extension: a build may name its own repository and branch, so that a fork's buttons work.

BOOK_REPOSITORY_URL wins; on GitHub Actions GITHUB_SERVER_URL/GITHUB_REPOSITORY is taken.
BOOK_BRANCH names the branch. Without them the address in _config.yml holds.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config


def repository_url() -> str | None:
    if url := os.environ.get("BOOK_REPOSITORY_URL"):
        return url
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ['GITHUB_SERVER_URL']}/{repository}"
    return None


def branch() -> str | None:
    return os.environ.get("BOOK_BRANCH")


def set_repository(app: Sphinx, config: Config) -> None:
    chosen = {"repository_url": repository_url(), "repository_branch": branch()}
    config.html_theme_options.update({key: value for key, value in chosen.items() if value})


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", set_repository, priority=1)  # before the theme reads its options
    return {"parallel_read_safe": True, "parallel_write_safe": True}
