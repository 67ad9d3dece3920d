"""The mass of a grey level: a difference of sigmoids that must not be computed as one."""

from itertools import product
from math import exp, log, sinh, tanh

import sympy as sp
import torch
import torch.nn.functional as F

from ._kinds import CodeExercise, Exercise

_b = sp.symbols("b", real=True)
_a = sp.symbols("a", real=True)
_ENDS = [-800, -50, -3, -0.5, 0, 1, 19, 60, 790]


def _sigmoid(t: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-t))


EXERCISES: dict[str, Exercise | CodeExercise] = {
    "largest-mass": Exercise(
        question="The scale is 1/4 of a level and μ hits the level: the probability of that level",
        key=tanh(1),
        why="tanh(δ/4) with δ = 4 scales per level.",
        mistakes=[
            (1, "that is density times width, 4 · 1/4; the bin's ends are only two scales away."),
            (
                1 / (1 + exp(-2)),
                "that is the mass below the upper end; subtract the mass below the lower one.",
            ),
            (1 / (1 + exp(-2)) - 1 / 2, "that is one half of the bin; it is symmetric around μ."),
            (tanh(1 / 16), "δ is a level in scales, 4, not a scale in levels."),
        ],
        hint="the ends are half a level, two scales, on either side of μ: sigmoid(2) - sigmoid(-2).",
    ),
    "tail-error": Exercise(
        question="Far in the tail: log(mass) - log(density · width) of a bin with δ = 4, in nats",
        key=log(2 * sinh(2) / 4),
        why="2 sinh(δ/2)/δ: the density changes within the bin, and its middle is not its mean.",
        mistakes=[
            (0, "the density falls by a factor e⁴ across the bin: its middle is not its mean."),
            (2 * sinh(2) / 4, "that is the ratio; the loss is its logarithm."),
            (log(2 * sinh(4) / 8), "δ is the width of the whole bin in scales, 4."),
            (
                log(tanh(1)),
                "that is at the centre, where the density is highest, and without the density's part.",
            ),
        ],
        hint="in the tail the density is proportional to e^-t: integrate it over a bin of width 4.",
    ),
    "mass-without-ends": Exercise(
        question="256 closed bins, μ at level 2, a scale of 4 levels: the sum of the masses",
        key=1 / (1 + exp(-253.5 / 4)) - 1 / (1 + exp(2.5 / 4)),
        why="a third of the mass lies below black, and no bin has it.",
        mistakes=[
            (1, "the sum telescopes to F(255.5) - F(-0.5), and F(-0.5) is not 0."),
            (1 / (1 + exp(2.5 / 4)), "that is what is missing."),
            (1 / (1 + exp(-253.5 / 4)) - 1 / (1 + exp(2 / 4)), "the first bin begins at -1/2, not at 0."),
        ],
        hint="the sum telescopes: only the two outer edges remain.",
    ),
    "log-bin-mass": CodeExercise(
        question="log_bin_mass(a, b): log(sigmoid(a) - sigmoid(b)) for a > b, right in both tails",
        expression=sp.log(_sigmoid(_a) - _sigmoid(_b)),
        symbols=[_a, _b],
        points=[(b + width, b) for b, width in product(_ENDS, [1e-3, 0.1, 1, 10])],
        why="A product has no cancellation.",
        mistakes=[
            (
                lambda a, b: F.logsigmoid(a) + F.logsigmoid(-b),
                "the factor 1 - e^-(a - b) is missing: the width of the bin counts.",
            ),
            (
                lambda a, b: F.logsigmoid(a) + F.logsigmoid(b) + torch.log(-torch.expm1(b - a)),
                "the second factor is sigmoid(-b), not sigmoid(b).",
            ),
            (
                lambda a, b: F.logsigmoid(a) + F.logsigmoid(-a) + torch.log(a - b),
                "that is density times width at the upper end of the bin.",
            ),
        ],
    ),
}
