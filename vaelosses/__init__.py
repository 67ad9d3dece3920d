"""Reconstruction losses of variational autoencoders as exact, stable likelihoods.

A reconstruction loss is minus the log-likelihood that the decoder claims. Distributions and heads are in
:mod:`vaelosses.likelihoods`, :func:`elbo` turns them into an objective, and :func:`bits_per_dim` compares
them. These need torch and numpy alone. The modules that the chapters use beside them (``data``,
``training``, ``experiment``, ``plots``, ``symbolic``, ``interactive``, ``exercises``) are imported by name
and come with ``pip install "vaelosses[book]"``.
"""

from . import baselines
from .bits import bits_per_dim, grid_log_prob
from .checks import check_likelihood
from .explain import explain_loss
from .likelihoods import (
    Bernoulli,
    BernoulliHead,
    Beta,
    BetaHead,
    Categorical,
    CategoricalHead,
    CensoredNormal,
    CensoredNormalHead,
    ChannelsFirst,
    ContinuousBernoulli,
    ContinuousBernoulliHead,
    DiscretizedLogistic,
    DiscretizedLogisticHead,
    DiscretizedNormal,
    DiscretizedNormalHead,
    Gaussian,
    GaussianHead,
    Head,
    Kumaraswamy,
    KumaraswamyHead,
    Laplace,
    LaplaceHead,
    LogisticMixture,
    LogisticMixtureHead,
    LogitLaplace,
    LogitLaplaceHead,
    LogitNormal,
    LogitNormalHead,
    RGBLogisticMixture,
    RGBLogisticMixtureHead,
    StudentT,
    StudentTHead,
    TruncatedNormal,
    TruncatedNormalHead,
)
from .models import MLPVAE, VAE, ConvVAE
from .objectives import BetaVAELoss, ElboTerms, elbo

__all__ = [
    "MLPVAE",
    "VAE",
    "Bernoulli",
    "BernoulliHead",
    "Beta",
    "BetaHead",
    "BetaVAELoss",
    "Categorical",
    "CategoricalHead",
    "CensoredNormal",
    "CensoredNormalHead",
    "ChannelsFirst",
    "ContinuousBernoulli",
    "ContinuousBernoulliHead",
    "ConvVAE",
    "DiscretizedLogistic",
    "DiscretizedLogisticHead",
    "DiscretizedNormal",
    "DiscretizedNormalHead",
    "ElboTerms",
    "Gaussian",
    "GaussianHead",
    "Head",
    "Kumaraswamy",
    "KumaraswamyHead",
    "Laplace",
    "LaplaceHead",
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
    "baselines",
    "bits_per_dim",
    "check_likelihood",
    "elbo",
    "explain_loss",
    "grid_log_prob",
]

__version__ = "0.1.0"
