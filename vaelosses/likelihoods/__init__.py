"""One file per likelihood: the distribution and the head that produces it."""

from ._base import Head, Likelihood, LocationScaleHead
from .bernoulli import Bernoulli, BernoulliHead
from .censored_normal import CensoredNormal, CensoredNormalHead
from .gaussian import Gaussian, GaussianHead
from .laplace import Laplace, LaplaceHead
from .truncated_normal import TruncatedNormal, TruncatedNormalHead

__all__ = [
    "Bernoulli",
    "BernoulliHead",
    "CensoredNormal",
    "CensoredNormalHead",
    "Gaussian",
    "GaussianHead",
    "Head",
    "Laplace",
    "LaplaceHead",
    "Likelihood",
    "LocationScaleHead",
    "TruncatedNormal",
    "TruncatedNormalHead",
]
