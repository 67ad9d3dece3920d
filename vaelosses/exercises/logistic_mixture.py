"""Mixtures of logistics: peaks, blame, and the chain between the channels."""

from itertools import product
from math import acosh, sqrt

import sympy as sp
import torch
import torch.nn.functional as F

from ._kinds import CodeExercise, Exercise

_logit, _log_p1, _log_p2 = sp.symbols("logit log_p1 log_p2", real=True)
_WEIGHT = 1 / (1 + sp.exp(-_logit))

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "two-peaks": Exercise(
        question="Two logistics of equal weight and scale 0.05: beyond which distance are there two peaks?",
        key=2 * 0.05 * acosh(2),
        why="each must be more than log(2 + √3) = 1.317 scales from the middle.",
        mistakes=[
            (0.05 * acosh(2), "that is the distance from the middle; there are two of them."),
            (0, "two components need not be two peaks."),
            (2 * 0.05, "that is the threshold of two Gaussians, one standard deviation on either side."),
            (2 * acosh(2), "that is in scales; multiply by 0.05."),
        ],
        hint="in the middle the density's second derivative vanishes: cosh(d/s) = 2, half-distance d.",
    ),
    "correlation": Exercise(
        question="Green is 2 times red plus noise of the same variance as red: their correlation",
        key=2 / sqrt(5),
        why="covariance 2v, variances v and 5v.",
        mistakes=[
            (2, "that is the coefficient, and also the covariance over v; a correlation is at most 1."),
            (2 / 5, "divide by the root of the product of the variances, v and 5v."),
            (2 / sqrt(3), "variances add with the square of the coefficient: 1 + 4."),
            (1, "green has noise of its own."),
        ],
        hint="write the covariance matrix: variance of green = (1 + 2²) v.",
    ),
    "outputs": Exercise(
        question="A mixture of 10 components for RGB pixels with the chain: numbers per pixel of the decoder",
        key=100,
        why="one weight, three locations, three scales and three coefficients for each component.",
        mistakes=[
            (90, "the weights are missing: one for each component."),
            (70, "the three coefficients of each component are missing."),
            (300, "a component is shared by the channels: ten numbers in all, not ten for each."),
            (120, "a component has one weight, not one per channel."),
        ],
        hint="count for one component: weights, locations, scales, coefficients.",
    ),
    "mix": CodeExercise(
        question="mix(logit, log_p1, log_p2): log of sigmoid(logit) e^log_p1 + (1 - sigmoid(logit)) e^log_p2",
        expression=sp.log(_WEIGHT * sp.exp(_log_p1) + (1 - _WEIGHT) * sp.exp(_log_p2)),
        symbols=[_logit, _log_p1, _log_p2],
        points=list(product([-800, -1, 0, 0.5, 40], [-1200, -3, -0.1], [-1000, -2, -0.3])),
        why="Nothing underflows, because no probability is formed.",
        mistakes=[
            (
                lambda logit, a, b: torch.logaddexp(a, b),
                "the weights are missing.",
            ),
            (
                lambda logit, a, b: torch.sigmoid(logit) * a + torch.sigmoid(-logit) * b,
                "you average the logarithms; the mixture averages the masses.",
            ),
            (
                lambda logit, a, b: torch.logaddexp(F.logsigmoid(-logit) + a, F.logsigmoid(logit) + b),
                "the two weights are exchanged.",
            ),
            (
                lambda logit, a, b: torch.logaddexp(logit + a, b),
                "the weights do not sum to one: divide by 1 + e^logit.",
            ),
        ],
    ),
}
