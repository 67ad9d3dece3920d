"""What students do to notebooks: none of it stops the grader, and each gets its row and its points.

The assignment is tests/assignments/tiny, which needs no torch, so that many can be graded fast.
"""

import re
import shutil
from pathlib import Path

import grade
import nbformat
import psutil
import pytest
from grade_one import grade_id
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from submitting import cell_of, read, run, solved

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "tests" / "assignments"
TINY = SOURCE / "tiny" / "tiny.ipynb"
Rows = dict[str, dict[str, str]]
TESTS = {"q1_value", "q2_number", "q2_text"}  # worth 1, 2 and 1 points

LOOP = "import time\nwhile True:\n    try:\n        time.sleep(9)\n    except BaseException:\n        pass"
CALLED = "import os, subprocess, sys, time\ndef twice(x):\n    if x == 'a':\n        {}\n    return 2 * x"
SCRIPT = "<script>alert('once more')</script>"
HOSTILE: dict[str, tuple[dict[str, str], str, int]] = {  # answers, status, points of 4
    "perfect": ({}, "graded", 4),
    "loops": ({"q1": LOOP}, "timeout", 3),
    "loops_when_called": ({"q2": CALLED.format("time.sleep(999)")}, "timeout", 3),
    "prints_for_ever": ({"q1": "while True:\n    print('x' * 1000)"}, "timeout", 3),
    "prints_much": ({"q2": "def twice(x):\n    print('x' * 10**6)\n    return 3 * x"}, "graded", 1),
    "ends_python": ({"q2": CALLED.format("os._exit(0)")}, "crashed", 3),
    "exits": ({"q2": CALLED.format("sys.exit()")}, "graded", 3),
    "takes_all_memory": ({"q1": "x = bytearray(10**9)\nwhile True:\n    x += x"}, "graded", 3),
    "warns": ({"q2": CALLED.format("print('careful', file=sys.stderr)")}, "graded", 4),
    "does_not_parse": ({"q1": "value = = 42"}, "graded", 3),
    "kills_the_grader": ({"q1": "import os\nos.kill(os.getppid(), 9)"}, "error", 0),
    "leaves_processes": (
        {"q2": CALLED.format("subprocess.Popen(['sleep', '98765'], start_new_session=True)")},
        "graded",
        4,
    ),
    "shows_scripts": (
        {"q1": f'from IPython.display import HTML, display\nvalue = "{SCRIPT}"\ndisplay(HTML(value))'},
        "graded",
        3,
    ),
}


def without_metadata(notebook: NotebookNode) -> None:
    """What some editors leave."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


def edited_tests(notebook: NotebookNode) -> None:
    cell_of(notebook, "q1").source = "value = 0"
    for name in TESTS:
        cell_of(notebook, name).source = "1000"
        cell_of(notebook, name).metadata.nbgrader.points = 1000


def deleted_tests(notebook: NotebookNode) -> None:
    cell_of(notebook, "q1").source = "value = 0"
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in TESTS]


def deleted_answer(notebook: NotebookNode) -> None:
    notebook.cells.remove(cell_of(notebook, "q2"))


def doubled_answer(notebook: NotebookNode) -> None:
    notebook.cells.insert(1, new_code_cell("value = 0", metadata=cell_of(notebook, "q1").metadata))


def doubled_test(notebook: NotebookNode) -> None:
    test = cell_of(notebook, "q2_number")
    notebook.cells += [new_code_cell(test.source, metadata=test.metadata) for _ in range(3)]
    cell_of(notebook, "q1").source = "value = 0"


def own_cells(notebook: NotebookNode) -> None:
    """A helper in a cell of its own."""
    cell_of(notebook, "q2").source = "def twice(x):\n    return helper(x)"
    notebook.cells.insert(3, new_code_cell("def helper(x):\n    return x + x"))


def renamed_answer(notebook: NotebookNode) -> None:
    """Its name and its first line are lost; it still runs, where it stands."""
    cell = cell_of(notebook, "q2")
    cell.metadata.nbgrader.grade_id, cell.source = "mine", cell.source.partition("\n")[2]


CHANGED = {  # what was done, points of 4, a part of the remark
    "without_metadata": (without_metadata, 4, ""),
    "edited_tests": (edited_tests, 3, "edited and put back: q1_value, q2_number, q2_text"),
    "deleted_tests": (deleted_tests, 3, ""),
    "deleted_answer": (deleted_answer, 1, "no cell answers q2"),
    "doubled_answer": (doubled_answer, 4, "2 cells answer q1: the last one counts"),
    "doubled_test": (doubled_test, 3, ""),
    "own_cells": (own_cells, 4, ""),
    "renamed_answer": (renamed_answer, 4, "no cell answers q2"),
}

FILES = {  # what stands where a notebook should be
    "empty_tiny.ipynb": ("", "not a notebook", "the file is empty"),
    "zip_tiny.ipynb": ("PK\x03\x04", "not a notebook", ""),
    "list_tiny.ipynb": ("[1, 2]", "not a notebook", ""),
    "essay.pdf": ("%PDF", "not a notebook", ""),
    "chapter.ipynb": (
        (ROOT / "book/reductions.ipynb").read_text(encoding="utf-8"),
        "unknown assignment",
        "tiny",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that students do to notebooks."""
    folder = tmp_path_factory.mktemp("hostile") / "in"
    folder.mkdir()
    for name, (answers, *_) in HOSTILE.items():
        nbformat.write(solved(TINY, answers), folder / f"{name}_tiny.ipynb")
    for name, (change, *_) in CHANGED.items():
        notebook = solved(TINY, {})
        change(notebook)
        nbformat.write(notebook, folder / f"{name}_tiny.ipynb")
    for name, (text, *_) in FILES.items():
        (folder / name).write_text(text, encoding="latin-1" if name.startswith("zip") else "utf-8")
    (folder / "no notebook").mkdir()
    (folder / "no notebook" / "answers.py").write_text("value = 42")
    (folder / ".hidden").mkdir()
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    return run(folder, "--source", SOURCE, "--cell-seconds", "6")


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_stops_the_grader(rows: Rows, name: str) -> None:
    row, (_, status, points) = rows[f"{name}_tiny.ipynb"], HOSTILE[name]
    assert (row["student"], row["status"], float(row["points"])) == (name, status, points)


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_notebook_is_put_right(rows: Rows, name: str) -> None:
    row, (_, points, remark) = rows[f"{name}_tiny.ipynb"], CHANGED[name]
    assert (row["status"], float(row["points"])) == ("graded", points)
    assert remark in row["remark"]
    assert bool(remark) == bool(row["remark"])


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_submission_has_its_row(rows: Rows, name: str) -> None:
    row, (_, status, remark) = rows[name], FILES[name]
    assert (row["status"], float(row["points"])) == (status, 0)
    assert remark in row["remark"] != ""


