import math
from functools import partial

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods import Laplace, LaplaceHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log(mpmath.exp(-abs(x - loc) / scale) / (2 * scale))


ROWS = [
    Row(
        name="laplace",
        cls=Laplace,
        parameters=grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.003, 0.1, 1.0, 7.0]),
        exact=exact,
        oracle=lambda loc, scale: stats.laplace(loc, scale),
        values=[-0.5, 1 / 255, 0.3, 1.0, 3.0],
        edges=[
            ({"loc": 0.0, "scale": 1.0}, 1e18),
            ({"loc": 0.0, "scale": 1.0}, 3e38),
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.5),
            ({"loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"loc": -100.0, "scale": math.exp(12)}, 0.0),
            ({"loc": 0.0, "scale": 1e-37}, 0.0),
            ({"loc": 0.0, "scale": 1e37}, 1.0),
        ],
        outside=[math.nan],
        bad_parameters=[
            {"loc": 0.0, "scale": 0.0},
            {"loc": 0.0, "scale": -1.0},
            {"loc": math.nan, "scale": 1.0},
        ],
        heads={
            "fixed": partial(LaplaceHead, scale=0.1),
            "shared": partial(LaplaceHead, scale="shared"),
            "channel": partial(LaplaceHead, scale="channel"),
            "pixel": partial(LaplaceHead, scale="pixel"),
            "floor": partial(LaplaceHead, scale="pixel", min_scale=1 / 255),
            "optimal": partial(LaplaceHead, scale="optimal"),
        },
    ),
]
