"""Move the project to another address: `make repository URL=https://github.com/owner/name`.

The address stands in _config.yml. Every other file that mentions it (set-up cells, links, package
metadata, the Colab and Pages addresses that follow from it) is rewritten to agree.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".cff", ".ipynb", ".md", ".py", ".toml", ".yml"}
GITHUB = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")


def addresses(url: str) -> list[str]:
    """Return what follows from ``https://github.com/owner/name``: repository, Colab, Pages."""
    match = GITHUB.fullmatch(url)
    if not match:
        raise SystemExit(f"URL: got {url!r}, expected https://github.com/owner/name (Colab opens no other)")
    owner, name = match.groups()
    return [
        f"https://github.com/{owner}/{name}",
        f"https://colab.research.google.com/github/{owner}/{name}",
        f"https://{owner}.github.io/{name}",
    ]


def current_url() -> str:
    return re.search(r"^  url: (\S+)$", (ROOT / "_config.yml").read_text(), flags=re.MULTILINE)[1]


def files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        folders = path.relative_to(ROOT).parts[:-1]
        hidden = any(name.startswith((".", "_build")) and name != ".github" for name in folders)
        if path.suffix in SUFFIXES and path.is_file() and not hidden:
            yield path


def main(url: str) -> None:
    pairs = list(zip(addresses(current_url()), addresses(url), strict=True))
    for path in files():
        text = old = path.read_text(encoding="utf-8")
        for before, after in pairs:
            text = re.sub(re.escape(before) + r"(?![\w-])", after, text)
        if text != old:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: make repository URL=https://github.com/owner/name")
    main(sys.argv[1])
