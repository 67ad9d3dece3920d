"""Binary cross-entropy, on bits and on grey values."""

from itertools import product
from math import log

import sympy as sp
import torch.nn.functional as F

from ._kinds import CodeExercise, Exercise


def _entropy(x: float) -> float:
    return -x * log(x) - (1 - x) * log(1 - x)


_logits, _x = sp.symbols("logits x", real=True)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "floor": Exercise(
        question="The lowest binary cross-entropy that any p reaches on a grey pixel x = 0.25, in nats",
        key=_entropy(0.25),
        why="the minimum is at p = x, and its value is the entropy of x.",
        mistakes=[
            (0, "BCE reaches 0 only for x = 0 and x = 1; put p = x = 0.25 in."),
            (_entropy(0.25) / log(2), "that is in bits; nats come from the natural logarithm."),
            (log(2), "that is at p = 1/2; the best p is x."),
            (-log(0.25), "that is -log x: a grey pixel also has the term (1 - x) log(1 - p)."),
        ],
        hint="which p minimises -x log p - (1 - x) log(1 - p)? Put it in.",
    ),
    "uniform-floor": Exercise(
        question="The same floor, on average over grey values x uniform on [0, 1], in nats",
        key=1 / 2,
        why=f"the entropy of x integrates to 1/2: 784 such pixels cost {784 / 2:.0f} nats at the least.",
        mistakes=[
            (log(2), "that is the largest floor, at x = 1/2; take the mean over x."),
            (1 / 2 / log(2), "that is in bits; nats come from the natural logarithm."),
            (1 / 4, "that is the integral of -x log x alone; there are two such terms."),
        ],
        hint="integrate -x log x - (1 - x) log(1 - x) from 0 to 1.",
    ),
    "hidden-variance": Exercise(
        question="Near p = x, BCE is (p - x)²/(2σ²) plus a constant: σ² at x = 0.02",
        key=0.02 * (1 - 0.02),
        why="the curvature of BCE at p = x is 1/(x(1 - x)), so σ² = x(1 - x): tiny on dark pixels.",
        mistakes=[
            (1 / (0.02 * 0.98), "that is 1/σ², the curvature: turn it over."),
            (1 / (2 * 0.02 * 0.98), "that is 1/(2σ²), the weight of (p - x)²."),
            (1 / 4, "that is the value at x = 1/2."),
            ((0.02 * 0.98) ** 0.5, "that is σ."),
        ],
        hint="take the second derivative of BCE with respect to p at p = x; it is 1/σ².",
    ),
    "bce-with-logits": CodeExercise(
        question=(
            "bce(logits, x): binary cross-entropy per element, in nats, p = sigmoid(logits), "
            "finite for every finite logit"
        ),
        expression=sp.log(1 + sp.exp(_logits)) - _logits * _x,
        symbols=[_logits, _x],
        points=list(product([-800, -100, -20, -1, 0, 0.5, 20, 40, 800], [0, 0.3, 1])),
        why="Finite everywhere, because no exponential is taken of a large number.",
        mistakes=[
            (
                lambda logits, x: F.softplus(-logits) + logits * x,
                "black and white are exchanged: that is the loss for 1 - x.",
            ),
            (
                lambda logits, x: F.softplus(-logits) * x,
                "the term of the dark part is missing, -(1 - x) log(1 - p).",
            ),
        ],
        data=[_x],
    ),
}
