from collections.abc import Callable

import torch.nn.functional as F
from exercise_numerics import integral, lowest, second_derivative
from scipy import stats


def bce(x: float, p: float) -> float:
    return -stats.bernoulli.logpmf(1, p) * x - stats.bernoulli.logpmf(0, p) * (1 - x)


PROOFS: dict[str, Callable[[], float]] = {
    "floor": lambda: lowest(lambda p: bce(0.25, p), 0.01, 0.99)[1],
    "uniform-floor": lambda: integral(lambda x: lowest(lambda p: bce(x, p), 1e-9, 1 - 1e-9)[1], 0, 1),
    "hidden-variance": lambda: 1 / second_derivative(lambda p: bce(0.02, p), 0.02),
}

SOLUTIONS = {
    "bce-with-logits": lambda logits, x: F.binary_cross_entropy_with_logits(logits, x, reduction="none"),
}
