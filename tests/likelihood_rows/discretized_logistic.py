import math
from functools import partial
from types import SimpleNamespace

import mpmath
from likelihood_row import Row, grid

from vaelosses.likelihoods.discretized_logistic import DiscretizedLogistic, DiscretizedLogisticHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf, num_levels: int) -> mpmath.mpf:
    """The difference of the textbook's distribution function, taken in whichever tail is nearer."""
    last = num_levels - 1
    level = round(float(x) * last)

    def below(edge: mpmath.mpf) -> mpmath.mpf:
        return 1 / (1 + mpmath.exp(-edge))

    lower = (mpmath.mpf(2 * level - 1) / (2 * last) - loc) / scale if level > 0 else -mpmath.inf
    upper = (mpmath.mpf(2 * level + 1) / (2 * last) - loc) / scale if level < last else mpmath.inf
    if lower + upper > 0:
        lower, upper = -upper, -lower
    with mpmath.workdps(mpmath.mp.dps + 30):
        return (
            mpmath.log(below(upper) - below(lower))
            if lower > -mpmath.inf
            else -mpmath.log1p(mpmath.exp(-upper))
        )


def row(num_levels: int, **given: object) -> Row:
    values = [k / (num_levels - 1) for k in range(num_levels)]
    return Row(
        **{
            "name": "discretized_logistic",
            "cls": DiscretizedLogistic,
            "make": partial(DiscretizedLogistic, num_levels=num_levels),
            "parameters": grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.03, 0.1, 1.0, 7.0]),
            "exact": partial(exact, num_levels=num_levels),
            "oracle": lambda loc, scale: SimpleNamespace(),
            "values": values,
            "edges": [
                ({"loc": 0.5, "scale": math.exp(-12)}, values[-1]),
                ({"loc": -100.0, "scale": math.exp(-12)}, values[-1]),
                ({"loc": 100.0, "scale": math.exp(-12)}, values[0]),
                ({"loc": -100.0, "scale": math.exp(-12)}, 0.0),
                ({"loc": 0.3, "scale": math.exp(12)}, values[1]),
                ({"loc": 0.0, "scale": math.exp(12)}, 0.0),
                ({"loc": 1e18, "scale": 1.0}, values[num_levels // 2]),
            ],
            "outside": [math.nan, 0.5 / (num_levels - 1), -1.0, 2.0],
            "bad_parameters": [
                {"loc": 0.0, "scale": 0.0},
                {"loc": 0.0, "scale": -1.0},
                {"loc": math.nan, "scale": 1.0},
            ],
            "heads": {
                "fixed": partial(DiscretizedLogisticHead, scale=0.1, num_levels=num_levels),
                "shared": partial(DiscretizedLogisticHead, scale="shared", num_levels=num_levels),
                "channel": partial(DiscretizedLogisticHead, scale="channel", num_levels=num_levels),
                "pixel": partial(DiscretizedLogisticHead, scale="pixel", num_levels=num_levels),
            },
            "discrete": True,
        }
        | given
    )


ROWS = [row(2), row(5), row(256, parameters=grid(loc=[0.4], scale=[0.0005, 0.02]))]
