"""Evaluating: one set of numbers for every model, on images that it has not seen."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, kl_divergence

from .bits import grid_log_prob, nats_to_bits_per_dim
from .models import VAE
from .objectives import elbo, standard_normal_prior

__all__ = ["Evaluation", "evaluate", "importance_weighted_bound", "mean_image"]


def mean_image(p_x_given_z: Distribution, *, num_samples: int = 64) -> Tensor:
    """Return the mean of p(x | z), or the mean of some samples where it has no closed form.

    >>> mean_image(Normal(torch.ones(2), 3.0))
    tensor([1., 1.])
    """
    try:
        return p_x_given_z.mean
    except NotImplementedError:  # no closed form: see the likelihood's docstring
        return sum(p_x_given_z.sample() for _ in range(num_samples)) / num_samples


@dataclass(frozen=True)
class Evaluation:
    """A model on held-out images, averaged over them."""

    elbo: float
    """Evidence lower bound with beta = 1, in nats per image. A density where the likelihood is one."""
    kl: float
    """Its divergence term, in nats per image."""
    bits_per_dim: float
    """Minus the ELBO with exact bin masses, in bits per dimension; the end bins take the tails."""
    dequantized_bits_per_dim: float
    """The same with uniform noise inside the bins: the bound that belongs to the density that was trained."""
    mse: float
    """Mean squared error of the mean image, per dimension; of 64 samples where it has no closed form."""
    active_latents: int
    """Latents whose mean divergence exceeds 0.01 nats."""


@torch.no_grad()
def evaluate(model: VAE, x: Tensor, *, num_levels: int = 256, seed: int = 0) -> Evaluation:
    """Evaluate with one sample of z per image.

    Args:
        model: a trained VAE.
        x: images ``[N, C, H, W]`` on the grid of ``num_levels`` grey levels.
        num_levels: how many grey levels the data have.
        seed: of the samples.

    >>> from vaelosses.likelihoods import GaussianHead
    >>> from vaelosses.models import MLPVAE
    >>> black = torch.zeros(10, 1, 28, 28)
    >>> evaluate(MLPVAE(GaussianHead(), latent_dim=2), black).bits_per_dim < 8
    True
    """
    model.eval()
    torch.manual_seed(seed)
    device = next(model.parameters()).device
    sums = torch.zeros(5, dtype=torch.float64)
    kl_per_latent = torch.zeros(model.latent_dim, dtype=torch.float64)
    for part in x.to(device).split(1000):
        p_x_given_z, q_z_given_x = model(part)
        terms = elbo(part, p_x_given_z, q_z_given_x)
        exact = grid_log_prob(p_x_given_z, part, num_levels=num_levels)
        noisy = grid_log_prob(p_x_given_z, part, how="dequantize", num_levels=num_levels)
        error = (part - mean_image(p_x_given_z)).square().flatten(1).mean(1)
        terms = (terms.elbo, terms.kl, exact, noisy, error)
        # On the CPU, because Apple's GPUs have no double precision.
        sums += torch.stack([term.cpu().double().sum() for term in terms])
        each_kl = kl_divergence(q_z_given_x.base_dist, Normal(0.0, 1.0))
        kl_per_latent += each_kl.cpu().double().sum(0)
    bound, kl, exact, noisy, mse = (sums / len(x)).tolist()
    num_dims = math.prod(x.shape[1:])
    return Evaluation(
        elbo=bound,
        kl=kl,
        bits_per_dim=nats_to_bits_per_dim(kl - exact, num_dims),
        dequantized_bits_per_dim=nats_to_bits_per_dim(kl - noisy, num_dims),
        mse=mse,
        active_latents=int((kl_per_latent / len(x) > 0.01).sum()),
    )


@torch.no_grad()
def importance_weighted_bound(
    model: VAE,
    x: Tensor,
    *,
    num_samples: int = 100,
    log_prob: Callable[[Distribution, Tensor], Tensor] | None = None,
    seed: int = 0,
) -> float:
    r"""Return a bound of log p(x) that is tighter than the ELBO, averaged over the images.

    .. math::
        \log \frac1K \sum_{k=1}^K \frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)}, \qquad z_k \sim q(z \mid x)

    With one sample it estimates the ELBO. With more it rises towards log p(x), and it is exact with any
    number where q is the posterior.

    Args:
        model: a trained VAE.
        x: images ``[N, C, H, W]``.
        num_samples: K, at least 1. Time grows with it, memory does not.
        log_prob: what takes p(x | z) and images to ``[N]``, in nats. The default is the likelihood itself;
            for the mass of grey levels pass :func:`vaelosses.bits.grid_log_prob`.
        seed: of the samples.

    Returns:
        Nats per image.

    Raises:
        ValueError: if ``num_samples`` is less than 1.

    Source:
        Burda et al. (2016), equation (8).

    Example:
        >>> from vaelosses.likelihoods import GaussianHead
        >>> from vaelosses.models import MLPVAE
        >>> model, black = MLPVAE(GaussianHead(), latent_dim=2), torch.zeros(10, 1, 28, 28)
        >>> one, many = (importance_weighted_bound(model, black, num_samples=k) for k in (1, 50))
        >>> one < many
        True
    """
    if num_samples < 1:
        raise ValueError(f"num_samples: got {num_samples}, expected at least 1")
    model.eval()
    torch.manual_seed(seed)
    total = 0.0
    for part in x.to(next(model.parameters()).device).split(1000):
        q_z_given_x = model.encode(part)
        prior = standard_normal_prior(q_z_given_x)
        log_sum = torch.full((len(part),), -math.inf, dtype=torch.float64)
        for _ in range(num_samples):
            z = q_z_given_x.sample()
            p_x_given_z = model.decode(z, part)
            log_likelihood = log_prob(p_x_given_z, part) if log_prob else p_x_given_z.log_prob(part)
            log_weight = log_likelihood + prior.log_prob(z) - q_z_given_x.log_prob(z)
            log_sum = torch.logaddexp(log_sum, log_weight.cpu().double())
        total += (log_sum - math.log(num_samples)).sum().item()
    return total / len(x)