def test_a_folder_without_notebook_has_its_row(rows: Rows) -> None:
    assert rows["no notebook"]["status"] == "not a notebook"
    assert len(rows) == len(HOSTILE) + len(CHANGED) + len(FILES) + 1


def test_no_process_outlives_the_grader(rows: Rows) -> None:
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if "98765" in (p.info["cmdline"] or [])] == []


def test_pages_tell_no_secret_and_run_no_script(rows: Rows, folder: Path) -> None:
    pages = sorted(folder.parent.glob("in-graded/feedback/*.html"))
    assert len(pages) == len(HOSTILE) + len(CHANGED) - 1  # the killed one has none
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert SCRIPT not in text
        assert "BEGIN HIDDEN" not in text
        assert "value == 42" not in text
        assert "<h1" in text  # and no tag is shown as text
        assert not re.search("&lt;(h1|p|table|div)", text)


# Grades that were given.


def test_grades_stay_and_changed_submissions_are_graded_again(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for student in ("ada", "bob"):
        (folder / student).mkdir(parents=True)
        nbformat.write(solved(TINY, {}), folder / student / "my work.ipynb")
    first = run(folder, "--source", SOURCE)
    ada, bob = (tmp_path / f"in-graded/feedback/{student}/my work.html" for student in ("ada", "bob"))
    times = ada.stat().st_mtime_ns, bob.stat().st_mtime_ns
    assert [(row["student"], row["points"]) for row in first.values()] == [("ada", "4.0"), ("bob", "4.0")]

    nbformat.write(solved(TINY, {"q1": "value = 0"}), folder / "bob/my work.ipynb")
    shutil.rmtree(folder / "ada")
    second = run(folder, "--source", SOURCE)
    assert [(row["student"], row["points"]) for row in second.values()] == [("ada", "4.0"), ("bob", "3.0")]
    assert ada.stat().st_mtime_ns == times[0]
    assert bob.stat().st_mtime_ns > times[1]


def test_nobody_loses_points_where_the_answers_of_the_master_do(tmp_path: Path) -> None:
    """A test that no answer passes, or a machine on which none does."""
    folder, master = tmp_path / "in", tmp_path / "source/tiny/tiny.ipynb"
    shutil.copytree(TINY.parent, master.parent)
    for student, answers in {"ada": {}, "bob": {"q1": "value = 0"}}.items():
        (folder / student).mkdir(parents=True)
        nbformat.write(solved(TINY, answers), folder / student / "tiny.ipynb")
    notebook = read(master)
    test = cell_of(notebook, "q2_number")
    test.source = test.source.replace("assert ", "assert not ", 1)
    nbformat.write(notebook, master)
    for row in run(folder, "--source", master.parents[1]).values():
        assert (row["status"], row["points"]) == ("error", "0")
        assert "answers fail here (graded, q2_number gives 0 of 2); see self-check/tiny.html" in row["remark"]
    assert (tmp_path / "in-graded/self-check/tiny.html").exists()

    shutil.copy(TINY, master)
    again = run(folder, "--source", master.parents[1])
    assert [row["points"] for row in again.values()] == ["4.0", "3.0"]


@pytest.mark.parametrize(
    ("file", "student"),
    [
        ("doejane_12345_67890_tiny.ipynb", "doejane_12345_67890"),
        ("doejane_LATE_12345_67890_tiny-1.ipynb", "doejane_LATE_12345_67890"),
        (
            "Jane Doe_4711_assignsubmission_file/tiny (2).ipynb",
            "Jane Doe_4711_assignsubmission_file",
        ),  # Moodle
        ("tiny-janedoe/book/assignments/tiny.ipynb", "tiny-janedoe"),
        ("janedoe/tiny/tiny.ipynb", "janedoe"),
        ("jane.ipynb", "jane"),
    ],
)
def test_platforms_name_students_in_their_ways(file: str, student: str) -> None:
    assert grade.student_of(Path(file), ["other", "tiny"]) == student
