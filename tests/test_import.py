"""Importing the library brings torch and numpy, and nothing that a chapter needs beside them."""

import importlib.metadata
import subprocess
import sys

import vaelosses

EXTRAS = {"IPython", "matplotlib", "mlxtend", "mpmath", "pandas", "pooch", "sklearn", "tqdm"}


def test_import_is_light() -> None:
    # torch itself may bring sympy, so what it brings does not count.
    code = (
        "import sys, torch; before = set(sys.modules); import vaelosses; print(*(set(sys.modules) - before))"
    )
    new = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.split(".")[0] for name in new} & (EXTRAS | {"sympy"}) == set()
    assert "vaelosses.training" not in new


def test_public_names_exist() -> None:
    assert all(hasattr(vaelosses, name) for name in vaelosses.__all__)


def test_version_is_the_installed_one() -> None:
    assert vaelosses.__version__ == importlib.metadata.version("vaelosses")
