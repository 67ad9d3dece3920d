import math

import mpmath
from likelihood_row import Row, grid
from scipy import stats

from vaelosses.likelihoods import Bernoulli, BernoulliHead


def exact(x: mpmath.mpf, logits: mpmath.mpf) -> mpmath.mpf:
    return -mpmath.log(1 + mpmath.exp(-logits if x == 1 else logits))


ROWS = [
    Row(
        name="bernoulli",
        cls=Bernoulli,
        parameters=grid(logits=[-30.0, -2.0, -1e-8, 0.0, 0.3, 5.0, 21.0, 30.0]),
        exact=exact,
        oracle=lambda logits: stats.bernoulli(1 / (1 + math.exp(-logits))),
        values=[0.0, 1.0],
        edges=[
            ({"logits": 1e4}, 0.0),
            ({"logits": 1e4}, 1.0),
            ({"logits": -1e4}, 0.0),
            ({"logits": -1e4}, 1.0),
            ({"logits": 1e38}, 0.0),
            ({"logits": 1e-8}, 1.0),
        ],
        outside=[0.5, -1.0, 2.0, math.nan],
        bad_parameters=[{"logits": math.nan}],
        heads={"logits": BernoulliHead},
        discrete=True,
    ),
]
