"""The evidence lower bound and the divergence between Gaussians."""

from itertools import product
from math import log, sqrt

import sympy as sp

from ._kinds import CodeExercise, Exercise


def _kl(loc: float, scale: float, prior_loc: float, prior_scale: float) -> float:
    """KL(N(loc, scale²) || N(prior_loc, prior_scale²)) in nats."""
    square = scale**2 + (loc - prior_loc) ** 2
    return log(prior_scale / scale) + square / (2 * prior_scale**2) - 0.5


_loc = sp.Symbol("loc", real=True)
_scale = sp.Symbol("scale", positive=True)

# In z ~ N(0, 1), x | z ~ N(z, 1), the posterior of z at x = 1.
_POSTERIOR = (1 / 2, sqrt(1 / 2))

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "kl": Exercise(
        question="KL(N(1, 0.5²) || N(0, 1)), in nats",
        key=_kl(1, 0.5, 0, 1),
        why="log(1/0.5) + (0.5² + 1²)/2 - 1/2.",
        mistakes=[
            (_kl(1, sqrt(0.5), 0, 1), "0.5 is the standard deviation, and you used it as the variance."),
            (_kl(1, 0.5, 0, 1) - log(2) / 2, "-½ log σ² is -log σ, without the ½."),
            (_kl(1, 0.5, 0, 1) / log(2), "that is in bits; nats come from the natural logarithm."),
            (_kl(0, 1, 1, 0.5), "that is the divergence in the other direction."),
        ],
        hint="put the four numbers into log(σ₀/σ) + (σ² + (μ - μ₀)²)/(2σ₀²) - 1/2.",
    ),
    "kl-reversed": Exercise(
        question="KL(N(0, 1) || N(1, 0.5²)), in nats",
        key=_kl(0, 1, 1, 0.5),
        why="the divergence is not symmetric, and to leave the range of a narrow p is dear.",
        mistakes=[
            (_kl(1, 0.5, 0, 1), "that is the divergence in the other direction; it is not symmetric."),
            (_kl(0, 1, 1, 0.5) + 2 * log(2), "the logarithm is log(σ₀/σ), and here σ₀ = 0.5."),
            (_kl(0, 1, 1, 0.5) / log(2), "that is in bits; nats come from the natural logarithm."),
            (_kl(0, 1, 1, sqrt(0.5)), "0.5 is the standard deviation, and you used it as the variance."),
        ],
        hint="put the four numbers into log(σ₀/σ) + (σ² + (μ - μ₀)²)/(2σ₀²) - 1/2.",
    ),
    "gap": Exercise(
        question="z ~ N(0, 1), x | z ~ N(z, 1), x = 1, q = N(0, 1): log p(x) - ELBO, in nats",
        key=_kl(0, 1, *_POSTERIOR),
        why="the gap is KL(q || p(z | x)), and the posterior is N(1/2, 1/2).",
        mistakes=[
            (0, "q is the prior, so the KL term vanishes, but the gap is the KL to the posterior."),
            (_kl(*_POSTERIOR, 0, 1), "the gap is KL(q || p(z | x)): q comes first."),
            (_kl(0, 1, 1 / 2, 1 / 2), "the posterior has variance 1/2, not standard deviation 1/2."),
        ],
        hint="find the posterior p(z | x) first; the gap is the divergence of q from it.",
    ),
    "beta-below-one": Exercise(
        question=(
            "z ~ N(0, 1), x | z ~ N(z, 1), x = 1, q = p(z | x): "
            "E_q log p(x | z) - KL(q || p(z))/2 minus log p(x), in nats"
        ),
        key=_kl(*_POSTERIOR, 0, 1) / 2,
        why="with β < 1 the objective can exceed log p(x), so it is no lower bound.",
        mistakes=[
            (0, "at β = 1 the bound is tight for this q, but here half of the KL is left out."),
            (_kl(*_POSTERIOR, 0, 1), "that is the excess at β = 0; here β = 1/2."),
        ],
        hint="at β = 1 the objective equals log p(x); what does it gain when β falls to 1/2?",
    ),
    "gaussian-kl": CodeExercise(
        question="gaussian_kl(loc, scale): KL(N(loc, scale²) || N(0, 1)) per element, in nats",
        expression=(_loc**2 + _scale**2 - 1) / 2 - sp.log(_scale),
        symbols=[_loc, _scale],
        points=list(product([-3, 0, 0.2, 1], [0.01, 0.5, 1, 4])),
        why="It is zero at loc = 0, scale = 1 and nowhere else.",
        mistakes=[
            (
                lambda loc, scale: (loc**2 + scale - 1 - scale.log()) / 2,
                "scale is the standard deviation, and you used it as the variance.",
            ),
            (
                lambda loc, scale: (loc**2 + scale.exp() - 1 - scale) / 2,
                "scale is the standard deviation, and you used it as the log of the variance.",
            ),
            (
                lambda loc, scale: (loc**2 + scale**2 - 1 - scale.log()) / 2,
                "-½ log σ² is -log σ, without the ½.",
            ),
            (
                lambda loc, scale: ((loc / scale) ** 2 + scale**-2 - 1) / 2 + scale.log(),
                "that is KL(N(0, 1) || N(loc, scale²)): the other direction.",
            ),
        ],
    ),
}
