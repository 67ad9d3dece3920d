"""What needs no network: histograms, Gaussians and exact linear VAEs, on the same grid of grey levels."""

import math

import torch
from torch import Tensor

from .bits import nats_to_bits_per_dim, pixel_levels

__all__ = [
    "LinearVAE",
    "eigenvalues",
    "full_gaussian_bits",
    "iid_histogram_bits",
    "linear_vae",
    "linear_vae_bits",
    "pixel_histogram_bits",
    "surviving_latents",
    "uniform_bits",
]


def uniform_bits(num_levels: int = 256) -> float:
    """Return the bits per dimension of guessing every level equally often: 8 for 256 levels."""
    return math.log2(num_levels)


def iid_histogram_bits(x_train: Tensor, x_test: Tensor, *, num_levels: int = 256) -> float:
    """Return the bits per dimension of one histogram for all pixels, fitted on the training images.

    Each level starts with a count of ``1 / num_levels``, so a level that was never seen keeps some mass.

    Args:
        x_train: images ``[N, C, H, W]`` on the grid.
        x_test: images that are scored.
        num_levels: how many grey levels the data have.

    >>> x = torch.tensor([0.0, 0.0, 0.0, 1.0]).reshape(4, 1, 1, 1)
    >>> round(iid_histogram_bits(x.repeat(1000, 1, 1, 1), x, num_levels=2), 3)  # the entropy of (3/4, 1/4)
    0.811
    """
    train, test = pixel_levels(x_train, num_levels), pixel_levels(x_test, num_levels)
    return _histogram_bits(train.reshape(-1, 1), test.reshape(-1, 1), num_levels)


def pixel_histogram_bits(x_train: Tensor, x_test: Tensor, *, num_levels: int = 256) -> float:
    """Return the bits per dimension of one histogram per pixel; arguments as in :func:`iid_histogram_bits`.

    >>> x = torch.tensor([[0.0, 1.0], [0.0, 0.0]]).reshape(2, 1, 1, 2)  # the first pixel is always black
    >>> round(pixel_histogram_bits(x.repeat(1000, 1, 1, 1), x, num_levels=2), 2)
    0.5
    """
    train, test = pixel_levels(x_train, num_levels), pixel_levels(x_test, num_levels)
    return _histogram_bits(train.flatten(1), test.flatten(1), num_levels)


def full_gaussian_bits(x_train: Tensor, x_test: Tensor) -> float:
    """Return the bits per dimension of one Gaussian with full covariance.

    It is a linear VAE with as many latents as pixels; see :func:`linear_vae_bits`.

    >>> x = torch.cartesian_prod(torch.arange(256), torch.arange(256)).reshape(-1, 1, 1, 2) / 255
    >>> round(full_gaussian_bits(x, x) - 8, 4)  # what a Gaussian loses on uniform pixels
    0.2546
    """
    return linear_vae_bits(x_train, x_test, latent_dim=math.prod(x_train.shape[1:]))


