"""Where a loss is probed: random arguments, the same in each run."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Point", "Shape", "random_point"]


@dataclass(frozen=True)
class Shape:
    """How large the arguments are."""

    batch: int
    image: tuple[int, ...]
    latents: int


@dataclass(frozen=True)
class Point:
    """The four arguments of a loss."""

    x: Tensor
    x_hat: Tensor
    mu: Tensor
    logvar: Tensor

    def at_prior(self) -> "Point":
        """Return the same images where the posterior is the prior, and a KL zero."""
        return replace(self, mu=torch.zeros_like(self.mu), logvar=torch.zeros_like(self.logvar))


def random_point(
    shape: Shape,
    pixel_range: tuple[float, float],
    *,
    binary: bool = False,
    seed: int = 0,
    distance: float | None = None,
    mu: float = 1.0,
    logvar: float = 3.0,
) -> Point:
    """Return a random point, in double precision. The caller's random state is left alone.

    Args:
        shape: of the arguments.
        pixel_range: the pixels stay inside.
        binary: whether the pixels are black or white.
        seed: another seed, another point.
        distance: the size of ``x_hat - x`` in units of the pixel range. By default ``x_hat`` is anywhere
            inside the range, which is where probabilities have to be.
        mu: the size of the means.
        logvar: the size of the log-variances.
    """
    random = torch.Generator().manual_seed(seed)
    images, latents = (shape.batch, *shape.image), (shape.batch, shape.latents)
    low, high = pixel_range

    def uniform(size: tuple[int, ...], lower: float, upper: float) -> Tensor:
        return lower + (upper - lower) * torch.rand(size, generator=random, dtype=torch.float64)

    x, x_hat = uniform(images, 0.05, 0.95), uniform(images, 0.05, 0.95)
    if binary:
        x = x.round()
    if distance is not None:
        # The size varies from pixel to pixel, and no residual is zero.
        x_hat = x + torch.where(x_hat > 0.5, distance, -distance) * uniform(images, 0.2, 1.0)
    return Point(
        low + (high - low) * x,
        low + (high - low) * x_hat,
        mu * uniform(latents, -1, 1),
        logvar * uniform(latents, -1, 1),
    )
