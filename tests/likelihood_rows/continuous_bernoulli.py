import math

import mpmath
import numpy as np
from likelihood_row import Row, grid

from vaelosses.likelihoods.continuous_bernoulli import ContinuousBernoulli, ContinuousBernoulliHead


def exact(x: mpmath.mpf, logits: mpmath.mpf) -> mpmath.mpf:
    if logits == 0:
        return mpmath.mpf(0)
    with mpmath.workdps(mpmath.mp.dps + 30):
        return logits * x - mpmath.log(mpmath.expm1(logits) / logits)


class Oracle:
    """The textbook's distribution function and its inverse, seen from the darker end."""

    def __init__(self, logits: float) -> None:
        self.logits = logits

    def cdf(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        if self.logits == 0:
            return x
        if self.logits > 30:  # the exponential overflows
            return np.exp(self.logits * (x - 1)) * np.expm1(-self.logits * x) / np.expm1(-self.logits)
        return np.expm1(self.logits * x) / np.expm1(self.logits)

    def ppf(self, probs: np.ndarray) -> np.ndarray:
        probs = np.asarray(probs, dtype=float)
        return np.log1p(probs * np.expm1(self.logits)) / self.logits if self.logits else probs

    def sf(self, x: np.ndarray) -> np.ndarray:
        return Oracle(-self.logits).cdf(1 - np.asarray(x))

    def isf(self, probs: np.ndarray) -> np.ndarray:
        return 1 - Oracle(-self.logits).ppf(probs)


ROWS = [
    Row(
        name="continuous_bernoulli",
        cls=ContinuousBernoulli,
        parameters=grid(logits=[-30.0, -2.0, -1.0, -0.3, 0.0, 1e-8, 0.999, 5.0, 25.0]),
        exact=exact,
        oracle=Oracle,
        values=[0.0, 1 / 255, 0.4, 0.5, 1.0],
        edges=[
            ({"logits": 1e4}, 0.0),
            ({"logits": 1e4}, 0.9),
            ({"logits": 1e4}, 1.0),
            ({"logits": -1e4}, 0.0),
            ({"logits": -1e4}, 1.0),
            ({"logits": 20.0}, 1.0),  # torch: 2.769 instead of 2.996, gradient 0
            ({"logits": 16.7}, 0.0),
            ({"logits": 0.0041}, 0.5),  # torch: 1.4e-6 off, gradient 0.8% of the right one
            ({"logits": 0.0}, 0.3),
            ({"logits": -1e-8}, 0.0),
            ({"logits": 1.0}, 0.5),
            ({"logits": 1e38}, 1.0),
        ],
        outside=[math.nan, -0.001, 1.001],
        bad_parameters=[{"logits": math.nan}],
        heads={"logits": ContinuousBernoulliHead},
    ),
]
