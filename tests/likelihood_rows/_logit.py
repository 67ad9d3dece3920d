"""What the rows of the likelihoods on the open unit interval share."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np


class Squeezed:
    """The oracle of x, given one of y = squeeze + (1 - 2 squeeze) x."""

    def __init__(self, of_y: Any, squeeze: float) -> None:
        self.of_y, self.squeeze, self.slope = of_y, squeeze, 1 - 2 * squeeze

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return self.of_y.cdf((self.squeeze + self.slope * np.asarray(x)).clip(0, 1))

    def sf(self, x: np.ndarray) -> np.ndarray:
        return self.of_y.sf((self.squeeze + self.slope * np.asarray(x)).clip(0, 1))

    def ppf(self, probs: np.ndarray) -> np.ndarray:
        return (self.of_y.ppf(probs) - self.squeeze) / self.slope

    def isf(self, probs: np.ndarray) -> np.ndarray:
        return (self.of_y.isf(probs) - self.squeeze) / self.slope


class Sigmoid:
    """The oracle of y, given a scipy distribution of its logit."""

    def __init__(self, of_logit: Any) -> None:
        self.of_logit = of_logit

    def cdf(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return self.of_logit.cdf(np.log(y) - np.log1p(-np.asarray(y)))

    def sf(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return self.of_logit.sf(np.log(y) - np.log1p(-np.asarray(y)))

    def ppf(self, probs: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-self.of_logit.ppf(probs)))

    def isf(self, probs: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-self.of_logit.isf(probs)))


def squeezed(log_density: Callable[..., mpmath.mpf], squeeze: float) -> Callable[..., mpmath.mpf]:
    """The textbook's density of x, given that of y; the squeeze is the float, exactly."""

    def exact(x: mpmath.mpf, **parameters: mpmath.mpf) -> mpmath.mpf:
        slope = 1 - 2 * mpmath.mpf(squeeze)
        return log_density(squeeze + slope * x, **parameters) + mpmath.log(slope)

    return exact


def of_logit(log_density: Callable[..., mpmath.mpf]) -> Callable[..., mpmath.mpf]:
    """The textbook's density of y, given that of its logit."""
    return lambda y, **parameters: (
        log_density(mpmath.log(y / (1 - y)), **parameters) - mpmath.log(y * (1 - y))
    )
