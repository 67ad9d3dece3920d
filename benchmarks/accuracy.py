"""Value and gradient of every likelihood and its peer against mpmath: python -m benchmarks.accuracy."""

import argparse
import importlib
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from .cases import CASES, Case

TARGET = Path(__file__).parent / "ACCURACY.md"
HEADER = """\
# Accuracy

Written by `python -m benchmarks.accuracy`; see [README.md](README.md) for what is measured.
torch {torch}, CPU, {points} points.

| likelihood | float32 | wrong | float64 | wrong | peer | float32 | wrong | float64 | wrong |
|---|---:|---:|---:|---:|---|---:|---:|---:|---:|
"""
DTYPES = (torch.float32, torch.float64)
DIGITS = 150
Numbers = Mapping[str, float]


def rows() -> dict[str, Any]:
    """Return one row of the tests' table for each likelihood: the textbook's formula is there."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    table = importlib.import_module("likelihood_table")
    # The last row of a likelihood is the one with the squeeze, or with 256 levels.
    chosen = {row.name: row for row in table.ROWS}
    return chosen | {"student_t": next(row for row in table.ROWS if row.name == "student_t")}


def draw(name: str, random: np.random.Generator) -> float:
    """Return a parameter, nasty ones included."""
    kind = name.rstrip("_0123456789") if name[-1].isdigit() else name
    if kind == "loc":
        return random.choice([random.uniform(0, 1), random.uniform(-2, 3), random.uniform(-100, 100)])
    if kind == "logit":
        return random.normal() * 5
    if kind == "logits":
        return random.choice([-1, 1]) * 10 ** random.uniform(-8, 4)
    ranges = {"scale": (-12, 12), "concentration": (-3, 12), "df": (-2, 18)}
    return math.exp(random.uniform(*ranges[kind]))


def natural_unit(name: str, numbers: Numbers) -> float:
    """Return the size that a derivative has where it has no reason to be small."""
    if name.startswith(("loc", "scale")):
        return 1 / numbers["scale" + name.removeprefix("loc").removeprefix("scale")]
    return 1.0 if name.startswith("logit") else 1 / numbers[name]


def exact_value_and_gradient(
    row: Any, numbers: Numbers, x: float
) -> tuple[mpmath.mpf, dict[str, mpmath.mpf]]:
    def log_prob(**changes: mpmath.mpf) -> mpmath.mpf:
        return row.exact(
            mpmath.mpf(x), **{name: mpmath.mpf(number) for name, number in numbers.items()} | changes
        )

    gradient = {}
    with mpmath.workdps(DIGITS):
        for name, number in numbers.items():
            step = mpmath.mpf(abs(number) or 1) * mpmath.mpf(10) ** -30
            above, below = (log_prob(**{name: mpmath.mpf(number) + sign * step}) for sign in (1, -1))
            gradient[name] = (above - below) / (2 * step)
        return log_prob(), gradient


def errors(
    function: Callable[..., Tensor], exact: tuple, numbers: Numbers, x: float, dtype: torch.dtype
) -> tuple[float, float, bool]:
    """Return the errors of value and gradient in units of the last place, and whether one is wrong."""
    tensors = {
        name: torch.tensor(number, dtype=dtype, requires_grad=True) for name, number in numbers.items()
    }
    value = function(torch.tensor(x, dtype=dtype), **tensors)
    gradients = torch.autograd.grad(value, list(tensors.values()), allow_unused=True, materialize_grads=True)
    exact_value, exact_gradient = exact
    eps, largest = torch.finfo(dtype).eps, torch.finfo(dtype).max

    def relative(got: float, wanted: mpmath.mpf, unit: float) -> float:
        if abs(wanted) > largest:
            return 0.0
        return float(abs(got - wanted) / max(abs(wanted), unit)) if math.isfinite(got) else math.inf

    of_value = relative(value.item(), exact_value, 1.0)
    of_gradient = max(
        relative(gradient.item(), exact_gradient[name], natural_unit(name, numbers))
        for name, gradient in zip(numbers, gradients, strict=True)
    )
    return of_value / eps, of_gradient / eps, max(of_value, of_gradient) > 0.01


def peer_of(case: Case) -> Callable[..., Tensor] | None:
    if case.name == "categorical":
        return lambda x, **logits: -F.cross_entropy(torch.stack(list(logits.values())), (2 * x).long())
    if case.name == "logistic_mixture":
        return None  # on few levels here; its bins are those of the discretized logistic
    return lambda x, **parameters: case.peer(x, *parameters.values())


def measure(case: Case, row: Any, points: int) -> str:
    random = np.random.default_rng(0)
    functions = {"ours": lambda x, **parameters: row(**parameters).log_prob(x), "peer": peer_of(case)}
    worst = {(who, dtype): [0.0, 0.0, 0] for who in functions for dtype in DTYPES}
    far = case.name in ("gaussian", "laplace", "student_t")
    for k in range(points):
        drawn = {name: draw(name, random) for name in row.parameters[0]}
        x = random.choice(row.values) if row.discrete else random.choice([0, 1, *random.uniform(size=3)])
        x = 1e18 if far and k % 20 == 0 else x if row.discrete else round(x * 255) / 255
        for dtype in DTYPES:
            numbers = {name: torch.tensor(number, dtype=dtype).item() for name, number in drawn.items()}
            value = torch.tensor(x, dtype=dtype).item()
            exact = exact_value_and_gradient(row, numbers, value)
            for who, function in functions.items():
                if function is not None:
                    found = errors(function, exact, numbers, value, dtype)
                    entry = worst[who, dtype]
                    entry[:] = max(entry[0], found[0]), max(entry[1], found[1]), entry[2] + found[2]
    cells = [case.name]
    for who in functions:
        cells += [case.peer_name] if who == "peer" else []
        for dtype in DTYPES:
            of_value, of_gradient, wrong = worst[who, dtype]
            known = functions[who] is not None
            cells += [f"{of_value:.2g} / {of_gradient:.2g}" if known else "", str(wrong) if known else ""]
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="likelihoods; all of them unless given")
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    arguments = parser.parse_args()
    table = rows()
    chosen = [case for case in CASES if case.name in table and case.name in (arguments.names or table)]
    text = HEADER.format(torch=torch.__version__, points=arguments.points)
    for case in tqdm(chosen):
        text += measure(case, table[case.name], arguments.points)
    if arguments.write:
        TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
