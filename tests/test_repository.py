"""What stands in several places stands there once for all: names, versions, the address."""

import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vaelosses
import vaelosses.likelihoods
from vaelosses import plots

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
PARTS = [
    "Foundations",
    "Continuous likelihoods",
    "The unit interval",
    "Discrete pixels",
    "The objective",
    "Practice",
    "Course",
    "Appendix",
]
LIKELIHOODS = sorted(path.stem for path in (ROOT / "vaelosses/likelihoods").glob("[!_]*.py"))
MODULES = [m.name for m in pkgutil.iter_modules(vaelosses.__path__) if not m.name.startswith("_")]
OTHER_URL = "https://github.com/somebody/something-else"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def url_of(config: str) -> str:
    return re.search(r"^  url: (\S+)$", config, flags=re.MULTILINE)[1]


# One idea, one name, four places.


CHAPTERS = {
    name: {
        "student_t": "laplace",
        "beta": "logit_normal",
        "kumaraswamy": "logit_normal",
        "truncated_normal": "logit_normal",
        "censored_normal": "bits_per_dim",
        "discretized_normal": "discretized_logistic",
        "rgb_logistic_mixture": "logistic_mixture",
    }.get(name, name)
    for name in LIKELIHOODS
}
"""The chapter that teaches each likelihood: its own, but for the relatives of another one."""


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_has_its_four_places(name: str) -> None:
    names = importlib.import_module(f"vaelosses.likelihoods.{name}").__all__
    chapter = CHAPTERS[name]
    rows = (ROOT / f"tests/likelihood_rows/{name}.py", ROOT / f"tests/test_{name}.py")
    places = {
        f"book/{chapter}.ipynb": (BOOK / f"{chapter}.ipynb").exists(),
        "_toc.yml": f"file: book/{chapter}\n" in read("_toc.yml"),
        "a row in tests/likelihood_rows": any(path.exists() for path in rows),
        "an entry in the API": set(names) <= set(vaelosses.likelihoods.__all__),
        "an entry in the benchmarks": name in read("benchmarks/cases.py"),
        "a colour": name in plots.COLORS,
    }
    assert [place for place, there in places.items() if not there] == []


def test_every_page_is_in_the_table_of_contents() -> None:
    files = [*BOOK.glob("*.ipynb"), *BOOK.glob("assignments/*.ipynb"), *BOOK.glob("*.md")]
    pages = {str(path.relative_to(ROOT).with_suffix("")) for path in files}
    listed = re.findall(r"(?:file|root): (\S+)", read("_toc.yml"))
    assert sorted(listed) == sorted(pages)


def test_the_front_page_leads_to_every_page() -> None:
    pages = re.findall(r"file: book/(\S+)", read("_toc.yml"))
    links = re.findall(r"^\| \[.*?\]\(([\w/]+)\.", read("book/intro.md"), flags=re.MULTILINE)
    assert links == pages


def test_parts_are_in_their_order() -> None:
    parts = re.findall(r"caption: (.+)", read("_toc.yml"))
    assert parts == [part for part in PARTS if part in parts]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_in_the_api(module: str) -> None:
    assert f".. automodule:: vaelosses.{module}\n" in read("book/api.md")


# One version.


def test_versions_agree() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert re.search(r"^## \[(\d\S*)\]", read("CHANGELOG.md"), flags=re.MULTILINE)[1] == version
    assert re.search(r"^version: (\S+)$", read("CITATION.cff"), flags=re.MULTILINE)[1] == version
    assert vaelosses.__version__ == version


# One address.


def test_every_file_has_the_address_of_the_configuration() -> None:
    url = url_of(read("_config.yml"))
    for name in ["README.md", "CONTRIBUTING.md", "CITATION.cff", "pyproject.toml", "book/intro.md"]:
        assert re.search(rf"{re.escape(url)}(?![\w-])", read(name)), name


@pytest.mark.parametrize("suffix", ["", "/", ".git"])
def test_the_address_moves_everywhere_at_once(tmp_path: Path, suffix: str) -> None:
    copy = tmp_path / "copy"
    skipped = shutil.ignore_patterns(
        ".git", ".venv*", "_build", ".*_cache", "__pycache__", "_static", "*.egg-info"
    )
    shutil.copytree(ROOT, copy, ignore=skipped)
    before = url_of(read("_config.yml"))
    owner, name = before.removeprefix("https://github.com/").split("/")
    old = re.compile(rf"github(\.com)?/{owner}/{name}(?![\w-])|{owner}\.github\.io")
    files = [path for path in copy.rglob("*") if path.is_file()]
    mentioned = [path for path in files if old.search(path.read_text("utf-8"))]
    assert copy / "_config.yml" in mentioned

    def move(url: str) -> str:
        command = [sys.executable, copy / "tools/repository.py", url]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert sorted(move(OTHER_URL + suffix).split()) == sorted(str(p.relative_to(copy)) for p in mentioned)
    assert url_of((copy / "_config.yml").read_text()) == OTHER_URL
    assert [path for path in files if old.search(path.read_text("utf-8"))] == []
    assert all(OTHER_URL.removeprefix("https://github.com/") in path.read_text("utf-8") for path in mentioned)
    assert move(OTHER_URL) == ""  # nothing is left to change
    move(before)
    assert all(path.read_bytes() == (ROOT / path.relative_to(copy)).read_bytes() for path in mentioned)


def test_another_host_is_refused() -> None:
    command = [sys.executable, ROOT / "tools/repository.py", "https://example.org/a/b"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode != 0
    assert "https://example.org/a/b" in result.stderr


# The examples on the front pages run as printed.


@pytest.mark.parametrize("page", ["README.md", "book/intro.md"])
def test_example_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", read(page), flags=re.DOTALL)
    (output,) = re.findall(r"```text\n(.*?)```", read(page), flags=re.DOTALL)
    exec(example, {})
    assert capsys.readouterr().out == output


def test_the_readme_explains_a_loss_as_it_says() -> None:
    examples = re.findall(r"```pycon\n(.*?)```", read("README.md"), flags=re.DOTALL)
    (example,) = (text for text in examples if "explain_loss" in text)
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", None, None)
    assert doctest.DocTestRunner().run(test).failed == 0
