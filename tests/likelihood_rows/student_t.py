import math
from functools import partial

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods.student_t import StudentT, StudentTHead


def exact(x: mpmath.mpf, df: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    z = (x - loc) / scale
    norm = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2) - mpmath.log(mpmath.pi * df) / 2
    return norm - mpmath.log(scale) - (df + 1) / 2 * mpmath.log1p(z**2 / df)


def row(**given: object) -> Row:
    return Row(
        **{
            "name": "student_t",
            "cls": StudentT,
            "exact": exact,
            "oracle": lambda df, loc, scale: stats.t(df, loc, scale),
            "values": [-0.5, 0.0, 1 / 255, 0.4, 1.0, 3.0],
            "edges": [],
            "outside": [math.nan],
            "bad_parameters": [
                {"df": 0.0, "loc": 0.0, "scale": 1.0},
                {"df": 1.0, "loc": 0.0, "scale": 0.0},
                {"df": 1.0, "loc": math.nan, "scale": 1.0},
            ],
            "heads": {},
        }
        | given
    )


NO_INVERSE = {"icdf": "not closed", "kl": "not closed"}

ROWS = [
    row(
        parameters=grid(df=[3.0, 40.0], loc=[0.0, 0.4], scale=[0.02, 1.0, 7.0]),
        edges=[
            ({"df": 3.0, "loc": 0.0, "scale": 1.0}, 1e18),
            ({"df": 0.1, "loc": 0.0, "scale": math.exp(-12)}, 1e18),
            ({"df": 1e4, "loc": 0.5, "scale": math.exp(-3)}, 0.5),  # torch loses digits from here
            ({"df": 1e8, "loc": 0.5, "scale": math.exp(-3)}, 0.5),
            ({"df": 1e8, "loc": 0.0, "scale": 1.0}, 1.0),
            ({"df": 4.0, "loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"df": 4.0, "loc": -100.0, "scale": math.exp(12)}, 0.0),
            ({"df": 15.999, "loc": 0.0, "scale": 1.0}, 0.5),
            ({"df": 16.001, "loc": 0.0, "scale": 1.0}, 0.5),
        ],
        heads={
            "fixed": partial(StudentTHead, scale=0.1),
            "shared": partial(StudentTHead, df="shared"),
            "channel": partial(StudentTHead, df=1.0, scale="channel"),
            "pixel": partial(StudentTHead, df="shared", scale="pixel"),
        },
        undefined=NO_INVERSE,
    ),
    row(
        parameters=grid(df=[1.0, 1.7], loc=[0.4], scale=[0.02, 1.0, 7.0]),
        undefined=NO_INVERSE | {"mean": "the tails are too heavy", "variance": "the tails are too heavy"},
    ),
]
