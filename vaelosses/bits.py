"""One currency: bits per dimension of the 8-bit image, for every likelihood."""

import math
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from .likelihoods._numerics import widest

How = Literal["bin", "dequantize", "density"]

__all__ = ["bin_edges", "bits_per_dim", "grid_log_prob", "nats_to_bits_per_dim", "pixel_levels"]


def nats_to_bits_per_dim(nats: Tensor | float, num_dims: int) -> Tensor | float:
    """Convert a negative log-probability of a whole image into bits per dimension.

    Args:
        nats: minus the log of a probability *mass*, or a bound on it, in nats.
        num_dims: pixels times channels.

    >>> nats_to_bits_per_dim(784 * math.log(256), 784)
    8.0
    """
    return nats / (num_dims * math.log(2))


def pixel_levels(x: Tensor, num_levels: int = 256) -> Tensor:
    """Return the grey level of each pixel, a whole number from 0 to ``num_levels - 1`` in the dtype of ``x``.

    Args:
        x: pixels on the grid {0, 1/(L-1), ..., 1}, any shape, float32 or float64.
        num_levels: L, at least 2.

    Raises:
        TypeError: if ``x`` is not float32 or float64. Half precision cannot hold 256 levels.
        ValueError: if a pixel is off the grid or ``num_levels`` is below 2.

    >>> pixel_levels(torch.tensor([0.0, 0.2, 1.0]))
    tensor([  0.,  51., 255.])
    """
    if num_levels < 2:
        raise ValueError(f"num_levels: got {num_levels}, expected at least 2")
    if x.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"x: got {x.dtype}, expected float32 or float64 pixels in [0, 1]")
    scaled = x * (num_levels - 1)
    level = scaled.round()
    distance = (scaled - level).abs().max()
    if not (distance < 0.01 and 0 <= level.min() and level.max() < num_levels):
        raise ValueError(
            f"x: got values between {x.min():.4g} and {x.max():.4g}, up to {distance:.2g} levels off the "
            f"grid, expected k/{num_levels - 1} with integer k from 0 to {num_levels - 1}"
        )
    return level


def bin_edges(x: Tensor, num_levels: int = 256) -> tuple[Tensor, Tensor]:
    """Return the ends of the bin of each pixel.

    Grey level k of L is the number ``x = k / (L - 1)`` and owns ``(k - 1/2, k + 1/2) / (L - 1)``; the first
    and the last bin take the tails, so that the bins cover the line.

    Args:
        x: pixels on the grid {0, 1/(L-1), ..., 1}, any shape.
        num_levels: L, at least 2.

    Returns:
        Two float64 tensors of the shape of ``x`` (float32 on a device without float64).

    Raises:
        TypeError, ValueError: as :func:`pixel_levels`.

    >>> torch.stack(bin_edges(torch.tensor([0.0, 0.5, 1.0]), num_levels=3))
    tensor([[  -inf, 0.2500, 0.7500],
            [0.2500, 0.7500,    inf]], dtype=torch.float64)
    """
    level = pixel_levels(x, num_levels)
    level = widest(level)
    lower, upper = (level - 0.5) / (num_levels - 1), (level + 0.5) / (num_levels - 1)
    lower = lower.masked_fill(level == 0, -math.inf)
    return lower, upper.masked_fill(level == num_levels - 1, math.inf)


