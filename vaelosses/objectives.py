"""Objectives: from distributions to one number per example, in nats, with nothing reduced silently."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from .likelihoods import Gaussian, Laplace

__all__ = ["BetaVAELoss", "ElboTerms", "elbo", "standard_normal_prior"]


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


class BetaVAELoss:
    r"""The negative ELBO with a weight of the divergence, callable as the class of this name in nidl.

    .. math::
        \mathrm{loss} = \frac1B\sum_{i=1}^B \Bigl[-\log p(x_i \mid z_i)
            + \beta\,\mathrm{KL}\bigl(q(z \mid x_i)\,\|\,\mathcal N(0, I)\bigr)\Bigr]

    **As a loss**: sums over pixels and over latents, the mean over the batch, as there. The reconstruction
    term is a full negative log-likelihood: it uses the scale of ``p``, keeps the constants and takes any
    distribution. The original drops both, so that a beta found with it has to be converted.

    =============== ============================================= ==============================
    ``default``     the original minimises                        the same training here
    =============== ============================================= ==============================
    ``"normal"``    squared error + beta KL                       beta / 2, with scale 1; or beta
                                                                  with scale :math:`\sqrt{1/2}`
    ``"laplace"``   absolute error + beta KL                      beta, with scale 1
    ``"bernoulli"`` binary cross-entropy + beta KL                beta, on black and white pixels
    =============== ============================================= ==============================

    For ``"normal"`` the original's loss is twice ours at beta / 2, less :math:`D\log 2\pi` for *D* pixels;
    for ``"laplace"`` it is ours less :math:`D\log 2`. Its default, beta = 4, is beta = 2 here.

    Args:
        beta: weight of the divergence, at least 0.
        default_dist: what a tensor means in the place of ``p``: the means of normal distributions with scale
            1, the medians of Laplace distributions with scale 1, or the probabilities of white.

    Raises:
        TypeError: if ``p`` is neither a distribution nor a tensor, or the images are not floating point.
        ValueError: if ``beta`` or ``default_dist`` is not one of those, if the shapes do not fit, or, with a
            Bernoulli, if a pixel is neither 0 nor 1.

    Source:
        Higgins et al. (2017), equation (4).

    Example:
        >>> x, q = torch.rand(8, 1, 28, 28), Normal(torch.zeros(8, 16), torch.ones(8, 16))
        >>> terms = BetaVAELoss(beta=2.0)(x, torch.full_like(x, 0.5), q)
        >>> sorted(terms)
        ['kl_loss', 'loss', 'rec_loss']
        >>> terms["kl_loss"]
        tensor(0.)
    """

    Default = Literal["normal", "laplace", "bernoulli"]

    def __init__(self, beta: float = 4.0, default_dist: Default = "normal") -> None:
        if default_dist not in get_args(self.Default):
            raise ValueError(f"default_dist: got {default_dist!r}, expected one of {get_args(self.Default)}")
        if not 0 <= beta < float("inf"):
            raise ValueError(f"beta: got {beta}, expected a finite number of at least 0")
        self.beta = beta
        self.default_dist = default_dist

    def __call__(self, x: Tensor, p: Distribution | Tensor, q: Distribution) -> dict[str, Tensor]:
        """Return ``loss`` and its parts ``rec_loss`` and ``kl_loss``, in nats per image.

        Args:
            x: images ``[B, ...]``, floating point.
            p: the likelihood, of the shape of ``x``; or a tensor of that shape, see ``default_dist``.
            q: the approximate posterior, ``[B, latents]``.
        """
        if torch.is_tensor(p):
            p = self._default(p)
        rec_loss, kl_loss = self.reconstruction_loss(p, x), self.kl_normal_loss(q)
        return {"loss": rec_loss + self.beta * kl_loss, "rec_loss": rec_loss, "kl_loss": kl_loss}

    def reconstruction_loss(self, p: Distribution, data: Tensor) -> Tensor:
        """Return minus the log-likelihood, the mean over the images, in nats."""
        if not isinstance(p, Distribution):
            raise TypeError(f"p: got {type(p).__name__}, expected a distribution")
        if not (torch.is_tensor(data) and data.is_floating_point()):
            got = data.dtype if torch.is_tensor(data) else type(data).__name__
            raise TypeError(f"data: got {got}, expected a floating-point tensor; scale 8-bit images by 1/255")
        if data.shape != p.batch_shape + p.event_shape:
            raise ValueError(
                f"p, data: got a distribution of shape {tuple(p.batch_shape + p.event_shape)} and data of "
                f"shape {tuple(data.shape)}, expected the same"
            )
        log_prob = _of_probabilities(p, data) if isinstance(p, TorchBernoulli) else p.log_prob(data)
        return -log_prob.sum() / len(data)

    def kl_normal_loss(self, q: Distribution) -> Tensor:
        """Return the divergence from the standard normal prior to ``q``, the mean over the batch, in nats."""
        q = q if len(q.batch_shape) == 1 else Independent(q, len(q.batch_shape) - 1)
        return kl_divergence(q, standard_normal_prior(q)).mean()

    def _default(self, p: Tensor) -> Distribution:
        if self.default_dist == "bernoulli":
            return TorchBernoulli(probs=p)
        return (Gaussian if self.default_dist == "normal" else Laplace)(p, torch.ones_like(p))


def _of_probabilities(p: TorchBernoulli, data: Tensor) -> Tensor:
    """Return the log-probability of black and white pixels, exact where a probability is 0 or 1."""
    white, black = data == 1, data == 0
    if not torch.all(white | black):
        raise ValueError(
            f"data: got values between {data.min():.4g} and {data.max():.4g}, expected 0 and 1 for a "
            "Bernoulli; toss coins with the grey values as probabilities, or use ContinuousBernoulli"
        )
    if "logits" in p.__dict__:
        return p.log_prob(data)
    probs = p.probs
    return torch.where(
        white, torch.where(white, probs, 1.0).log(), torch.log1p(-torch.where(white, 0.0, probs))
    )
