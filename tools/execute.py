"""Run notebooks in place, so that the same code always leaves the same bytes.

    python3 tools/execute.py [--jobs 2] book/elbo.ipynb ...

A notebook in which a cell fails is left as it was, and the exit status is 1. It needs nbclient and
ipykernel in the running Python, but no installed kernel: the kernel is this very Python.
"""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

# One thread a notebook: the notebooks already run side by side. No progress bars in stored outputs.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TQDM_DISABLE": "1"}
CELL_TIMEOUT = 1800  # seconds
FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError)
KEPT_CELL_METADATA = {"tags", "mystnb"}
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def kernel_of(python: Path) -> type[AsyncKernelManager]:
    """Return what starts a kernel in the given Python, whatever kernels are installed."""

    class Kernel(AsyncKernelManager):
        kernel_spec = KernelSpec(
            argv=[str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
            language="python",
        )

    return Kernel


async def run(notebook: NotebookNode, folder: Path, python: Path, environment: dict[str, str]) -> None:
    """Execute all cells in ``folder``; raise one of `FAILURES` at the first that fails."""
    client = NotebookClient(
        notebook,
        kernel_manager_class=kernel_of(python),
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    await client.async_execute(env=environment | ENVIRONMENT)


def clean(notebook: NotebookNode) -> None:
    """Keep only metadata that a reader or a test needs; versions and timings would vary."""
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNELSPEC), language_info=NotebookNode(name="python")
    )
    for cell in notebook.cells:
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})


async def renew(path: Path, turn: asyncio.Semaphore) -> bool:
    """Run one notebook and replace its file; say whether that worked."""
    async with turn:
        start = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        try:
            await run(notebook, path.parent, Path(sys.executable), dict(os.environ))
        except FAILURES as error:
            print(f"{path} failed and is left as it was:\n{error}", file=sys.stderr, flush=True)
            return False
        clean(notebook)
        nbformat.validate(notebook)
        new = path.with_suffix(".new")
        nbformat.write(notebook, new)
        new.replace(path)
        print(f"{path} {time.monotonic() - start:.0f} s", flush=True)
        return True


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time")
    arguments = parser.parse_args()
    turn = asyncio.Semaphore(arguments.jobs)
    done = await asyncio.gather(*(renew(path, turn) for path in arguments.notebooks))
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
