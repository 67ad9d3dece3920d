import math
from collections.abc import Callable

import numpy as np
from exercise_numerics import integral, lowest, second_derivative
from scipy import optimize, stats
from torch.distributions import StudentT


def slope_for_small_scales(df: float) -> float:
    """Of the loss by the logarithm of the scale, when 90% of the residuals are zero."""
    residuals, scales = np.array([0.0] * 9 + [0.3]), (1e-9, 1e-8)
    small, large = (-stats.t.logpdf(residuals, df, scale=scale).mean() for scale in scales)
    return (large - small) / math.log(scales[1] / scales[0])


def bend_of_black_and_white(scale: float) -> float:
    """Of the loss at grey, when a pixel is as often 0 as 1."""
    return second_derivative(lambda c: -stats.t.logpdf([0, 1], 4, c, scale).sum(), 0.5)


PROOFS: dict[str, Callable[[], float]] = {
    "optimal-b": lambda: lowest(lambda b: -stats.laplace.logpdf([-2, 0, 1, 5], scale=b).sum(), 0.1, 9)[0],
    "median": lambda: lowest(
        lambda c: (
            integral(lambda x: (c - x) * math.exp(-x), 0, c)
            + integral(lambda x: (x - c) * math.exp(-x), c, 60)
        ),
        0,
        5,
    )[0],
    "strongest-pull": lambda: optimize.brentq(
        lambda e: second_derivative(lambda x: -stats.t.logpdf(x, 4, scale=0.1), e), 0.01, 1
    ),
    "midpoint": lambda: optimize.brentq(bend_of_black_and_white, 0.05, 2),
    "exact-share": lambda: optimize.brentq(slope_for_small_scales, 0.1, 50),
}

SOLUTIONS = {"student-t-loss": lambda residual, df: -StudentT(df).log_prob(residual)}
