import math
from functools import partial

import mpmath
import numpy as np
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods.censored_normal import CensoredNormal, CensoredNormalHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    if x == 0:
        return mpmath.log(mpmath.erfc(loc / scale / mpmath.sqrt(2)) / 2)
    if x == 1:
        return mpmath.log(mpmath.erfc((1 - loc) / scale / mpmath.sqrt(2)) / 2)
    return mpmath.log(mpmath.npdf(x, loc, scale))


class Oracle:
    """A clipped scipy distribution."""

    def __init__(self, loc: float, scale: float) -> None:
        self.normal = stats.norm(loc, scale)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(x) >= 1, 1.0, self.normal.cdf(x))

    def sf(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(x) >= 1, 0.0, self.normal.sf(x))

    def ppf(self, probs: np.ndarray) -> np.ndarray:
        return self.normal.ppf(probs).clip(0, 1)

    def isf(self, probs: np.ndarray) -> np.ndarray:
        return self.normal.isf(probs).clip(0, 1)


NOT_COMPARABLE = "a probability at the ends and a density between"

ROWS = [
    Row(
        name="censored_normal",
        cls=CensoredNormal,
        parameters=grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.03, 0.1, 1.0, 7.0]),
        exact=exact,
        oracle=Oracle,
        values=[0.0, 1 / 255, 0.4, 0.5, 1.0],
        edges=[
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.5),
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.0),
            ({"loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"loc": -100.0, "scale": math.exp(-12)}, 0.0),
            ({"loc": -100.0, "scale": math.exp(-12)}, 1.0),
            ({"loc": 100.0, "scale": 1.0}, 0.25),
            ({"loc": -100.0, "scale": math.exp(12)}, 0.0),
        ],
        outside=[math.nan, -0.001, 1.001],
        bad_parameters=[
            {"loc": 0.0, "scale": 0.0},
            {"loc": 0.0, "scale": -1.0},
            {"loc": math.nan, "scale": 1.0},
        ],
        heads={
            "fixed": partial(CensoredNormalHead, scale=0.1),
            "shared": partial(CensoredNormalHead, scale="shared"),
            "channel": partial(CensoredNormalHead, scale="channel"),
            "pixel": partial(CensoredNormalHead, scale="pixel"),
        },
        atoms=(0.0, 1.0),
        undefined={"mode": NOT_COMPARABLE, "entropy": NOT_COMPARABLE},
    ),
]
