"""Objectives: from distributions to one number per example, in nats, with nothing reduced silently."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, kl_divergence

__all__ = ["ElboTerms", "elbo", "standard_normal_prior"]


class ElboTerms(NamedTuple):
    """The evidence lower bound and its two parts, each of shape ``[B]``, in nats."""

    log_likelihood: Tensor
    """The reconstruction term, log p(x | z) at one sample z of the posterior, summed over the image."""
    kl: Tensor
    """The Kullback-Leibler divergence from the prior to the posterior, summed over the latents."""
    elbo: Tensor
    """``log_likelihood - beta * kl``."""


def standard_normal_prior(q_z_given_x: Distribution) -> Independent:
    """Return the prior N(0, I) on the latent space of ``q_z_given_x``."""
    event = q_z_given_x.mean[(0,) * len(q_z_given_x.batch_shape)]
    zero = torch.zeros_like(event)
    return Independent(Normal(zero, torch.ones_like(zero)), event.ndim)


def elbo(
    x: Tensor,
    p_x_given_z: Distribution,
    q_z_given_x: Distribution,
    prior: Distribution | None = None,
    *,
    beta: float = 1.0,
) -> ElboTerms:
    r"""Return the evidence lower bound of each example and its two parts.

    .. math::
        \mathrm{ELBO}(x) = \log p(x \mid z) - \beta\,\mathrm{KL}(q(z \mid x) \,\|\, p(z)),
        \qquad z \sim q(z \mid x)

    **As a loss**: ``-elbo(x, p, q).elbo.mean()``. Sums run over the pixels of an image and over the
    latents of an example. The mean over the batch is the caller's, so no factor hides in a reduction.

    Args:
        x: images ``[B, *event_shape]``, floating point.
        p_x_given_z: the likelihood at one sample ``z``, with ``batch_shape == (B,)``: wrap elementwise
            distributions in ``Independent(..., 3)``.
        q_z_given_x: the approximate posterior, with ``batch_shape == (B,)``.
        prior: the prior of ``z``; the default is the standard normal.
        beta: weight of the divergence, at least 0. Only ``beta >= 1`` keeps this a lower bound of log p(x).

    Returns:
        Three tensors of shape ``[B]``, in nats.

    Raises:
        TypeError: if ``x`` is not a floating-point tensor.
        ValueError: if the shapes do not fit, or ``beta`` is negative or not finite. torch itself would
            broadcast a wrong shape and return a wrong number.

    Source:
        Kingma and Welling (2014), equation (3); the weight is from Higgins et al. (2017), equation (4).

    Example:
        >>> q = Independent(Normal(torch.zeros(4, 2), torch.ones(4, 2)), 1)
        >>> p = Independent(Normal(torch.zeros(4, 1, 8, 8), torch.ones(4, 1, 8, 8)), 3)
        >>> terms = elbo(torch.zeros(4, 1, 8, 8), p, q)
        >>> terms.kl
        tensor([0., 0., 0., 0.])
        >>> terms.elbo.shape
        torch.Size([4])
    """
    if not (torch.is_tensor(x) and x.is_floating_point()):
        got = x.dtype if torch.is_tensor(x) else type(x).__name__
        raise TypeError(f"x: got {got}, expected a floating-point tensor; scale 8-bit images by 1/255")
    if len(p_x_given_z.batch_shape) != 1 or x.shape != p_x_given_z.batch_shape + p_x_given_z.event_shape:
        raise ValueError(
            f"x, p_x_given_z: got x of shape {tuple(x.shape)} and a distribution with batch_shape "
            f"{tuple(p_x_given_z.batch_shape)} and event_shape {tuple(p_x_given_z.event_shape)}, expected "
            "batch_shape (B,) and x of shape (B, *event_shape); wrap with Independent(p, 3) for images"
        )
    if q_z_given_x.batch_shape != p_x_given_z.batch_shape:
        raise ValueError(
            f"q_z_given_x: got batch_shape {tuple(q_z_given_x.batch_shape)}, expected "
            f"{tuple(p_x_given_z.batch_shape)}; wrap with Independent(q, 1) for a vector of latents"
        )
    if not 0 <= beta < float("inf"):
        raise ValueError(f"beta: got {beta}, expected a finite number of at least 0")
    log_likelihood = p_x_given_z.log_prob(x)
    prior = standard_normal_prior(q_z_given_x) if prior is None else prior
    if prior.event_shape != q_z_given_x.event_shape:
        raise ValueError(
            f"prior: got event_shape {tuple(prior.event_shape)}, expected {tuple(q_z_given_x.event_shape)}"
        )
    kl = kl_divergence(q_z_given_x, prior)
    return ElboTerms(log_likelihood, kl, log_likelihood - beta * kl)
