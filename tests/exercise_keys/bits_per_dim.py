import math
from collections.abc import Callable

import numpy as np
import torch
from exercise_numerics import integral, lowest
from scipy import stats
from torch import Tensor

from vaelosses.bits import nats_to_bits_per_dim


def noisy_laplace(log_b: float) -> float:
    width = 0.01
    density = stats.laplace(0, math.exp(log_b) * width)
    average = 2 / width * integral(density.logpdf, 0, width / 2)
    return -(average + math.log(width)) / math.log(2)


def censored_slope(step: float = 1e-5) -> float:
    up, down = (-stats.norm.logcdf(0, -1 + side * step, 0.5) for side in (1, -1))
    return (up - down) / (2 * step)


PROOFS: dict[str, Callable[[], float]] = {
    "minus-one-to-one": lambda: nats_to_bits_per_dim(-1.2 - math.log(2 / 256), 1),
    "laplace-floor": lambda: lowest(noisy_laplace, -6, 2)[1],
    "censored-gradient": censored_slope,
}


def log_mass(a: Tensor, b: Tensor) -> Tensor:
    """By quadrature of the density, scaled by its largest value in the interval."""
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(80))
    half, centre = (b - a) / 2, (a + b) / 2
    t = centre[:, None] + half[:, None] * nodes
    return torch.logsumexp(-t.square() / 2 + weights.log(), 1) + half.log() - 0.5 * math.log(2 * math.pi)


SOLUTIONS = {"log-mass": log_mass}
