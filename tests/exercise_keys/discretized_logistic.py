import math
from collections.abc import Callable

import torch
from exercise_numerics import integral
from scipy import stats
from torch import Tensor

BIN = 4.0
"""Scales per level."""


def tail_error(at: float = 30.0) -> float:
    mass = integral(lambda t: stats.logistic.pdf(t), at - BIN / 2, at + BIN / 2)
    return math.log(mass / (BIN * stats.logistic.pdf(at)))


PROOFS: dict[str, Callable[[], float]] = {
    "largest-mass": lambda: integral(lambda t: stats.logistic.pdf(t), -BIN / 2, BIN / 2),
    "tail-error": tail_error,
    "mass-without-ends": lambda: sum(
        stats.logistic.cdf(k + 0.5, 2, 4) - stats.logistic.cdf(k - 0.5, 2, 4) for k in range(256)
    ),
}


def log_bin_mass(a: Tensor, b: Tensor) -> Tensor:
    """By the ratio sinh(d/2) / (cosh(c) + cosh(d/2)), with c the centre and d the width of the bin."""
    c, half = (a + b).abs() / 2, (a - b) / 2
    terms = torch.stack([c, -c, half, -half]).logsumexp(dim=0)
    return half + torch.log(-torch.expm1(-2 * half)) - terms


SOLUTIONS = {"log-bin-mass": log_bin_mass}
