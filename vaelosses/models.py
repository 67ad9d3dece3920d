"""Two variational autoencoders that take any head: one for small images fast, one for images proper."""

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from .likelihoods import Head

__all__ = ["MLPVAE", "VAE", "ConvVAE"]


class VAE(nn.Module):
    """An encoder, a decoder and a head.

    Args:
        encoder: images ``[B, C, H, W]`` to ``[B, 2 * latent_dim]``: location and unconstrained scale.
        decoder: latents ``[B, latent_dim]`` to features ``[B, head.num_features, H, W]``.
        head: features to the likelihood of the images.
        latent_dim: number of latents.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, head: Head, latent_dim: int) -> None:
        super().__init__()
        self.encoder, self.decoder, self.head = encoder, decoder, head
        self.latent_dim = latent_dim

    def encode(self, x: Tensor) -> Independent:
        """Return the approximate posterior q(z | x), a Gaussian with diagonal covariance."""
        loc, raw_scale = self.encoder(x).chunk(2, dim=1)
        return Independent(Normal(loc, F.softplus(raw_scale)), 1)

    def decode(self, z: Tensor, target: Tensor | None = None) -> Independent:
        """Return the likelihood p(x | z); ``target`` is handed to the head."""
        return self.head(self.decoder(z), target)

    def forward(self, x: Tensor) -> tuple[Independent, Independent]:
        """Return p(x | z) at one sample z, and q(z | x)."""
        q_z_given_x = self.encode(x)
        return self.decode(q_z_given_x.rsample(), target=x), q_z_given_x

    @torch.no_grad()
    def prior_sample(self, num_images: int) -> Independent:
        """Return p(x | z) for ``num_images`` samples z of the prior."""
        device = next(self.parameters()).device
        return self.decode(torch.randn(num_images, self.latent_dim, device=device))


class MLPVAE(VAE):
    """A fully connected VAE: ReLU layers of the same widths on both sides.

    Args:
        head: the likelihood; its channels must be those of ``image_shape``.
        image_shape: ``(C, H, W)``.
        latent_dim: number of latents.
        hidden: widths of the encoder's layers; the decoder has them in reverse. An empty sequence gives a
            linear VAE.

    Raises:
        ValueError: if the head's channels do not fit the image.

    >>> from vaelosses.likelihoods import GaussianHead
    >>> p_x_given_z, q_z_given_x = MLPVAE(GaussianHead(), latent_dim=2)(torch.zeros(8, 1, 28, 28))
    >>> p_x_given_z.event_shape, q_z_given_x.event_shape
    (torch.Size([1, 28, 28]), torch.Size([2]))
    """

    def __init__(
        self,
        head: Head,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        latent_dim: int = 20,
        hidden: Sequence[int] = (500, 500),
    ) -> None:
        channels, height, width = _checked(image_shape, head)
        features = (head.num_features, height, width)
        encoder = nn.Sequential(nn.Flatten(), *_dense(channels * height * width, *hidden, 2 * latent_dim))
        decoder = nn.Sequential(
            *_dense(latent_dim, *reversed(hidden), math.prod(features)), nn.Unflatten(1, features)
        )
        super().__init__(encoder, decoder, head, latent_dim)


class ConvVAE(VAE):
    """A convolutional VAE: two halvings of the resolution, then a dense layer.

    Args:
        head: the likelihood; its channels must be those of ``image_shape``.
        image_shape: ``(C, H, W)`` with height and width divisible by 4.
        latent_dim: number of latents.
        width: channels of the first convolution; the second has twice as many.

    Raises:
        ValueError: if the head's channels do not fit the image, or its sides are not divisible by 4.

    >>> from vaelosses.likelihoods import GaussianHead
    >>> vae = ConvVAE(GaussianHead(channels=3, scale="pixel"), image_shape=(3, 32, 32))
    >>> vae.prior_sample(5).event_shape
    torch.Size([3, 32, 32])
    """

    def __init__(
        self,
        head: Head,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        latent_dim: int = 64,
        width: int = 64,
    ) -> None:
        channels, height, image_width = _checked(image_shape, head)
        if height % 4 or image_width % 4:
            raise ValueError(f"image_shape: got {image_shape}, expected sides divisible by 4")
        small = (2 * width, height // 4, image_width // 4)
        encoder = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(math.prod(small), 2 * latent_dim),
        )
        decoder = nn.Sequential(
            nn.Linear(latent_dim, math.prod(small)),
            nn.ReLU(),
            nn.Unflatten(1, small),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, head.num_features, 4, stride=2, padding=1),
        )
        super().__init__(encoder, decoder, head, latent_dim)


def _checked(image_shape: tuple[int, int, int], head: Head) -> tuple[int, int, int]:
    if len(image_shape) != 3 or image_shape[0] != head.channels:
        raise ValueError(
            f"image_shape: got {image_shape}, expected (C, H, W) with the head's C = {head.channels}"
        )
    return image_shape


def _dense(*widths: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]
