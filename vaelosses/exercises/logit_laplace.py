"""Laplace noise on the logit of a pixel: the Jacobian, the squeeze, the ends."""

from itertools import product
from math import log

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_EPSILON = 0.1


def _edge_weight(epsilon: float) -> float:
    """How much steeper the logit of a squeezed pixel is at black than at mid-grey."""
    return 1 / (4 * epsilon * (1 - epsilon))


_x, _loc = sp.symbols("x loc", real=True)
_scale = sp.Symbol("scale", positive=True)
_y = sp.Rational(1, 10) + sp.Rational(4, 5) * _x
_distance = sp.sqrt((sp.log(_y / (1 - _y)) - _loc) ** 2)  # not Abs: sympy cannot know that 0 < y < 1
_of_logit = _distance / _scale + sp.log(2 * _scale)
_nll = _of_logit + sp.log(_y) + sp.log(1 - _y) - sp.log(sp.Rational(4, 5))


def _loss(x: Tensor, loc: Tensor, scale: Tensor, jacobian: float, slope: float) -> Tensor:
    """The loss with so many times the Jacobian of the logit, and so many times that of the squeeze."""
    y = _EPSILON + (1 - 2 * _EPSILON) * x
    of_logit = (torch.logit(y) - loc).abs() / scale + torch.log(2 * scale)
    return of_logit + jacobian * (y * (1 - y)).log() - slope * log(1 - 2 * _EPSILON)


EXERCISES: dict[str, Exercise | CodeExercise] = {
    "density": Exercise(
        question="The density of a logit-Laplace pixel at x = 1/2 with μ = 0, b = 1, ε = 0",
        key=2,
        why="1/(2b) of the Laplace times the Jacobian 1/(x(1 - x)) = 4.",
        mistakes=[
            (1 / 2, "that is the Laplace density of the logit; the Jacobian 1/(x(1 - x)) is missing."),
            (1 / 8, "the Jacobian of the logit is 1/(x(1 - x)), not x(1 - x)."),
            (4, "that is the Jacobian alone; the Laplace density at its centre is 1/(2b)."),
            (log(2), "that is the log-density."),
        ],
        hint="multiply the Laplace density of the logit by d logit/dx, at x = 1/2.",
    ),
    "edge-weight": Exercise(
        question="Squeeze ε = 0.05: how much steeper is the logit at black than at mid-grey?",
        key=_edge_weight(0.05),
        why="1/(4ε(1 - ε)): half of dVAE's squeeze nearly doubles the weight of the edges.",
        mistakes=[
            (_edge_weight(0.1), "that is at ε = 0.1, dVAE's squeeze."),
            (4 * _edge_weight(0.05), "divide by the slope at mid-grey, which is 4."),
            (1 / _edge_weight(0.05), "your ratio is upside down: the logit is steeper at black."),
        ],
        hint="d logit/dy = 1/(y(1 - y)): take it at y = ε and at y = 1/2.",
    ),
    "antimode": Exercise(
        question="μ = 0, b = 2, ε = 0: where between 0 and 1/2 is the density lowest?",
        key=1 / 4,
        why="(1 - 1/b)/2: the density falls from its pole at 0, and rises from there to the median.",
        mistakes=[
            (1 / 2, "that is the median, where the density has a local maximum."),
            (1 / 8, "solve 1 - 2x = 1/b, with b = 2, again."),
        ],
        hint="below the median the log-density is (1/b - 1) log x - (1/b + 1) log(1 - x) + constant.",
    ),
    "nll": CodeExercise(
        question=(
            "logit_laplace_nll(x, loc, scale) with squeeze 0.1: minus the log-density of the pixel x, "
            "per element, in nats"
        ),
        expression=_nll,
        symbols=[_x, _loc, _scale],
        points=list(product([0, 1 / 255, 0.3, 0.8, 1], [-5, 0.1, 1], [0.01, 0.5, 3])),
        why="Black and white cost the same, and the mass of all x is one.",
        mistakes=[
            (
                lambda x, loc, scale: _loss(x, loc, scale, 0, 0),
                "both Jacobians are missing: that is the loss of the logit, not of the pixel.",
            ),
            (
                lambda x, loc, scale: _loss(x, loc, scale, 1, 0),
                "that is the density of y; the pixel's has the slope 1 - 2ε of the squeeze too.",
            ),
            (
                lambda x, loc, scale: _loss(x, loc, scale, 0, 1),
                "the Jacobian of the logit is missing, log y + log(1 - y).",
            ),
            (
                lambda x, loc, scale: _loss(x, loc, scale, -1, 1),
                "the Jacobian of the logit has the wrong sign.",
            ),
            (
                lambda x, loc, scale: _loss(x, loc, scale, 1, -1),
                "the Jacobian of the squeeze has the wrong sign.",
            ),
        ],
    ),
}
