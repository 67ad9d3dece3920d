import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from scipy import optimize
from torch import Tensor
from torch.distributions import Normal

from .gaussian import linear_vae

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of pixels, their means, and the KL of each latent."""


def slopes(loss: Loss, pixels: int, latents: int) -> np.ndarray:
    """What one pixel's error and one latent's KL weigh in the gradient of a loss."""
    x = torch.zeros(pixels, dtype=torch.float64)
    x_hat = torch.rand_like(x).requires_grad_()
    kl = torch.rand(latents, dtype=torch.float64, requires_grad=True)
    by_pixel, by_kl = torch.autograd.grad(loss(x, x_hat, kl), [x_hat, kl])
    return np.array([(by_pixel[0] / x_hat[0]).item(), by_kl[0].item()])


def parameter(vae: Callable[[float], Loss], written: Loss, pixels: int, latents: int = 1) -> float:
    """The parameter with which a VAE's loss points in the direction of the written loss."""
    target = slopes(written, pixels, latents)

    def mismatch(log_parameter: float) -> float:
        ratio = slopes(vae(math.exp(log_parameter)), pixels, latents) / target
        return math.log(ratio[0] / ratio[1])

    return math.exp(optimize.brentq(mismatch, -12, 12, xtol=1e-12))


def with_variance(v: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, math.sqrt(v)).log_prob(x).sum() + kl.sum()


def with_beta(beta: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, 1).log_prob(x).sum() + beta * kl.sum()


def with_beta_norm(beta: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, 1).log_prob(x).mean() + beta * kl.mean()


PROOFS: dict[str, Callable[[], float]] = {
    "sse": lambda: parameter(
        with_variance, lambda x, x_hat, kl: F.mse_loss(x_hat, x, reduction="sum") + kl.sum(), 784
    ),
    "mean-mse": lambda: parameter(with_variance, lambda x, x_hat, kl: F.mse_loss(x_hat, x) + kl.sum(), 784),
    "equivalent-beta": lambda: parameter(
        with_beta, lambda x, x_hat, kl: F.mse_loss(x_hat, x, reduction="sum") + 4 * kl.sum(), 784
    ),
    "mean-mean": lambda: parameter(with_beta, with_beta_norm(1), 3 * 32 * 32, 128),
    "beta-norm": lambda: parameter(with_beta_norm, with_beta(4), 3 * 64 * 64, 10),
    "survivors": lambda: float(
        (abs(linear_vae([5.1, 3.2, 1.4, 0.7, 0.3], k=5, beta=1, v=0.5)[0]) > 1e-2).sum()
    ),
}

SOLUTIONS = {
    "implied-variance": lambda loss: parameter(
        with_variance, lambda x, x_hat, kl: loss(x, x_hat, kl.sum()), 5
    ),
}
