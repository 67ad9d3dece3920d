"""The form of an assignment, and that students get no solution and no hidden test.

What answers deserve is tested by `make grade-test`, in an environment with nbgrader.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from test_notebooks import SETUP

ROOT = Path(__file__).parents[1]
MASTERS = {path.stem: path for path in sorted(ROOT.glob("assignments/source/*/*.ipynb"))}
REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", flags=re.DOTALL)
SITE = [
    path for path in (ROOT / "_build/html").rglob("*") if path.suffix in {".html", ".ipynb", ".js", ".txt"}
]


@pytest.fixture(params=MASTERS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def master(name: str) -> NotebookNode:
    return nbformat.read(MASTERS[name], as_version=4)


@pytest.fixture
def handed_out(name: str) -> Path:
    return ROOT / f"book/assignments/{name}.ipynb"


def cells(notebook: NotebookNode, kind: str) -> list[NotebookNode]:
    """The cells with which nbgrader does something: "solution", "grade" or "locked"."""
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(kind)]


def secrets(notebook: NotebookNode) -> set[str]:
    """The lines of solutions and hidden tests that are long enough to mean something."""
    regions = [text for cell in notebook.cells for _, text in REGION.findall(cell.source)]
    lines = {line.strip() for text in regions for line in text.splitlines()}
    return {line for line in lines if len(line) > 25 and " import " not in line}


def test_there_are_assignments() -> None:
    assert MASTERS


def test_names(name: str, master: NotebookNode) -> None:
    ids = Counter(cell.metadata.nbgrader.grade_id for cell in master.cells if "nbgrader" in cell.metadata)
    assert set(ids.values()) == {1}
    marks = Counter(cell.source.partition("\n")[0] for cell in cells(master, "solution"))
    assert set(marks.values()) == {1}
    assert all(re.fullmatch(rf'# Answer \d[a-z]? of "{name}"', mark) for mark in marks)


def test_points(master: NotebookNode) -> None:
    assert sum(cell.metadata.nbgrader.points for cell in cells(master, "grade")) == 20
    per_question: Counter[str] = Counter()
    for cell in cells(master, "grade"):
        per_question[cell.metadata.nbgrader.grade_id.partition("_")[0].removeprefix("q")] += (
            cell.metadata.nbgrader.points
        )
    text = "\n".join(cell.source for cell in master.cells if cell.cell_type == "markdown")
    promised = re.findall(r"^## Question (\d): .*\((\d) points\)$", text, flags=re.MULTILINE)
    assert {question: int(points) for question, points in promised} == per_question
    assert dict(re.findall(r"^\| (\d) \|.*\| (\d) \|$", text, flags=re.MULTILINE)) == dict(promised)


def test_a_test_cell_is_one_function_and_its_call(master: NotebookNode) -> None:
    for cell in cells(master, "grade"):
        function, call = ast.parse(cell.source).body
        assert function.name == f"test_{cell.metadata.nbgrader.grade_id}"
        points = cell.metadata.nbgrader.points
        assert cell.source.startswith(f"def {function.name}():  # {points} point{'s' * (points > 1)}\n")
        assert ast.unparse(call) == f"{function.name}()"
        assert re.match(r"\d[a-z]?: .*\.$", ast.get_docstring(function))
        silent = [ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.Assert) and not n.msg]
        assert silent == []


def test_answers_are_between_their_marks(master: NotebookNode) -> None:
    for cell in cells(master, "solution"):
        assert len(REGION.findall(cell.source)) == 1


def test_setup_installs_on_colab(master: NotebookNode) -> None:
    first = next(cell for cell in master.cells if cell.cell_type == "code")
    assert first.source.startswith(SETUP)
    assert first.metadata.nbgrader.locked


def test_students_see_no_secret(master: NotebookNode, handed_out: Path) -> None:
    assert secrets(master)
    pages = {path: path.read_text(encoding="utf-8") for path in [handed_out, *SITE]}
    for path, text in pages.items():
        assert not re.search(r"### (BEGIN|END) (SOLUTION|HIDDEN)", text), path
    text = nbformat.read(handed_out, as_version=4)
    sources = {line.strip() for cell in text.cells for line in cell.source.splitlines()}
    assert secrets(master).isdisjoint(sources)
    for path, page in pages.items():
        assert [line for line in secrets(master) if line in page] == [], path


def test_what_students_get_runs_until_their_answers(handed_out: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(handed_out, as_version=4)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, allow_errors=True, resources=resources).execute()
    for cell in notebook.cells:
        errors = {output.ename for output in cell.get("outputs", []) if output.output_type == "error"}
        if cell.source.startswith("# Answer") and "def " not in cell.source:
            assert errors == {"NotImplementedError"}
        elif cell.metadata.get("nbgrader", {}).get("grade"):
            assert errors <= {"AssertionError", "NameError", "NotImplementedError"}, cell.source
        else:
            assert errors <= {"NotImplementedError"}, cell.source
