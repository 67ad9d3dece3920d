"""Grade the grader: `make grade-test` hands in good, bad and hostile notebooks, and reads what they get.

tests/assignments/<name>.py lists the submissions to each assignment, with the points that they deserve.
"""

import copy
import csv
import json
import os
import runpy
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

import grade_one
import nbformat
import pytest
from nbgrader.utils import is_solution
from submitting import read, run, solved

from assignments import STUDENT_FOLDER, masters, student_version

ROOT = Path(__file__).parents[1]
MASTERS = masters()
CASES = {
    (name, case): deserved
    for name in MASTERS
    for case, deserved in runpy.run_path(ROOT / f"tests/assignments/{name}.py")["CASES"].items()
}


# The masters.


@pytest.mark.parametrize("name", MASTERS)
def test_the_student_version_is_current(name: str) -> None:
    stored = (STUDENT_FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert stored.strip() == nbformat.writes(student_version(MASTERS[name])).strip(), "say: make assignments"


def test_no_student_version_is_left_over() -> None:
    assert {path.stem for path in STUDENT_FOLDER.glob("*.ipynb")} == set(MASTERS)


# What each answer deserves.


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """All selected cases, graded in one run."""
    folder = tmp_path_factory.mktemp("cases") / "in"
    folder.mkdir()
    for item in request.session.items:
        match getattr(item, "callspec", None) and item.callspec.params:
            case {"name": name, "case": "nothing"}:
                shutil.copy(STUDENT_FOLDER / f"{name}.ipynb", folder / f"nothing_{name}.ipynb")
            case {"name": name, "case": case}:
                nbformat.write(solved(MASTERS[name], CASES[name, case][0]), folder / f"{case}_{name}.ipynb")
    run(folder)
    return folder.with_name("in-graded")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_submission_gets_what_it_deserves(graded: Path, name: str, case: str) -> None:
    _, points, lost = CASES[name, case]
    record = json.loads((graded / f"results/{case}_{name}.ipynb.json").read_text(encoding="utf-8"))
    page = (graded / f"feedback/{case}_{name}.html").read_text(encoding="utf-8")
    got, best, said = record["points"], record["max_points"], record["sentences"]
    assert (record["assignment"], record["status"], record["student"]) == (name, "graded", case)
    assert {test: said[test] for test in got if got[test] < best[test]}.keys() == lost.keys()
    assert sum(got.values()) == points
    for test, sentence in lost.items():
        assert sentence in said[test]
        assert escape(said[test], quote=False) in page


@pytest.mark.parametrize(("name", "case"), [(name, "nothing") for name in MASTERS])
def test_what_was_handed_out_is_worth_nothing(graded: Path, name: str, case: str) -> None:
    record = json.loads((graded / f"results/{case}_{name}.ipynb.json").read_text(encoding="utf-8"))
    assert record["remarks"] == ["as handed out: no answer is filled in"]
    assert set(record["points"].values()) == {0}
    assert sum(record["max_points"].values()) == 20
    assert all("no answer" in sentence for sentence in record["sentences"].values())


@pytest.mark.parametrize("name", MASTERS)
def test_the_assignment_is_told_from_names_or_from_first_lines(name: str) -> None:
    """Platforms rename files, Colab may lose metadata, and students delete comments."""
    whole = student_version(MASTERS[name])
    nameless, markless = copy.deepcopy(whole), copy.deepcopy(whole)
    for cell in nameless.cells:
        cell.metadata.pop("nbgrader", None)
    for cell in filter(is_solution, markless.cells):
        cell.source = cell.source.partition("\n")[2]
    for submission in (whole, nameless, markless):
        assert grade_one.find_assignment(submission, MASTERS.values()) == MASTERS[name]


@pytest.mark.parametrize("name", MASTERS)
def test_nbgrader_itself_gives_the_same_points(name: str, tmp_path: Path) -> None:
    """The masters are ordinary nbgrader assignments, for lecturers who use its commands."""
    mine = {case: deserved for (assignment, case), deserved in CASES.items() if assignment == name}
    middling = min(mine, key=lambda case: abs(mine[case][1] - 10))
    chosen = {case: mine[case] for case in mine if mine[case][1] == 20 or case == middling}
    shutil.copytree(MASTERS[name].parent, tmp_path / "source" / name)

    def nbgrader(*arguments: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic by name
        environment = os.environ | {"PATH": path, "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, cwd=tmp_path, env=environment)

    nbgrader("generate_assignment", name, "--create")
    released = read(tmp_path / f"release/{name}/{name}.ipynb")
    ours = student_version(MASTERS[name])
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
    assert [cell.metadata for cell in released.cells] == [cell.metadata for cell in ours.cells]
    for case, (answers, _, _) in chosen.items():
        submitted = tmp_path / f"submitted/{case}/{name}"
        submitted.mkdir(parents=True)
        nbformat.write(solved(MASTERS[name], answers), submitted / f"{name}.ipynb")
    nbgrader("autograde", name, "--create", "--ExecutePreprocessor.timeout=300")
    nbgrader("export", "--to=grades.csv")
    with (tmp_path / "grades.csv").open() as file:
        got = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert got == {case: points for case, (_, points, _) in chosen.items()}
