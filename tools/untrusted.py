"""Run a notebook that may do anything, and leave nothing of it behind."""

import ctypes
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from execute import ENVIRONMENT, kernel_of
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

MAX_OUTPUT = 100_000  # characters that one cell may print; more is dropped
PR_SET_CHILD_SUBREAPER = 36  # of Linux


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    cell_seconds: float
    seconds: float
    gigabytes: float


class Client(NotebookClient):
    """Drops what a cell prints too much, but never an error."""

    printed: dict[int, int]

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> NotebookNode | None:
        self.printed[cell_index] += len(str(msg["content"]))
        if self.printed[cell_index] > MAX_OUTPUT and msg["msg_type"] != "error":
            return None
        return super().output(outs, msg, display_id, cell_index)


def error(name: str, message: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def note_error(cell: NotebookNode, execute_reply: dict, **_: object) -> None:
    """Keep the error of a cell that hides its output."""
    reply = execute_reply["content"]
    if reply["status"] == "error" and not errors_of(cell):
        cell.outputs.append(error(reply["ename"], reply["evalue"]))


def errors_of(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.outputs if output.output_type == "error"]


def execute(notebook: NotebookNode, limits: Limits) -> str:
    """Run all cells and go on after errors; return "graded", "timeout" or "crashed".

    A cell that takes too long or kills the kernel is left out, and the others are run again without it.
    """
    deadline, status = time.monotonic() + limits.seconds, "graded"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [error("TimeoutError", f"the notebook took {limits.seconds:g} s before this cell")]
    left_out: dict[int, NotebookNode] = {}
    while True:
        with tempfile.TemporaryDirectory() as folder:
            client = Client(
                notebook,
                kernel_manager_class=kernel_of(Path(sys.executable)),
                allow_errors=True,
                record_timing=False,
                coalesce_streams=True,
                shutdown_kernel="immediate",
                on_cell_executed=note_error,
                resources={"metadata": {"path": folder}},
            )
            client.printed = defaultdict(int)
            try:
                with client.setup_kernel(env=os.environ | ENVIRONMENT | {"VAELOSSES_BUDGET": "quick"}):
                    for index, cell in enumerate(notebook.cells):
                        if cell.cell_type != "code" or index in left_out:
                            continue
                        client.timeout = min(limits.cell_seconds, deadline - time.monotonic())
                        if client.timeout <= 0:
                            return "timeout"
                        client.execute_cell(cell, index)
                    return status
            except CellTimeoutError:
                status = "timeout"
                left_out[index] = error("TimeoutError", f"this cell took more than {client.timeout:.0f} s")
            except DeadKernelError:
                status = "crashed"
                left_out[index] = error("DeadKernelError", "this cell ended Python, or took all its memory")
            finally:
                end_children()
        notebook.cells[index].outputs = [left_out[index]]


def adopt_orphans() -> None:
    """Make every process that the student's code leaves behind a child of this one, so that we can end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(pid: int | None = None) -> None:
    """End all that this process, or another one, has started."""
    with suppress(psutil.NoSuchProcess):
        while children := psutil.Process(pid).children(recursive=True):
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(children, timeout=5)


def limit_memory(gigabytes: float) -> None:
    """Limit every process from here on; macOS has no such limit."""
    if sys.platform == "linux":
        limit = int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
