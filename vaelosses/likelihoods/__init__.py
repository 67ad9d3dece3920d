"""One file per likelihood: the distribution and the head that produces it."""

from ._base import Head, Likelihood, LocationScaleHead
from .bernoulli import Bernoulli, BernoulliHead
from .gaussian import Gaussian, GaussianHead
from .laplace import Laplace, LaplaceHead

__all__ = [
    "Bernoulli",
    "BernoulliHead",
    "Gaussian",
    "GaussianHead",
    "Head",
    "Laplace",
    "LaplaceHead",
    "Likelihood",
    "LocationScaleHead",
]
