import math
from functools import partial

from likelihood_row import Row, grid
from scipy import stats

from likelihood_rows import gaussian
from likelihood_rows._logit import Sigmoid, Squeezed, of_logit, squeezed
from vaelosses.likelihoods.logit_normal import LogitNormal, LogitNormalHead

SCALES = {"fixed": 0.5, "shared": "shared", "channel": "channel", "pixel": "pixel"}


def row(squeeze: float, **given: object) -> Row:
    return Row(
        **{
            "name": "logit_normal",
            "cls": LogitNormal,
            "make": partial(LogitNormal, squeeze=squeeze),
            "parameters": grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.003, 0.1, 0.99, 1.01, 2.3]),
            "exact": squeezed(of_logit(gaussian.exact), squeeze),
            "oracle": lambda loc, scale: Squeezed(Sigmoid(stats.norm(loc, scale)), squeeze),
            "bad_parameters": [
                {"loc": 0.0, "scale": 0.0},
                {"loc": 0.0, "scale": -1.0},
                {"loc": math.nan, "scale": 1.0},
            ],
            "heads": {name: partial(LogitNormalHead, scale=scale) for name, scale in SCALES.items()},
            "undefined": {"entropy": "the mean of log y has no closed form"},
        }
        | given
    )


ROWS = [
    row(
        0.0,
        values=[1 / 255, 0.3, 0.45, 0.99],
        edges=[
            ({"loc": 0.0, "scale": 1.0}, 1e-30),
            ({"loc": 0.0, "scale": 1.0}, 1 - 2**-24),
            ({"loc": 100.0, "scale": math.exp(-12)}, 1 / 255),
            ({"loc": -100.0, "scale": math.exp(12)}, 1 / 255),
            ({"loc": 1e18, "scale": 1.0}, 0.5),
        ],
        outside=[math.nan, 0.0, 1.0, -0.1, 1.1],
    ),
    row(
        0.1,
        values=[0.0, 1 / 255, 0.3, 0.45, 1.0],
        edges=[
            ({"loc": 0.0, "scale": 1.0}, 0.0),
            ({"loc": 0.0, "scale": 1.0}, 1.0),
            ({"loc": 0.0, "scale": 1.0}, 1.12),
            ({"loc": 100.0, "scale": math.exp(-12)}, 0.0),
            ({"loc": -100.0, "scale": math.exp(12)}, 1.0),
        ],
        outside=[math.nan, -0.126, 1.126],
    ),
]
