from collections.abc import Callable

import numpy as np
from scipy import special, stats
from torch import Tensor, from_numpy


def spread_of_the_difference() -> float:
    covariance = 0.02**2 * np.array([[1, 0.9], [0.9, 1]])
    return float(np.linalg.norm(np.array([1, -1]) @ np.linalg.cholesky(covariance)))


PROOFS: dict[str, Callable[[], float]] = {
    "two-seeds": lambda: stats.t.ppf(0.975, 1),
    "pairing": spread_of_the_difference,
    "a-tenth-of-a-bit": lambda: -np.log(np.full(784, 2**-0.1)).sum(),
}


def threshold(level: Tensor, pairs: Tensor) -> Tensor:
    """By the incomplete beta function, which scipy's quantile of Student's t inverts."""
    beyond = (level / pairs).detach().numpy()  # of both ends
    u = special.betaincinv(1, 0.5, beyond)
    return from_numpy(np.sqrt(2 * (1 - u) / u))


SOLUTIONS = {"threshold": threshold}
