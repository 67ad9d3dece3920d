"""Bits: of densities, of masses, and of the bound between them."""

from itertools import product
from math import e, log, pi

import sympy as sp
import torch

from ._kinds import CodeExercise, Exercise

_a, _b = sp.symbols("a b", real=True)


def _loss_at_black(mu: sp.Expr, sigma: sp.Expr) -> sp.Expr:
    return -sp.log((1 - sp.erf(mu / sigma / sp.sqrt(2))) / 2)


EXERCISES: dict[str, Exercise | CodeExercise] = {
    "minus-one-to-one": Exercise(
        question="Pixels (k + u)/128 - 1, 256 levels, -log density = -1.2 nats per dimension: bits?",
        key=-1.2 / log(2) + 7,
        why="a level is 2/256 wide: 7 bits, minus 1.2/log 2.",
        mistakes=[
            (-1.2 / log(2) + 8, "8 bits belong to pixels on [0, 1]; here a level is twice as wide."),
            (-1.2 / log(2), "that is the density's; a level has a width."),
            (-1.2 + 7, "7 is in bits, -1.2 in nats: divide the nats by log 2 first."),
            (1.2 / log(2) + 7, "-log density is -1.2, so its bits count negatively."),
        ],
        hint="divide the nats by log 2 and add log2 of one over the width of a level.",
    ),
    "laplace-floor": Exercise(
        question="The fewest bits per dimension that a Laplace can reach on the uniform noise of a bin",
        key=log(e / 2) / log(2),
        why="log(e/2) nats at b = w/4, whatever the width w.",
        mistakes=[
            (log(e / 2), "that is in nats."),
            (0, "a Laplace is not flat inside the bin, so it cannot reach 0."),
            (log(2 * pi * e / 12) / 2 / log(2), "that is the floor of the Gaussian."),
            (log(e) / log(2), "the mean absolute noise is w/4, and the density's factor is 1/(2b)."),
        ],
        hint="minimise log 2b + E|noise|/b - log w over b; the mean absolute noise is w/4.",
    ),
    "censored-gradient": Exercise(
        question="A black pixel, censored normal, μ = -1, σ = 1/2: the derivative of its loss by μ",
        key=float(_loss_at_black(_a, sp.Rational(1, 2)).diff(_a).subs(_a, -1)),
        why="density over mass of what lies below black: next to nothing, since black is already certain.",
        mistakes=[
            (-4, "that is the squared error's, (μ - x)/σ²: it punishes what is blacker than black."),
            (0, "small, but not 0: a part of the mass is still above black."),
            (float(_loss_at_black(_a, 1).diff(_a).subs(_a, -1)), "that is at σ = 1."),
        ],
        hint="differentiate -log Φ(-μ/σ).",
    ),
    "log-mass": CodeExercise(
        question="log_mass(a, b): log(Φ(b) - Φ(a)) for a < b, right in both tails",
        expression=sp.log((sp.erf(_b / sp.sqrt(2)) - sp.erf(_a / sp.sqrt(2))) / 2),
        symbols=[_a, _b],
        points=[
            *((a, a + width) for a, width in product([-9, -3, -0.4, 0.1, 2, 8], [0.01, 0.5, 3])),
            *[(-42, -41.5), (41, 41.5)],
        ],
        why="Both tails are small numbers here, so nothing cancels.",
        mistakes=[
            (
                lambda a, b: torch.special.log_ndtr(b) - torch.special.log_ndtr(a),
                "that is the logarithm of the ratio; the mass is a difference.",
            ),
            (
                lambda a, b: torch.special.log_ndtr(b),
                "that is all that lies below b; subtract what lies below a.",
            ),
            (
                lambda a, b: -((a + b) ** 2) / 8 - log(2 * pi) / 2 + torch.log(b - a),
                "that is density times width, at the middle of the interval.",
            ),
        ],
    ),
}
