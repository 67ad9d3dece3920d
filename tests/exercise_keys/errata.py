from collections.abc import Callable

import numpy as np
import torch
from exercise_numerics import integral, lowest
from torch.distributions import Normal, kl_divergence


def density(x: float, loc: float, variance: float) -> float:
    return np.exp(-((x - loc) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def sign(x: float = 1) -> float:
    """Everything by quadrature: the evidence, the posterior, and both terms."""
    evidence = integral(lambda z: density(z, 0, 1) * density(x, z, 1))

    def under_posterior(function: Callable[[float], float]) -> float:
        return integral(lambda z: density(z, 0, 1) * density(x, z, 1) / evidence * function(z), -12, 12)

    kl = under_posterior(lambda z: np.log(density(x, z, 1) / evidence))
    fit = under_posterior(lambda z: np.log(density(x, z, 1)))
    return kl + fit - np.log(evidence)


def demo(scale: float = 0.1) -> float:
    """Over the distribution function of the logit, without its mean distance in closed form."""

    def distance(t: float) -> float:
        below = integral(lambda y: 1 / (1 + np.exp(-y)), -60, t)
        return below + integral(lambda y: 1 / (1 + np.exp(y)), t, 60)

    return np.log(2 * scale) + integral(lambda t: density(t, 0, 1) * distance(t), -10, 10) / scale


def too_sure(x: float = 1) -> float:
    """By a search, with the fit by quadrature; the best mean is x/2."""

    def loss(s: float, m: float = x / 2) -> float:
        fit = integral(lambda u: density(u, 0, 1) * np.log(density(x, m + s * u, 1)), -12, 12)
        return -fit - (1 + np.log(s) - m**2 - s) / 2

    return lowest(loss, 0.01, 3)[0]


PROOFS: dict[str, Callable[[], float]] = {"sign": sign, "too-sure": too_sure, "demo": demo}


def repaired(mean: torch.Tensor, log_sigma: torch.Tensor) -> torch.Tensor:
    one = torch.ones((), dtype=torch.float64)
    return kl_divergence(Normal(mean, log_sigma.exp()), Normal(0 * one, one))


SOLUTIONS = {"log-sigma": repaired}
