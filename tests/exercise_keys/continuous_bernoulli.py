from collections.abc import Callable

import numpy as np
import torch
from exercise_numerics import integral, lowest
from scipy import special


def mean(lam: float) -> float:
    mass = integral(lambda x: lam**x * (1 - lam) ** (1 - x), 0, 1)
    return integral(lambda x: x * lam**x * (1 - lam) ** (1 - x), 0, 1) / mass


def loss_of_three_pixels(logit: float) -> float:
    log_mass = np.log(integral(lambda x: np.exp(logit * x), 0, 1))
    return 3 * log_mass - logit * (0 + 0 + 1)


PROOFS: dict[str, Callable[[], float]] = {
    "mean": lambda: mean(0.9),
    "three-pixels": lambda: special.expit(lowest(loss_of_three_pixels, -20, 20)[0]),
    "mass": lambda: (
        integral(lambda x: 0.3**-x * 0.7 ** (x - 1), 0, 1) / integral(lambda x: 0.3**x * 0.7 ** (1 - x), 0, 1)
    ),
}


def log_normaliser(logits: torch.Tensor) -> torch.Tensor:
    """By quadrature, and where that is too coarse by its asymptote, which is exact there."""
    nodes, weights = (torch.from_numpy(a) / 2 for a in np.polynomial.legendre.leggauss(60))
    near = logits.clamp(-40, 40)[:, None]
    quadrature = torch.logsumexp(near * (nodes + 0.5) + weights.log(), dim=1)
    far = torch.where(logits.abs() > 40, logits, 40.0)
    return torch.where(logits.abs() > 40, torch.relu(far) - far.abs().log(), quadrature)


SOLUTIONS = {"log-normaliser": log_normaliser}
