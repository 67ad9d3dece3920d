"""The comparison: how much of a difference between two rows is noise."""

from itertools import product
from math import log, pi, sqrt, tan

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_level, _pairs = sp.symbols("level pairs", positive=True)
_beyond = _level / (2 * _pairs)


def _quantile(beyond: Tensor) -> Tensor:
    return (1 - 2 * beyond) / torch.sqrt(2 * beyond * (1 - beyond))


EXERCISES: dict[str, Exercise | CodeExercise] = {
    "two-seeds": Exercise(
        question="With two seeds: how many standard errors must a mean difference be, at 5% and two-sided?",
        key=tan(0.475 * pi),
        why="one degree of freedom is the Cauchy: tan(π(0.975 - 1/2)). A third seed brings it down to 4.3.",
        mistakes=[
            (1.96, "that is the Gaussian's: it forgets that the standard error is estimated as well."),
            (4.303, "that is for three seeds; two leave one degree of freedom."),
            (tan(0.45 * pi), "that is one-sided: a difference of either sign counts."),
            (2.776, "that is for five seeds; two leave one degree of freedom."),
        ],
        hint="Student's t with one degree of freedom is the Cauchy, F(t) = 1/2 + arctan(t)/π.",
    ),
    "pairing": Exercise(
        question=(
            "Two likelihoods spread by 0.02 bits over seeds, correlated by 0.9: "
            "standard deviation of the difference of one seed"
        ),
        key=0.02 * sqrt(0.2),
        why="it is 0.02 √(2(1 - 0.9)): pairing is worth ten times as many seeds here.",
        mistakes=[
            (0.02 * sqrt(2), "that is for seeds that have nothing in common."),
            (0.02, "that is the spread of one likelihood."),
            (0.02 * sqrt(0.1), "both runs vary: 2(1 - ρ), not 1 - ρ."),
            (0.02**2 * 0.2, "that is the variance; take its root."),
            (0.02 * sqrt(3.8), "the covariance of a difference counts with a minus."),
        ],
        hint="the variance of A - B is s² + s² - 2ρs².",
    ),
    "a-tenth-of-a-bit": Exercise(
        question="One row is 0.1 bits per dimension below another on 28 x 28 digits: how many nats an image?",
        key=78.4 * log(2),
        why="0.1 bits x 784 pixels x log 2: a small number a pixel is a large one an image.",
        mistakes=[
            (78.4, "that is in bits; a bit is log 2 nats."),
            (78.4 / log(2), "a bit is log 2 nats, less than one."),
            (0.1 * log(2), "that is per pixel; an image has 784."),
            (2.8 * log(2), "an image has 28 x 28 pixels, not 28."),
        ],
        hint="bits per dimension times dimensions times log 2.",
    ),
    "threshold": CodeExercise(
        question="threshold(level, pairs): standard errors that a pair needs, with three seeds, of all pairs",
        expression=(1 - 2 * _beyond) / sp.sqrt(2 * _beyond * (1 - _beyond)),
        symbols=[_level, _pairs],
        points=list(product([0.2, 0.05, 1e-3, 1e-12], [1, 15, 105])),
        why="With three seeds a strict level is dear: the tails of two degrees of freedom are long.",
        mistakes=[
            (
                lambda level, pairs: _quantile(level / pairs),
                "that is one-sided: level / (2 pairs) lies beyond either end.",
            ),
            (
                lambda level, pairs: _quantile(level / 2 + 0 * pairs),
                "that is for one pair alone: divide the level by their number.",
            ),
            (
                lambda level, pairs: -torch.special.ndtri(level / (2 * pairs)),
                "that is the Gaussian's quantile; with three seeds the standard error is estimated.",
            ),
        ],
        with_gradient=False,
    ),
}
