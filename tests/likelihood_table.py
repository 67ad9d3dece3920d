"""The rows of likelihood_rows, one per likelihood, and the tests' loops over them."""

import importlib
from pathlib import Path

import pytest
from likelihood_row import Row


def all_rows() -> list[Row]:
    names = sorted(path.stem for path in (Path(__file__).parent / "likelihood_rows").glob("[!_]*.py"))
    return [row for name in names for row in importlib.import_module(f"likelihood_rows.{name}").ROWS]


ROWS = all_rows()

each_row = pytest.mark.parametrize("row", ROWS, ids=str)
each_point = pytest.mark.parametrize(
    ("row", "parameters"), [(row, p) for row in ROWS for p in row.parameters], ids=str
)
