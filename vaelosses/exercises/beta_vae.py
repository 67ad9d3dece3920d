"""The weight of the divergence: a multiplier, a temperature, and a factor of the variance."""

from collections.abc import Callable
from math import log, sqrt

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise


def _rate(eigenvalue: float, level: float) -> float:
    """The nats of a linear VAE's latent, whose error is the level."""
    return log(eigenvalue / level) / 2


def _share(prior: float, likelihood: float) -> float:
    """The first of two probabilities, from the ratios of both factors."""
    return prior * likelihood / (prior * likelihood + 1)


def _log_share(function: Callable[..., object]) -> Callable[..., Tensor]:
    """A function of rows [points, 3] as one of three log-priors, three log-likelihoods and beta."""

    def elementwise(*columns: Tensor) -> Tensor:
        priors, likelihoods, beta = torch.stack(columns, dim=1).split([3, 3, 1], dim=1)
        # The first state stands in another column in each row, so that no column can be left out.
        column = torch.arange(len(beta))[:, None] % 3
        moved = (torch.arange(3) - column) % 3
        value = function(priors.gather(1, moved), likelihoods.gather(1, moved), beta)
        if not isinstance(value, Tensor) or value.shape != priors.shape:
            given = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise ValueError(f"expected one number per state, {list(priors.shape)}, got {given}")
        return value.gather(1, column)[:, 0]

    return elementwise


_priors = sp.symbols("log_prior_1:4", real=True)
_likelihoods = sp.symbols("log_likelihood_1:4", real=True)
_beta = sp.Symbol("beta", positive=True)
_scores = [a + ll / _beta for a, ll in zip(_priors, _likelihoods, strict=True)]

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "rate": Exercise(
        question="A linear VAE with σ² = 0.5 and β = 2: the rate of a latent with eigenvalue 4, in nats",
        key=_rate(4, 2 * 0.5),
        why="½ log(λ/(β σ²)) = ½ log 4.",
        mistakes=[
            (_rate(4, 0.5), "that is at β = 1; the latent is reconstructed with an error of β σ²."),
            (_rate(4, 2 * 0.5) / log(2), "that is in bits; nats come from the natural logarithm."),
            (_rate(4, 2 * 2 * 0.5), "you used β twice: ½ log(λ/(β σ²)) has it once."),
            (2 * _rate(4, 2 * 0.5), "the ½ in front of the logarithm is missing."),
        ],
        hint="a survivor carries ½ log(λ/(β σ²)).",
    ),
    "collapse": Exercise(
        question="The same latent, λ = 4 and σ² = 0.5: from which β on does it carry nothing?",
        key=4 / 0.5,
        why="the rate ½ log(λ/(β σ²)) is zero at β = λ/σ².",
        mistakes=[
            (4, "that is for σ² = 1; here σ² = 0.5."),
            (4 * 0.5, "you multiplied by σ²; solve λ = β σ² for β."),
            (0.5 / 4, "that is 1/β: turn it over."),
            (4 / 0.5**2, "0.5 is σ², not σ."),
        ],
        hint="set λ = β σ².",
    ),
    "temperature": Exercise(
        question="Two states with prior 0.2, 0.8 and likelihood 0.9, 0.1: q of the first at β = 2",
        key=_share(0.25, 3),
        why="0.2 · √0.9 against 0.8 · √0.1 is 0.6 against 0.8.",
        mistakes=[
            (_share(0.25, 9), "that is the posterior, β = 1."),
            (_share(0.25, 81), "the likelihood gets the power 1/β, and you used β."),
            (_share(sqrt(0.25), 3), "the prior keeps its power 1; only the likelihood is tempered."),
            (_share(1, 3), "the prior is missing."),
        ],
        hint="q is proportional to p(z) p(x | z)^(1/β).",
    ),
    "learned-scale": Exercise(
        question=(
            "Eigenvalues 5, 3, 0.5, 0.3, 0.2, a linear VAE with 2 latents and a learned σ²: "
            "from which β on does the second latent carry nothing?"
        ),
        key=15 / 7,
        why="σ² = 1/(5 - 2β) grows with β, and 3 = β/(5 - 2β) at β = 15/7.",
        mistakes=[
            (3 / (1 / 3), "that keeps σ² at its value for β = 1; it is learned, and grows with β."),
            (5 / 2, "there σ² is infinite; the latent goes before."),
            (25 / 11, "that is where the first latent would go, if the second had stayed."),
        ],
        hint=(
            "with k survivors and a sum ρ of the discarded eigenvalues, of D in all, the best σ² is "
            "ρ/(D - β k): put it into λ = β σ² and solve for β."
        ),
    ),
    "tempered-posterior": CodeExercise(
        question=(
            "tempered_posterior(log_prior [N, K], log_likelihood [N, K], beta [N, 1]): "
            "log q [N, K] of the encoder that maximises the β-ELBO"
        ),
        expression=_scores[0] - sp.log(sum(sp.exp(score) for score in _scores)),
        symbols=[*_priors, *_likelihoods, _beta],
        points=[
            (log(0.2), log(0.5), log(0.3), -1.0, -2.0, -0.5, 0.5),
            (log(0.2), log(0.5), log(0.3), -1.0, -2.0, -0.5, 1.0),
            (log(0.2), log(0.5), log(0.3), -1000.0, 900.0, -950.0, 1.0),
            (log(0.2), log(0.5), log(0.3), -1.0, -2.0, -0.5, 4.0),
            (log(0.6), log(0.1), log(0.3), -1200.0, -1250.0, -1190.0, 2.0),
            (log(0.6), log(0.1), log(0.3), 812.0, 790.0, 815.0, 0.25),
        ],
        why="It never leaves the logarithm, so a thousand pixels are no trouble.",
        mistakes=[
            (
                lambda prior, likelihood, beta: (prior + beta * likelihood).log_softmax(1),
                "the likelihood gets the power 1/β, and you used β.",
            ),
            (
                lambda prior, likelihood, beta: ((prior + likelihood) / beta).log_softmax(1),
                "you tempered the prior too; it keeps its power 1.",
            ),
            (
                lambda prior, likelihood, beta: (prior + likelihood).log_softmax(1),
                "that is the posterior, β = 1.",
            ),
            (
                lambda prior, likelihood, beta: prior + likelihood / beta,
                "q is not normalised: its probabilities have to sum to one.",
            ),
            (
                lambda prior, likelihood, beta: (prior + likelihood / beta).softmax(1),
                "that is q; return its logarithm.",
            ),
        ],
        adapt=_log_share,
    ),
}
