"""Make what students get from the masters: `make assignments`.

    python tools/assignments.py

A master is assignments/source/<name>/<name>.ipynb: a notebook with solutions and hidden tests, in nbgrader's
format. Its student version goes to book/assignments/<name>.ipynb. The work is done by nbgrader's own
preprocessors, in the order of `nbgrader generate_assignment`; its database is not needed.
"""

from pathlib import Path

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "assignments" / "source"
STUDENT_FOLDER = ROOT / "book" / "assignments"


def masters(source: Path = SOURCE) -> dict[str, Path]:
    """Return the masters in nbgrader's source folder, by name."""
    return {path.stem: path for path in sorted(source.glob("*/*.ipynb"))}


def apply(notebook: NotebookNode, *preprocessors: type[Preprocessor]) -> NotebookNode:
    for preprocessor in preprocessors:
        notebook, _ = preprocessor().preprocess(notebook, {})
    return notebook


def graded_version(master: Path) -> NotebookNode:
    """Return the master without solutions: what a submission is put into, with the hidden tests."""
    notebook = nbformat.read(master, as_version=4)
    return apply(notebook, LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums)


def student_version(master: Path) -> NotebookNode:
    """Return what students get: no solutions, no hidden tests, no outputs."""
    return apply(graded_version(master), ClearHiddenTests, ComputeChecksums, CheckCellMetadata)


def main() -> None:
    STUDENT_FOLDER.mkdir(exist_ok=True)
    for name, master in masters().items():
        nbformat.write(student_version(master), STUDENT_FOLDER / f"{name}.ipynb")
        print(f"book/assignments/{name}.ipynb")


if __name__ == "__main__":
    main()
