from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal, Poisson


def largest_divergence() -> float:
    """The largest KL of a point that no encoder without a code beats: loss in [0, 20] and weight 4."""
    losses = np.linspace(0, 20, 401)
    divergences = np.linspace(0, 10, 2001)
    total = losses[:, None] + 4 * divergences
    return divergences[(total <= losses.max() + 1e-9).any(0)].max()


PROOFS: dict[str, Callable[[], float]] = {"bounded-loss": largest_divergence}


def feature_density(x: Tensor, mu: Tensor) -> Tensor:
    """By torch's derivative of the distribution function of the feature."""
    point = x.detach().clone().requires_grad_() if not x.requires_grad else x
    feature = point + point**3
    (slope,) = torch.autograd.grad(feature.sum(), point, create_graph=True)
    return Normal(mu, 0.5).log_prob(feature) + slope.log()


SOLUTIONS = {
    "poisson-loss": lambda log_rate, count: -Poisson(log_rate.exp()).log_prob(count),
    "feature-density": feature_density,
}
