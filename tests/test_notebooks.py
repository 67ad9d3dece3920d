"""The form of a chapter: what every notebook promises its reader, checked without running it."""

import ast
import itertools
import re
from pathlib import Path
from statistics import median

import nbformat
import pytest
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
URL = re.search(r"^  url: (\S+)$", (ROOT / "_config.yml").read_text(), flags=re.MULTILINE)[1]
SETUP = f"""\
try:
    import vaelosses
except ImportError:  # on Colab: install the package first
    %pip install -q "vaelosses[book] @ git+{URL}"
"""
MAX_CELLS = 50  # of the lesson; the exercises come on top
MAX_LINES, MAX_MEDIAN_LINES = 15, 8
MAX_BYTES = 1_000_000

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
QUESTIONS = ROOT / "book/faq.ipynb"  # a page to look things up in, without exercises


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def tree(cell: NotebookNode) -> ast.Module:
    """The cell as Python; a magic becomes an expression that does nothing."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1...", cell.source, flags=re.MULTILINE))


def asserts(cell: NotebookNode) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(tree(cell)))


def shows_image(cell: NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def trains(cell: NotebookNode) -> bool:
    """Whether the cell calls something named train or fit, or steps an optimiser; a definition does not."""
    statements = [s for s in tree(cell).body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    calls = [n.func for s in statements for n in ast.walk(s) if isinstance(n, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return not names.isdisjoint({"train", "fit", "step"})


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


def test_format_is_valid(notebook: NotebookNode) -> None:
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)  # cells have stable ids
    nbformat.validate(notebook)


def test_is_executed_in_order(notebook: NotebookNode) -> None:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_fails_or_is_excused(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        assert not [output for output in cell.outputs if output.output_type == "error"], cell.source
        assert set(tags(cell)).isdisjoint({"raises-exception", "nbval-raises-exception", "nbval-skip"})
        assert "NBVAL" not in cell.source


def test_outputs_hold_no_warning_and_no_path_of_a_machine(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.get("name") != "stderr", output.text
            text = str(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert not re.search(r"/home/|/root/|/work/|/tmp/|/Users/|site-packages", text), text


def test_metadata_does_not_vary(notebook: NotebookNode) -> None:
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb"}


def test_setup_comes_first_and_installs_on_colab(notebook: NotebookNode) -> None:
    first = code_cells(notebook)[0]
    assert first.source.startswith(SETUP)
    assert "lab = experiment.start()" in first.source


def test_size(notebook: NotebookNode, path: Path) -> None:
    lines = [len(cell.source.removeprefix(SETUP).splitlines()) for cell in code_cells(notebook)]
    lesson = list(itertools.takewhile(lambda cell: "## Exercises" not in cell.source, notebook.cells))
    assert len(lesson) <= MAX_CELLS
    assert max(lines) <= MAX_LINES
    assert median(lines) <= MAX_MEDIAN_LINES
    assert path.stat().st_size < MAX_BYTES


def test_ignored_output_is_checked_by_an_assertion(notebook: NotebookNode) -> None:
    """Outputs of training vary, so a claim about them must be an assertion that nbval runs.

    A cell that trains asserts something, or a later cell does before the next training starts.
    """
    owed = None
    for cell in code_cells(notebook):
        if trains(cell):
            assert owed is None, f"no assertion follows:\n{owed}"
            assert not cell.outputs or "nbval-ignore-output" in tags(cell), f"varies:\n{cell.source}"
            owed = cell.source
        if asserts(cell):
            owed = None
    assert owed is None, f"no assertion follows:\n{owed}"


def test_images_have_alternative_text(notebook: NotebookNode) -> None:
    for cell in filter(shows_image, code_cells(notebook)):
        alternative = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert len(alternative) > 20, f"say what the picture shows (mystnb.image.alt):\n{cell.source}"


def headings(notebook: NotebookNode) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.*)$", prose(notebook), flags=re.MULTILINE)


def test_sections(path: Path, notebook: NotebookNode) -> None:
    levels, titles = zip(*headings(notebook), strict=True)
    assert levels.count("#") == 1
    assert levels[0] == "#"
    if path == QUESTIONS:
        assert titles[-1] == "Sources"
        return
    assert titles[-2:] == ("Exercises", "Sources")
    for promise in ("**You will**", "**You have**"):
        assert f"\n{promise}\n" in f"\n{prose(notebook)}"


def test_every_question_is_in_the_list_at_the_top_and_has_an_answer_that_runs() -> None:
    notebook = nbformat.read(QUESTIONS, as_version=4)
    top = notebook.cells[0].source + notebook.cells[1].source
    for cell, following in itertools.pairwise(notebook.cells):
        questions = re.findall(r"^### (.*)$", cell.source, flags=re.MULTILINE)
        for question in questions:
            assert f"[{question}](#" in top
        assert not questions or (following.cell_type == "code" and asserts(following)), questions


def test_exercises_have_hidden_solutions(path: Path, notebook: NotebookNode) -> None:
    solutions = re.findall(r"<details>(.*?)</details>", prose(notebook), flags=re.DOTALL)
    assert solutions or path == QUESTIONS
    for solution in solutions:
        assert "<summary>" in solution
        for block in re.findall(r"```python\n(.*?)```", solution, flags=re.DOTALL):
            ast.parse(block)


def test_markup_is_portable(notebook: NotebookNode) -> None:
    """Colab shows MyST roles and directives as raw text, so a chapter has none."""
    assert re.findall(r"^(?:```|:::)\{.*$|\{[a-z:]+\}`", prose(notebook), flags=re.MULTILINE) == []
