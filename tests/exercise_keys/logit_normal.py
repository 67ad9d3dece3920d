import math
from collections.abc import Callable

import numpy as np
import torch
from exercise_numerics import integral, lowest
from scipy import optimize, stats
from torch import Tensor


def has_two_modes(loc: float, scale: float) -> bool:
    """Whether the log-density of the pixel, on a fine grid of logits, has two peaks."""
    t = np.linspace(-30, 30, 600_001)
    log_density = -((t - loc) ** 2) / (2 * scale**2) + np.logaddexp(0, t) + np.logaddexp(0, -t)
    rising = np.diff(log_density) > 0
    return int((rising[:-1] & ~rising[1:]).sum()) == 2


def threshold(scale: float) -> float:
    return optimize.bisect(lambda loc: has_two_modes(loc, scale) - 0.5, 0, 10, xtol=1e-6)


def laplace_floor() -> float:
    """Minus the mean log-density of the noisy black pixel, per unit of its bin, over both parameters."""

    def loss(middle: float, width: float) -> float:
        left = integral(lambda u: (middle - u) * math.exp(-u), 0, middle)
        right = integral(lambda u: (u - middle) * math.exp(-u), middle, 40)
        return (left + right) / width + math.log(2 * width) - 1

    return lowest(lambda m: lowest(lambda b: loss(m, b), 0.1, 3)[1], 0.1, 2)[1] / math.log(2)


def beta_loss(mean: float) -> float:
    return -stats.beta.logpdf(0.9, 10 * mean, 10 - 10 * mean)


def truncated_mean(loc: float) -> float:
    return float(stats.truncnorm.mean(-loc / 0.3, (1 - loc) / 0.3, loc, 0.3))


PROOFS: dict[str, Callable[[], float]] = {
    "threshold": lambda: threshold(2),
    "laplace-floor": laplace_floor,
    "beta-mean": lambda: lowest(beta_loss, 0.5, 0.99)[0],
    "truncated-mean": lambda: optimize.brentq(lambda loc: truncated_mean(loc) - 0.9, 0, 3),
}


def log_black_mass(loc: Tensor, scale: Tensor) -> Tensor:
    """By the scaled complementary error function, which does not underflow, and its mirror image."""
    z = (loc - torch.logit(torch.tensor(1 / 510, dtype=torch.float64))) / scale / math.sqrt(2)
    far = torch.where(z > 0, z, 0.0)
    near = torch.where(z > 0, 0.0, z)
    tail = torch.log(torch.special.erfcx(far) / 2) - far**2
    return torch.where(z > 0, tail, torch.log1p(-torch.special.erfc(-near) / 2))


SOLUTIONS = {"log-black-mass": log_black_mass}
