"""Run notebooks as Colab would: each alone in an empty folder, in a Python that lacks the package.

    python tools/colab_test.py BASE book/elbo.ipynb ...

BASE is a virtual environment with what Colab has beside Python (`make colab-test` makes .venv-colab). Each
notebook gets a throw-away environment over it and an empty home, and is run from its first cell, which
installs the package: git takes the address in that cell from here, so what is tested is the commit HEAD.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from execute import FAILURES, run
from repository import current_url

ROOT = Path(__file__).parents[1]
# What the shell that runs this knows and a fresh machine does not.
FORGOTTEN = {"PYTHONPATH", "VAELOSSES_DATA", "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_DATA_HOME"}


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def fresh_python(base: Path, folder: Path) -> Path:
    """Make an environment in ``folder`` that also sees the packages of ``base``; return its Python."""
    output_of(base / "bin/python", "-m", "venv", folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (shared,) = base.glob("lib/python*/site-packages")
    (packages / "base.pth").write_text(f"{shared.resolve()}\n")
    return folder / "bin/python"


def environment(home: Path) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in FORGOTTEN} | {
        "HOME": str(home),
        "VAELOSSES_BUDGET": "quick",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": current_url(),
    }


async def check(path: Path, base: Path, turn: asyncio.Semaphore) -> bool:
    """Run one notebook; say whether it ran to its end with the package that it installed."""
    async with turn:
        with tempfile.TemporaryDirectory() as temporary:
            start = time.monotonic()
            home, alone = Path(temporary, "home"), Path(temporary, "content")
            home.mkdir()
            alone.mkdir()
            python = fresh_python(base, Path(temporary, "venv"))
            try:
                await run(nbformat.read(path, as_version=4), alone, python, environment(home))
            except FAILURES as error:
                print(f"{path} failed:\n{error}", file=sys.stderr, flush=True)
                return False
            imported = output_of(python, "-P", "-c", "import vaelosses; print(vaelosses.__file__)")
            if not imported.startswith(temporary):
                print(f"{path} used {imported}, not what it installed", file=sys.stderr, flush=True)
                return False
            print(f"{path} {time.monotonic() - start:.0f} s", flush=True)
            return True


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time")
    arguments = parser.parse_args()
    print(f"testing commit {output_of('git', 'rev-parse', '--short', 'HEAD')}")
    if changes := output_of("git", "status", "--porcelain"):
        print(f"warning: the package is installed from that commit, without these changes:\n{changes}")
    turn = asyncio.Semaphore(arguments.jobs)
    done = await asyncio.gather(*(check(path, arguments.base, turn) for path in arguments.notebooks))
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