def grid_log_prob(p_x_given_z: Independent, x: Tensor, *, how: How = "bin", num_levels: int = 256) -> Tensor:
    r"""Return the log-probability of each image on the grid of grey levels, in nats.

    A density has no probability at a point. To compare likelihoods, each pixel is given the mass of its bin
    (:func:`bin_edges`).

    ``"bin"``
        The exact mass: the difference of the distribution function. Over the ``num_levels`` levels of a
        pixel these masses sum to one.
    ``"dequantize"``
        Density at a uniformly random point of the bin, times the width of the bin: one sample of a lower
        bound of the exact log-mass (by Jensen's inequality). The tails count for nothing here. Bins end
        where the support does.
    ``"density"``
        Density at the pixel times the width of the bin: an approximation that is not a mass and can exceed
        one. It is here to be warned of, since many published numbers are of this kind.

    A likelihood that is discrete already returns its own mass in every case, and one with ``atoms``, single
    values that have a probability, is counted by ``"bin"`` in every case: a density alone is not all of it.

    Args:
        p_x_given_z: ``Independent`` over pixels, ``batch_shape == (B,)``.
        x: images ``[B, *event_shape]`` on the grid.
        how: see above.
        num_levels: how many grey levels the data have.

    Returns:
        ``[B]``, in nats, in float64 where the device has it.

    Raises:
        TypeError: if ``x`` is not float32 or float64.
        ValueError: if ``how`` is unknown, the shapes do not fit, a pixel is off the grid or outside the
            support, or the likelihood has no ``log_interval_prob``, or masses on another grid.

    >>> from vaelosses.likelihoods import Gaussian
    >>> levels = torch.arange(256).reshape(256, 1) / 255
    >>> p = Independent(Gaussian(torch.full((256, 1), 0.2), 0.3), 1)
    >>> round(grid_log_prob(p, levels).exp().sum().item(), 12)
    1.0
    """
    if how not in get_args(How):
        raise ValueError(f"how: got {how!r}, expected one of {get_args(How)}")
    if not isinstance(p_x_given_z, Independent):
        raise ValueError(f"p_x_given_z: got {type(p_x_given_z).__name__}, expected Independent over pixels")
    if x.shape != p_x_given_z.batch_shape + p_x_given_z.event_shape:
        raise ValueError(
            f"x: got shape {tuple(x.shape)}, expected {tuple(p_x_given_z.batch_shape)} + "
            f"{tuple(p_x_given_z.event_shape)}"
        )
    pixels: Distribution = p_x_given_z.base_dist
    if p_x_given_z.support.is_discrete:
        own_levels = getattr(pixels, "num_levels", num_levels)
        if own_levels != num_levels:
            raise ValueError(f"num_levels: got {num_levels}, expected the {own_levels} of p_x_given_z")
        return p_x_given_z.log_prob(x)
    lower, upper = bin_edges(x, num_levels)
    if how == "bin" or getattr(pixels, "atoms", ()):
        if not hasattr(pixels, "log_interval_prob"):
            raise ValueError(
                f"p_x_given_z: {type(pixels).__name__} has no log_interval_prob, which exact masses need"
            )
        return pixels.log_interval_prob(lower, upper).flatten(1).sum(1)
    x, half = x.to(lower), 0.5 / (num_levels - 1)
    lower = (x - half).clamp(min=getattr(pixels.support, "lower_bound", -math.inf))
    upper = (x + half).clamp(max=getattr(pixels.support, "upper_bound", math.inf))
    point = lower + (upper - lower) * torch.rand_like(x) if how == "dequantize" else x
    return (pixels.log_prob(point) + (upper - lower).log()).flatten(1).sum(1)


def bits_per_dim(p_x_given_z: Independent, x: Tensor, *, how: How = "bin", num_levels: int = 256) -> Tensor:
    """Return minus the log-probability on the grid of grey levels, in bits per dimension.

    The arguments and errors are those of :func:`grid_log_prob`. A uniform guess over 256 levels costs 8.

    Returns:
        ``[B]``, in bits per dimension.

    >>> from vaelosses.likelihoods import Gaussian
    >>> x = torch.zeros(1, 1, 2, 2)
    >>> p = Independent(Gaussian(x, 0.001), 3)
    >>> bits_per_dim(p, x), bits_per_dim(p, x, how="density")  # a mass costs bits, a density may earn them
    (tensor([0.0365], dtype=torch.float64), tensor([-0.6457], dtype=torch.float64))
    """
    nats = -grid_log_prob(p_x_given_z, x, how=how, num_levels=num_levels)
    return nats_to_bits_per_dim(nats, p_x_given_z.event_shape.numel())