class LinearVAE:
    """The best linear-Gaussian VAE, in closed form: x | z ~ N(mean + weight z, variance I), z ~ N(0, I).

    Attributes:
        mean: ``[D]``.
        weight: ``[D, k]`` with orthogonal columns; a latent that does not survive has a column of zeros.
        variance: of the likelihood, one number for all pixels.
        surviving: how many columns are not zero.
    """

    def __init__(self, mean: Tensor, weight: Tensor, variance: float) -> None:
        self.mean, self.weight, self.variance = mean, weight, variance
        self.surviving = int((weight.abs().sum(0) > 0).sum())

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the exact log p(x) of images ``[N, ...]`` in nats: a density."""
        centred = x.flatten(1).to(self.mean) - self.mean
        # Woodbury's identity; the columns of the weight are orthogonal, so nothing has to be inverted.
        signal = self.weight.square().sum(0)
        explained = ((centred @ self.weight).square() / (self.variance + signal)).sum(1)
        squared = (centred.square().sum(1) - explained) / self.variance
        log_det = len(self.mean) * math.log(self.variance) + torch.log1p(signal / self.variance).sum()
        return -0.5 * (squared + log_det + len(self.mean) * math.log(2 * math.pi))


def eigenvalues(x: Tensor) -> Tensor:
    """Return the eigenvalues of the covariance of the images, largest first, in float64.

    >>> x = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]]).reshape(4, 1, 1, 2)
    >>> eigenvalues(x)
    tensor([2.0000, 0.5000], dtype=torch.float64)
    """
    return _spectrum(x)[1]


def surviving_latents(eigenvalues: Tensor, variance: float, *, beta: float = 1.0) -> int:
    r"""Predict how many latents a linear VAE keeps: those with eigenvalue above :math:`\beta\sigma^2`.

    Args:
        eigenvalues: of the covariance of the data.
        variance: :math:`\sigma^2` of the Gaussian likelihood, positive.
        beta: weight of the divergence.

    Source:
        Lucas et al. (2019), section 4; the derivation is in the chapter on reductions.

    >>> surviving_latents(torch.tensor([5.0, 3.0, 0.5]), variance=0.5, beta=2)
    2
    """
    if not (variance > 0 and beta >= 0):
        raise ValueError(f"variance, beta: got {variance} and {beta}, expected variance > 0 and beta >= 0")
    return int((eigenvalues > beta * variance).sum())


def linear_vae(
    x: Tensor,
    latent_dim: int,
    *,
    variance: float | None = None,
    beta: float = 1.0,
    noise: float = 0.0,
) -> LinearVAE:
    r"""Return the linear VAE that maximises the beta-ELBO of the images exactly.

    With eigenvalues :math:`\lambda_i` and eigenvectors of the covariance, column *i* of the weight is the
    eigenvector times :math:`\sqrt{\lambda_i - \beta\sigma^2}`, or zero where that is not positive. At
    ``beta=1`` this is probabilistic principal component analysis.

    Args:
        x: images ``[N, ...]``.
        latent_dim: number of latents, from 0 to the number of pixels.
        variance: :math:`\sigma^2`; by default the one that maximises the likelihood, the mean of the
            eigenvalues left over (for ``beta=1`` only).
        beta: weight of the divergence.
        noise: variance of independent noise that the pixels are taken to carry on top.

    Source:
        Tipping and Bishop (1999), equations (7) and (8), at ``beta=1``.

    >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).reshape(4, 1, 1, 2)
    >>> vae = linear_vae(x, latent_dim=1)
    >>> vae.variance, vae.surviving
    (0.5, 1)
    """
    mean, values, vectors = _spectrum(x)
    values = values + noise
    if not 0 <= latent_dim <= len(values):
        raise ValueError(f"latent_dim: got {latent_dim}, expected 0 to {len(values)}, the number of pixels")
    if variance is None:
        if beta != 1:
            raise ValueError(f"variance: got None with beta={beta}, expected a number unless beta is 1")
        rest = values[latent_dim:]
        variance = (rest.mean() if len(rest) else values[-1]).item()
    if not variance > 0:
        raise ValueError(f"variance: got {variance}, expected a positive number")
    gain = (values[:latent_dim] - beta * variance).clamp(min=0).sqrt()
    return LinearVAE(mean, vectors[:, :latent_dim] * gain, variance)


def linear_vae_bits(x_train: Tensor, x_test: Tensor, latent_dim: int, *, num_levels: int = 256) -> float:
    r"""Return the bits per dimension of the best linear VAE, with its exact log p(x).

    The images are dequantised with uniform noise of variance :math:`w^2/12` inside their bins of width *w*.
    Both the covariance that is fitted and the expected log-density over the noise are exact, so nothing is
    sampled. By Jensen's inequality the result is an upper bound of the bits of the exact bin masses.

    Args:
        x_train: images ``[N, C, H, W]`` on the grid.
        x_test: images that are scored.
        latent_dim: number of latents.
        num_levels: how many grey levels the data have.
    """
    pixel_levels(x_test, num_levels)  # refuses pixels off the grid
    width = 1 / (num_levels - 1)
    noise = width**2 / 12
    vae = linear_vae(x_train, latent_dim, noise=noise)
    # The expectation of a quadratic form over the noise adds the trace of the precision.
    signal = vae.weight.square().sum(0)
    precision_trace = (len(vae.mean) - (signal / (signal + vae.variance)).sum()) / vae.variance
    log_prob = vae.log_prob(x_test).mean() - 0.5 * noise * precision_trace
    nats = -log_prob.item() - len(vae.mean) * math.log(width)
    return nats_to_bits_per_dim(nats, len(vae.mean))


def _spectrum(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, eigenvalues (largest first) and eigenvectors of the covariance, in float64."""
    flat = x.flatten(1).double()
    mean = flat.mean(0)
    centred = flat - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(flat))
    return mean, values.flip(0).clamp(min=0), vectors.flip(1)


def _histogram_bits(train: Tensor, test: Tensor, num_levels: int) -> float:
    """Columns are histograms: count the levels of ``train``, score those of ``test``."""
    columns = train.shape[1]
    offset = torch.arange(columns, dtype=torch.int32) * num_levels
    counts = torch.bincount((train.int() + offset).flatten(), minlength=columns * num_levels)
    probs = (counts.double() + 1 / num_levels) / (len(train) + 1)
    return -probs.log2()[(test.int() + offset).flatten()].mean().item()
