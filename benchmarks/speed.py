"""Forward and backward of every likelihood and its peer, in one run: python -m benchmarks.speed."""

import argparse
import platform
import statistics
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from tqdm import tqdm

from .cases import CASES, Case

TARGET = Path(__file__).parent / "SPEED.md"
HEADER = """\
# Speed

Written by `python -m benchmarks.speed`; see [README.md](README.md) for what is measured.

{machine}

| likelihood | peer | time, eager | time, compiled | copies, eager | copies, compiled | memory | its memory |
|---|---|---:|---:|---:|---:|---:|---:|
"""


def step(function: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    loss = function(*inputs).sum()
    torch.autograd.grad(loss, inputs[1:])


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def median_times(functions: dict[str, Callable[[], object]], device: str, seconds: float) -> dict[str, float]:
    """Run them in turn, so that what else the machine does hits all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, function in functions.items():
            synchronize(device)
            start = time.perf_counter()
            function()
            synchronize(device)
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


class LiveBytes(TorchDispatchMode):
    """The largest number of bytes alive at once in storages that operators made."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        mine = {t.untyped_storage().data_ptr() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage.data_ptr() not in mine and storage._cdata not in self.known:
                    self._add(storage)
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        self.known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.live -= size


def peak_memory(function: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> float:
    """Return the peak of a step in eager mode, over the bytes of the parameters."""
    bytes_of_parameters = sum(p.numel() * p.element_size() for p in inputs[1:])
    if inputs[0].is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(function, inputs)
        return (torch.cuda.max_memory_allocated() - before) / bytes_of_parameters
    with LiveBytes() as mode:
        step(function, inputs)
    return mode.peak / bytes_of_parameters


def measure(case: Case, device: str, seconds: float, compiled: bool) -> str:
    torch.manual_seed(0)
    # About two million numbers in, more for the mixtures and the table of 256 levels.
    batch = {1: 1024, 256: 128}.get(case.maps, 64 if case.colour else 128)
    inputs = case.inputs(batch, 32 if case.colour else 28, device)
    buffer = torch.empty(sum(t.numel() for t in inputs), device=device)
    functions: dict[str, Callable[[], object]] = {
        "ours": lambda: step(case.ours, inputs),
        "peer": lambda: step(case.peer, inputs),
        "copy": buffer.clone,
    }
    if compiled:
        torch.compiler.reset()
        for name, function in (("ours", case.ours), ("peer", case.peer)):
            fast = torch.compile(function)
            functions[f"{name} compiled"] = lambda fast=fast: step(fast, inputs)
    t = median_times(functions, device, seconds)
    cells = [case.name, case.peer_name, f"{t['ours'] / t['peer']:.2f}"]
    cells.append(f"{t['ours compiled'] / t['peer compiled']:.2f}" if compiled else "")
    cells.append(f"{t['ours'] / t['copy']:.0f}")
    cells.append(f"{t['ours compiled'] / t['copy']:.0f}" if compiled else "")
    cells += [f"{peak_memory(function, inputs):.1f}" for function in (case.ours, case.peer)]
    return f"| {' | '.join(cells)} |\n"


def machine(device: str) -> str:
    name = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} thread"
    return f"{name}; torch {torch.__version__}, Python {platform.python_version()}, float32."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="likelihoods; all of them unless given")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each likelihood")
    parser.add_argument("--eager", action="store_true", help="leave torch.compile out")
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    chosen = [case for case in CASES if not arguments.names or case.name in arguments.names]
    text = HEADER.format(machine=machine(device))
    for case in tqdm(chosen):
        text += measure(case, device, arguments.seconds, not arguments.eager)
    if arguments.write:
        TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
