"""Gaussian noise on the logit of a pixel: its modes, and what black costs."""

from itertools import product
from math import atanh, log, log2, pi, sqrt

import mpmath
import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise


def _threshold(variance: float, turn: float) -> float:
    """The largest location with two modes, where tanh(t/2) at the turn is given."""
    return variance * turn - 2 * atanh(turn)


def _truncated_mean(loc: float, scale: float) -> float:
    left, right = -loc / scale, (1 - loc) / scale
    mass = mpmath.ncdf(right) - mpmath.ncdf(left)
    return loc + scale * (mpmath.npdf(left) - mpmath.npdf(right)) / mass


_BETA_MEAN = float(
    mpmath.findroot(lambda m: mpmath.psi(0, 10 * m) - mpmath.psi(0, 10 - 10 * m) - log(9), 0.85)
)
_TRUNCATED_LOC = float(mpmath.findroot(lambda loc: _truncated_mean(loc, 0.3) - 0.9, 1.5))
_TOP = 1 / 510  # where the bin of black ends
_loc = sp.Symbol("loc", real=True)
_scale = sp.Symbol("scale", positive=True)
_below = (_loc + sp.log(509)) / (_scale * sp.sqrt(2))


def _log_mass(top: float, loc: Tensor, scale: Tensor) -> Tensor:
    return torch.special.log_ndtr((top - loc) / scale)


EXERCISES: dict[str, Exercise | CodeExercise] = {
    "threshold": Exercise(
        question="Logit-normal with σ = 2: up to which |μ| does the density have two modes?",
        key=_threshold(4, sqrt(1 / 2)),
        why="vT - 2 artanh T with v = 4 and T = √(1 - 2/v) = √½.",
        mistakes=[
            (_threshold(4, sqrt(3 / 4)), "T is √(1 - 2/v), not √(1 - 1/v)."),
            (4 * sqrt(1 / 2) - atanh(sqrt(1 / 2)), "t is 2 artanh T: the factor 2 is missing."),
            (4 * sqrt(1 / 2), "that is v T; subtract t = 2 artanh T."),
            (0, "v is the variance, σ² = 4; with v = 2 the threshold would be 0."),
        ],
        hint="put v = σ² into T = √(1 - 2/v), then into vT - 2 artanh T.",
    ),
    "laplace-floor": Exercise(
        question="The least that a logit-Laplace pays for a black pixel with uniform noise, in bits",
        key=log2(2 * log(2)),
        why="log 2b with b = log 2: less than the normal pays, since the noise is exponential.",
        mistakes=[
            (log(2 * log(2)), "that is in nats; divide by log 2."),
            (log2(4) - log2(torch.e), "that is for μ = log h - 1 or for b = 1; both have a better value."),
            (log2(2 * pi * torch.e) / 2 - log2(torch.e), "that is what the logit-normal pays."),
            (log2(2 * log(2) * torch.e), "the Jacobian takes the mean of u back, which is 1 nat."),
        ],
        hint="u is exponential: find its median, the mean distance b from it, then log 2b + 1 - 1.",
    ),
    "beta-mean": Exercise(
        question="All pixels are 0.9: the mean of the likeliest Beta distribution with a + b = 10",
        key=_BETA_MEAN,
        why="the loss fits log x and log(1 - x), that is ψ(10m) - ψ(10 - 10m) = logit 0.9.",
        mistakes=[
            (0.9, "that is the mean of the pixels; the loss fits the means of their logarithms."),
            (0.82, "that puts the mode at 0.9; the likeliest density is not the one with that mode."),
        ],
        hint="set the derivative of the log-density with respect to m to zero, at x = 0.9.",
    ),
    "truncated-mean": Exercise(
        question="A normal with σ = 0.3, truncated to [0, 1]: which μ gives the mean 0.9?",
        key=_TRUNCATED_LOC,
        why="the mass beyond white is cut off, so μ must lie far beyond it.",
        mistakes=[
            (0.9, "that is the mean before the cut; after it the mean is lower."),
            (1 - _TRUNCATED_LOC, "that one has the mean 0.1."),
        ],
        hint="integrate x times the normal density from 0 to 1 and divide by the mass there.",
    ),
    "log-black-mass": CodeExercise(
        question=(
            "log_black_mass(loc, scale): the log of the mass of a logit-normal pixel between 0 and 1/510, "
            "per element, in nats"
        ),
        expression=sp.log(sp.erfc(_below) / 2),
        symbols=[_loc, _scale],
        points=list(product([-20, -7, -1, 0, 5], [0.1, 1, 4])),
        why="Also where the mass itself is zero in floating point.",
        mistakes=[
            (
                lambda loc, scale: _log_mass(-log(254), loc, scale),
                "the bin of black ends half a level above it, at 1/510.",
            ),
            (
                lambda loc, scale: _log_mass(_TOP, loc, scale),
                "the normal is that of the logit: take the logit of 1/510.",
            ),
            (
                lambda loc, scale: _log_mass(log(_TOP), loc, scale),
                "that is the logarithm of 1/510; its logit is log(1/509).",
            ),
            (
                lambda loc, scale: _log_mass(-log(509), loc, torch.sqrt(scale)),
                "scale is a standard deviation, not a variance.",
            ),
        ],
    ),
}
