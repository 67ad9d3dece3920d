import math
from functools import partial

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods.truncated_normal import TruncatedNormal, TruncatedNormalHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    with mpmath.workdps(mpmath.mp.dps + 60):  # far outside, the tails are equal to many digits
        a, b = ((end - loc) / scale / mpmath.sqrt(2) for end in (0, 1))
        a, b = (-b, -a) if loc > 1 else (a, b)
        mass = (mpmath.erfc(a) - mpmath.erfc(b)) / 2
        return mpmath.log(mpmath.npdf(x, loc, scale)) - mpmath.log(mass)


class Oracle:
    """scipy's quantiles and distribution function; its moments and its entropy lose the far tails."""

    def __init__(self, loc: float, scale: float) -> None:
        frozen = stats.truncnorm(-loc / scale, (1 - loc) / scale, loc, scale)
        self.cdf, self.sf, self.ppf, self.isf = frozen.cdf, frozen.sf, frozen.ppf, frozen.isf


ROWS = [
    Row(
        name="truncated_normal",
        cls=TruncatedNormal,
        parameters=grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.03, 0.3, 7.0]),
        exact=exact,
        oracle=Oracle,
        values=[0.0, 1 / 255, 0.4, 0.5, 1.0],
        edges=[
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.5),
            ({"loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"loc": -100.0, "scale": math.exp(-12)}, 0.0),
            ({"loc": -100.0, "scale": math.exp(-12)}, 1.0),
            ({"loc": 100.0, "scale": 1.0}, 0.25),
            ({"loc": -100.0, "scale": math.exp(12)}, 0.0),
            ({"loc": 100.0, "scale": 1e15}, 1.0),
        ],
        outside=[math.nan, -0.001, 1.001],
        bad_parameters=[
            {"loc": 0.0, "scale": 0.0},
            {"loc": 0.0, "scale": -1.0},
            {"loc": math.nan, "scale": 1.0},
        ],
        heads={
            "fixed": partial(TruncatedNormalHead, scale=0.1),
            "shared": partial(TruncatedNormalHead, scale="shared"),
            "channel": partial(TruncatedNormalHead, scale="channel"),
            "pixel": partial(TruncatedNormalHead, scale="pixel"),
        },
    ),
]
