import math
from functools import partial

import mpmath
import numpy as np
from likelihood_row import Row, grid

from likelihood_rows._logit import Squeezed, squeezed
from likelihood_rows.beta import named
from vaelosses.likelihoods.kumaraswamy import Kumaraswamy, KumaraswamyHead


def log_density(y: mpmath.mpf, concentration1: mpmath.mpf, concentration0: mpmath.mpf) -> mpmath.mpf:
    a, b = concentration1, concentration0
    return mpmath.log(a * b) + (a - 1) * mpmath.log(y) + (b - 1) * mpmath.log(1 - y**a)


class Oracle:
    """The textbook's distribution function, 1 - (1 - y^a)^b, and its inverse."""

    def __init__(self, concentration1: float, concentration0: float) -> None:
        self.a, self.b = concentration1, concentration0

    def sf(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.exp(self.b * np.log1p(-(np.asarray(y) ** self.a)))

    def cdf(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return -np.expm1(self.b * np.log1p(-(np.asarray(y) ** self.a)))

    def ppf(self, probs: np.ndarray) -> np.ndarray:
        return (-np.expm1(np.log1p(-np.asarray(probs)) / self.b)) ** (1 / self.a)

    def isf(self, probs: np.ndarray) -> np.ndarray:
        return (-np.expm1(np.log(np.asarray(probs)) / self.b)) ** (1 / self.a)


def row(squeeze: float, **given: object) -> Row:
    return Row(
        **{
            "name": "kumaraswamy",
            "cls": Kumaraswamy,
            "make": partial(Kumaraswamy, squeeze=squeeze),
            "parameters": grid(concentration1=[1.2, 2.0, 30.0], concentration0=[1.2, 3.0, 400.0]),
            "exact": squeezed(log_density, squeeze),
            "oracle": lambda **parameters: Squeezed(Oracle(**parameters), squeeze),
            "bad_parameters": [named(0.0, 1.0), named(1.0, -1.0), named(math.nan, 1.0)],
            "heads": {"concentrations": KumaraswamyHead},
            "undefined": {"kl": "not closed"},
        }
        | given
    )


ROWS = [
    row(
        0.0,
        values=[1 / 255, 0.3, 0.45, 0.99],
        edges=[
            (named(5.0, 0.3), 0.001),  # torch: infinite
            (named(20.0, 0.5), 0.001),
            (named(0.01, 0.02), 1e-30),
            (named(1.0, 1.0), 0.3),
            (named(1e4, 3e4), 0.9999),
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
