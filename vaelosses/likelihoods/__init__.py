"""One file per likelihood: the distribution and the head that produces it."""

from ._base import Head, Likelihood, LocationScaleHead
from .bernoulli import Bernoulli, BernoulliHead
from .categorical import Categorical, CategoricalHead
from .censored_normal import CensoredNormal, CensoredNormalHead
from .discretized_logistic import DiscretizedLogistic, DiscretizedLogisticHead
from .discretized_normal import DiscretizedNormal, DiscretizedNormalHead
from .gaussian import Gaussian, GaussianHead
from .laplace import Laplace, LaplaceHead
from .logistic_mixture import LogisticMixture, LogisticMixtureHead
from .rgb_logistic_mixture import ChannelsFirst, RGBLogisticMixture, RGBLogisticMixtureHead
from .truncated_normal import TruncatedNormal, TruncatedNormalHead

__all__ = [
    "Bernoulli",
    "BernoulliHead",
    "Categorical",
    "CategoricalHead",
    "CensoredNormal",
    "CensoredNormalHead",
    "ChannelsFirst",
    "DiscretizedLogistic",
    "DiscretizedLogisticHead",
    "DiscretizedNormal",
    "DiscretizedNormalHead",
    "Gaussian",
    "GaussianHead",
    "Head",
    "Laplace",
    "LaplaceHead",
    "Likelihood",
    "LocationScaleHead",
    "LogisticMixture",
    "LogisticMixtureHead",
    "RGBLogisticMixture",
    "RGBLogisticMixtureHead",
    "TruncatedNormal",
    "TruncatedNormalHead",
]
