import math
from functools import partial

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from likelihood_rows._logit import Squeezed, squeezed
from vaelosses.likelihoods.beta import Beta, BetaHead


def log_density(y: mpmath.mpf, concentration1: mpmath.mpf, concentration0: mpmath.mpf) -> mpmath.mpf:
    a, b = concentration1, concentration0
    log_beta = mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)
    return (a - 1) * mpmath.log(y) + (b - 1) * mpmath.log(1 - y) - log_beta


def named(a: float, b: float) -> dict[str, float]:
    return {"concentration1": a, "concentration0": b}


def row(squeeze: float, **given: object) -> Row:
    return Row(
        **{
            "name": "beta",
            "cls": Beta,
            "make": partial(Beta, squeeze=squeeze),
            "parameters": grid(concentration1=[1.2, 2.0, 30.0], concentration0=[1.2, 3.0, 400.0]),
            "exact": squeezed(log_density, squeeze),
            "oracle": lambda concentration1, concentration0: Squeezed(
                stats.beta(concentration1, concentration0), squeeze
            ),
            "bad_parameters": [named(0.0, 1.0), named(1.0, -1.0), named(math.nan, 1.0)],
            "heads": {"concentrations": BetaHead},
            "undefined": {"median": "not closed", "icdf": "not closed"},
        }
        | given
    )


ROWS = [
    row(
        0.0,
        values=[1 / 255, 0.3, 0.45, 0.99],
        edges=[
            (named(1e7, 1e7), 0.5),  # torch: 32 instead of 8.18
            (named(1e4, 3e4), 0.2501),
            (named(0.01, 0.02), 1e-30),
            (named(1.0, 1.0), 0.3),
            (named(0.01, 1e4), 0.5),
            (named(7.999, 8.001), 0.9),
            (named(5.0, 2.0), 1 - 2**-24),
        ],
        outside=[math.nan, 0.0, 1.0, -0.1, 1.1],
    ),
    row(
        0.1,
        values=[0.0, 1 / 255, 0.3, 0.45, 1.0],
        edges=[(named(2.0, 3.0), 0.0), (named(2.0, 3.0), 1.0), (named(0.3, 0.2), 1.12)],
        outside=[math.nan, -0.126, 1.126],
    ),
]
