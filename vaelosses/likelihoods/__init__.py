"""One file per likelihood: the distribution and the head that produces it."""

from ._base import Head
from .bernoulli import Bernoulli, BernoulliHead
from .gaussian import Gaussian, GaussianHead

__all__ = ["Bernoulli", "BernoulliHead", "Gaussian", "GaussianHead", "Head"]
