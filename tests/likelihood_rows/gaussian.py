import math
from functools import partial

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods import Gaussian, GaussianHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log(mpmath.npdf(x, loc, scale))


ROWS = [
    Row(
        name="gaussian",
        cls=Gaussian,
        parameters=grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.003, 0.1, 1.0, 7.0]),
        exact=exact,
        oracle=lambda loc, scale: stats.norm(loc, scale),
        values=[-0.5, 0.0, 1 / 255, 0.4, 1.0, 3.0],
        edges=[
            ({"loc": 0.0, "scale": 1.0}, 1e18),
            ({"loc": 0.0, "scale": 1.0}, 2e19),  # the square alone overflows float32
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.5),
            ({"loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"loc": -100.0, "scale": math.exp(12)}, 0.0),
            ({"loc": 0.0, "scale": 1e-30}, 0.0),  # the variance underflows float32
            ({"loc": 0.0, "scale": 1e30}, 1.0),  # the variance overflows float32
        ],
        outside=[math.nan],
        bad_parameters=[
            {"loc": 0.0, "scale": 0.0},
            {"loc": 0.0, "scale": -1.0},
            {"loc": math.nan, "scale": 1.0},
        ],
        heads={
            "fixed": partial(GaussianHead, scale=0.1),
            "shared": partial(GaussianHead, scale="shared"),
            "channel": partial(GaussianHead, scale="channel"),
            "pixel": partial(GaussianHead, scale="pixel"),
            "floor": partial(GaussianHead, scale="pixel", min_scale=1 / 255),
            "optimal": partial(GaussianHead, scale="optimal"),
        },
    ),
]
