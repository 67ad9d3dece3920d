"""The continuous Bernoulli: a normaliser, and a parameter that is not the mean."""

from math import exp, expm1, log

import mpmath
import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise


def _mean(logit: float) -> float:
    return -1 / expm1(-logit) - 1 / logit


def _log_normaliser(logits: Tensor) -> Tensor:
    """The right answer, for the mistakes to start from."""
    near, size = torch.where(logits.abs() < 1e-3, logits, 0.0), logits.abs().clamp(min=1e-3)
    far = torch.relu(logits) + torch.log(-torch.expm1(-size) / size)
    return torch.where(logits.abs() < 1e-3, near / 2 + near.square() / 24, far)


_THREE_PIXELS = float(mpmath.findroot(lambda logit: _mean(logit) - 1 / 3, -2))
_logits = sp.symbols("logits", real=True)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "mean": Exercise(
        question="The mean of a continuous Bernoulli with λ = 0.9",
        key=_mean(log(9)),
        why="the mean is 1/(1 - e^-η) - 1/η at η = log 9, far from λ.",
        mistakes=[
            (0.9, "that is λ; the mean is the derivative of the log-normaliser at η = log 9."),
            (1, "that is the mode."),
            (_mean(0.9), "λ is not the logit: η = log(λ/(1 - λ)) = log 9."),
            (-1 / expm1(-log(9)), "the term -1/η is missing."),
        ],
        hint="find η = log(λ/(1 - λ)), then differentiate log((e^η - 1)/η).",
    ),
    "three-pixels": Exercise(
        question="Pixels 0, 0 and 1: the λ of the continuous Bernoulli that fits them best",
        key=1 / (1 + exp(-_THREE_PIXELS)),
        why="its mean is 1/3, the mean of the data; its λ is not.",
        mistakes=[
            (1 / 3, "that is the mean of the data, and the answer for a Bernoulli; λ is not the mean."),
            (_mean(-log(2)), "you went the wrong way: that is the mean at λ = 1/3."),
            (0, "that is the mode."),
            (_THREE_PIXELS, "that is the logit; λ is its sigmoid."),
        ],
        hint="the mean of the best member is the mean of the data: solve for η, then take its sigmoid.",
    ),
    "mass": Exercise(
        question="α^-x (1-α)^-(1-x) / z, with z the integral of α^x (1-α)^(1-x): its integral at α = 0.3",
        key=1 / (0.3 * 0.7),
        why="the mass is 1/(α(1 - α)): both exponents have the wrong sign.",
        mistakes=[
            (1, "z normalises the density with the signs turned round, not this one."),
            (0.3 * 0.7, "that is α(1 - α): turn it over."),
            (0.7 / 0.3, "that is one factor (1 - α)/α; integrate both."),
        ],
        hint="α^-x (1-α)^-(1-x) is α^(1-x) (1-α)^x divided by α(1 - α).",
    ),
    "log-normaliser": CodeExercise(
        question="log_normaliser(logits): log((e^logits - 1)/logits), right for every finite logit",
        # At 0 the formula is 0/0; there stands the tangent, which has the limits of value and gradient.
        expression=sp.Piecewise(
            (_logits / 2, sp.Eq(_logits, 0)), (sp.log((sp.exp(_logits) - 1) / _logits), True)
        ),
        symbols=[_logits],
        points=[-2000, -100, -3, -0.5, -0.2, -1e-3, -1e-9, 0, 1e-9, 1e-3, 0.2, 0.5, 3, 100, 2000],
        why="And nothing is 0/0 at 0.",
        mistakes=[
            (
                lambda logits: _log_normaliser(logits) - logits / 2,
                "that is log(sinh(logits/2)/(logits/2)); the term logits/2 is missing.",
            ),
            (
                lambda logits: _log_normaliser(-logits),
                "black and white are exchanged: that is the function at -logits.",
            ),
            (
                lambda logits: torch.nn.functional.softplus(logits) - _log_normaliser(logits),
                "that is log C, which is subtracted from the cross-entropy.",
            ),
        ],
    ),
}
