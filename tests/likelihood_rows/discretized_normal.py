from functools import partial

import mpmath
from likelihood_row import Row, grid

from likelihood_rows import discretized_logistic
from vaelosses.likelihoods.discretized_normal import DiscretizedNormal, DiscretizedNormalHead


def exact(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf, num_levels: int) -> mpmath.mpf:
    last = num_levels - 1
    level = round(float(x) * last)
    lower = (mpmath.mpf(2 * level - 1) / (2 * last) - loc) / scale if level > 0 else -mpmath.inf
    upper = (mpmath.mpf(2 * level + 1) / (2 * last) - loc) / scale if level < last else mpmath.inf
    if lower + upper < 0:
        lower, upper = -upper, -lower
    with mpmath.workdps(mpmath.mp.dps + 60):
        beyond = mpmath.erfc(upper / mpmath.sqrt(2)) / 2
        if lower > 0:
            return mpmath.log(mpmath.erfc(lower / mpmath.sqrt(2)) / 2 - beyond)
        return mpmath.log1p(-beyond - mpmath.erfc(-lower / mpmath.sqrt(2)) / 2)


def row(num_levels: int, **given: object) -> Row:
    return discretized_logistic.row(
        num_levels,
        **{
            "name": "discretized_normal",
            "cls": DiscretizedNormal,
            "make": partial(DiscretizedNormal, num_levels=num_levels),
            "exact": partial(exact, num_levels=num_levels),
            "heads": {
                "fixed": partial(DiscretizedNormalHead, scale=0.1, num_levels=num_levels),
                "shared": partial(DiscretizedNormalHead, scale="shared", num_levels=num_levels),
                "channel": partial(DiscretizedNormalHead, scale="channel", num_levels=num_levels),
                "pixel": partial(DiscretizedNormalHead, scale="pixel", num_levels=num_levels),
            },
        }
        | given,
    )


ROWS = [row(2), row(5), row(256, parameters=grid(loc=[0.4], scale=[0.0005, 0.02]))]
