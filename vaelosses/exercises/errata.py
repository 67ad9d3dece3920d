"""Errata: a sign in a bound, a logarithm of the wrong thing, what it does, and a number to check."""

from math import cosh, exp, log, pi, sqrt

import mpmath
import sympy as sp

from ._kinds import CodeExercise, Exercise

_RATE = 1 / 8 - 1 / 4 + log(2) / 2  # of the posterior N(x/2, 1/2) from N(0, 1), at x = 1
_EVIDENCE = -1 / 4 - log(4 * pi) / 2

# The mean distance of the logit of a uniform number from a standard normal one.
_DISTANCE = float(
    mpmath.quad(lambda t: 2 * log(2 * cosh(t / 2)) * exp(-(t**2) / 2) / sqrt(2 * pi), [-12, 0, 12])
)

_mean, _log_sigma = sp.symbols("mean log_sigma", real=True)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "sign": Exercise(
        question="z ~ N(0, 1), x | z ~ N(z, 1), x = 1, exact encoder: KL + E log p(x|z) - log p(x), in nats",
        key=2 * _RATE,
        why="the right sign gives log p(x) exactly, so the wrong one is above it by twice the divergence.",
        mistakes=[
            (_RATE, "that is the divergence; changing its sign moves the sum by twice as much."),
            (0, "that holds for the right sign, E log p(x|z) - KL."),
            (_EVIDENCE, "that is log p(x)."),
            (_EVIDENCE + 2 * _RATE, "that is the printed expression; subtract log p(x)."),
            (_EVIDENCE + _RATE, "that is E log p(x|z); the question is about KL + E log p(x|z) - log p(x)."),
        ],
        hint="the posterior is N(1/2, 1/2); its divergence from N(0, 1) is (m² + s² - 1)/2 - log s.",
    ),
    "log-sigma": CodeExercise(
        question="repaired(mean, log_sigma): the divergence of N(mean, exp(log_sigma)²) from N(0, 1)",
        expression=(_mean**2 + sp.exp(2 * _log_sigma) - 1) / 2 - _log_sigma,
        symbols=[_mean, _log_sigma],
        points=[(m, h) for m in (-3, 0, 0.2, 2) for h in (-12, -5, -1, 0, 0.5, 4)],
        why="A log variance is twice the logarithm of a standard deviation.",
        mistakes=[
            (
                lambda mean, log_sigma: -0.5 * (1 + log_sigma - mean**2 - log_sigma.exp()),
                "that is the line as it stands: right only if log_sigma were a log variance.",
            ),
            (
                lambda mean, log_sigma: -0.5 * (1 + log_sigma - mean**2 - (2 * log_sigma).exp()),
                "the exponential is repaired; the linear term also needs the log variance.",
            ),
            (
                lambda mean, log_sigma: -0.5 * (1 + 2 * log_sigma - mean**2 - log_sigma.exp()),
                "the linear term is repaired; the exponential also needs the log variance.",
            ),
            (
                lambda mean, log_sigma: -0.5 * (1 + log_sigma / 2 - mean**2 - (log_sigma / 2).exp()),
                "the wrong way: the log variance is twice log_sigma, not half of it.",
            ),
        ],
    ),
    "too-sure": Exercise(
        question="z ~ N(0, 1), x | z ~ N(z, 1), an encoder taxed by -(1 + log s - m² - s)/2: which s is best",
        key=1 / 2,
        why="s² + s/2 = 1/2 at s = 1/2, below the posterior's 0.707: the tax on certainty is too low.",
        mistakes=[
            (1 / sqrt(2), "that is the exact posterior, which the right divergence finds."),
            (1 / 4, "that is the variance s²; the question is about s."),
            (1, "that minimises the tax alone; the fit has -s²/2."),
            ((sqrt(17) - 1) / 8, "the fit has s²/2, half of what you minimised."),
        ],
        hint="minimise s²/2 - (1 + log s - s)/2 over s.",
    ),
    "demo": Exercise(
        question="The forum's demo (x uniform, recon_x standard normal, scale 0.1): its mean loss",
        key=log(2 * 0.1) + _DISTANCE / 0.1,
        why="log 2b plus ten times the mean distance of the logits; with the Jacobian it would be 2 less.",
        mistakes=[
            (_DISTANCE, "that is the mean distance of the logits: divide it by b and add log 2b."),
            (_DISTANCE / 0.1, "log 2b is missing."),
            (log(0.1) + _DISTANCE / 0.1, "the normaliser is log 2b, not log b."),
            (_DISTANCE / 0.1 - log(2 * 0.1), "the sign of log 2b is wrong."),
            (log(2 * 0.1) + _DISTANCE / 0.1 - 2, "that has the Jacobian, which the demo leaves out."),
        ],
        hint="average demo(torch.randn(10**6), torch.rand(10**6)).",
    ),
}
