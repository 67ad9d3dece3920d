"""One file per likelihood: the distribution and the head that produces it."""

from ._base import Head, Likelihood, LocationScaleHead
from .bernoulli import Bernoulli, BernoulliHead
from .beta import Beta, BetaHead
from .categorical import Categorical, CategoricalHead
from .censored_normal import CensoredNormal, CensoredNormalHead
from .continuous_bernoulli import ContinuousBernoulli, ContinuousBernoulliHead
from .discretized_logistic import DiscretizedLogistic, DiscretizedLogisticHead
from .discretized_normal import DiscretizedNormal, DiscretizedNormalHead
from .gaussian import Gaussian, GaussianHead
from .kumaraswamy import Kumaraswamy, KumaraswamyHead
from .laplace import Laplace, LaplaceHead
from .logistic_mixture import LogisticMixture, LogisticMixtureHead
from .logit_laplace import LogitLaplace, LogitLaplaceHead
from .logit_normal import LogitNormal, LogitNormalHead
from .rgb_logistic_mixture import ChannelsFirst, RGBLogisticMixture, RGBLogisticMixtureHead
from .student_t import StudentT, StudentTHead
from .truncated_normal import TruncatedNormal, TruncatedNormalHead

__all__ = [
    "Bernoulli",
    "BernoulliHead",
    "Beta",
    "BetaHead",
    "Categorical",
    "CategoricalHead",
    "CensoredNormal",
    "CensoredNormalHead",
    "ChannelsFirst",
    "ContinuousBernoulli",
    "ContinuousBernoulliHead",
    "DiscretizedLogistic",
    "DiscretizedLogisticHead",
    "DiscretizedNormal",
    "DiscretizedNormalHead",
    "Gaussian",
    "GaussianHead",
    "Head",
    "Kumaraswamy",
    "KumaraswamyHead",
    "Laplace",
    "LaplaceHead",
    "Likelihood",
    "LocationScaleHead",
    "LogisticMixture",
    "LogisticMixtureHead",
    "LogitLaplace",
    "LogitLaplaceHead",
    "LogitNormal",
    "LogitNormalHead",
    "RGBLogisticMixture",
    "RGBLogisticMixtureHead",
    "StudentT",
    "StudentTHead",
    "TruncatedNormal",
    "TruncatedNormalHead",
]
