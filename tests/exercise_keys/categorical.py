import math
from collections.abc import Callable
from itertools import permutations

import torch
import torch.nn.functional as F
from exercise_numerics import lowest


def excess_of_a_table(num_levels: int, images: int) -> float:
    """Half the trace of the loss's curvature times the covariance of the fitted logits, in bits."""
    logits = torch.randn(num_levels, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    curvature = torch.func.hessian(lambda t: F.cross_entropy(t, torch.tensor(0)))(logits)
    covariance = torch.linalg.pinv(curvature, hermitian=True) / images
    return (curvature @ covariance).trace().item() / 2 / math.log(2)


def lowest_of_double_softmax() -> float:
    def loss(best: float) -> float:
        probs = torch.full((16,), (1 - best) / 15, dtype=torch.float64)
        probs[0] = best
        return F.cross_entropy(probs, torch.tensor(0)).item()

    return lowest(loss, 0, 1)[1]


PROOFS: dict[str, Callable[[], float]] = {
    "price": lambda: excess_of_a_table(64, 100),
    "bag": lambda: math.log(len(set(permutations("aabc")))),
    "double-softmax": lowest_of_double_softmax,
}

SOLUTIONS = {
    "cross-entropy": lambda logits, counts: F.cross_entropy(logits, counts, reduction="none"),
}
