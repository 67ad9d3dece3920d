"""What the tests of the grader share: they hand in what students might, and read the table."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from grade_one import grade_id
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from assignments import student_version

ROOT = Path(__file__).parents[1]
JOBS = os.environ.get("JOBS", "2")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    (cell,) = (cell for cell in notebook.cells if grade_id(cell) == name)
    return cell


def solved(master: Path, answers: dict[str, str]) -> NotebookNode:
    """Return the student version with the master's answers, or other ones."""
    notebook = student_version(master)
    right = {grade_id(cell): cell.source for cell in read(master).cells if is_solution(cell)}
    assert set(answers) <= set(right)
    for cell in filter(is_solution, notebook.cells):
        cell.source = (right | answers)[grade_id(cell)]
    return notebook


def run(folder: Path, *options: str | Path) -> dict[str, dict[str, str]]:
    """Grade a folder; return the rows of the table by file."""
    command = [sys.executable, ROOT / "tools/grade.py", folder, "--jobs", JOBS, *options]
    subprocess.run(command, check=True)
    with folder.with_name(f"{folder.name}-graded").joinpath("grades.csv").open(encoding="utf-8-sig") as file:
        return {row["file"]: row for row in csv.DictReader(file)}
