"""Discretized normal: Gaussian noise before the rounding to grey levels."""

import math

import torch
from torch import Tensor
from torch.distributions import constraints

from ._base import LocationScaleHead
from ._grid import GreyLikelihood, residual_in_levels
from ._numerics import log_ndtr_interval

__all__ = ["DiscretizedNormal", "DiscretizedNormalHead"]


class DiscretizedNormal(GreyLikelihood):
    r"""A normal distribution rounded to the grey levels, for each pixel.

    .. math::
        P(x) &= \Phi\Bigl(\frac{x + h - \mu}{\sigma}\Bigr) - \Phi\Bigl(\frac{x - h - \mu}{\sigma}\Bigr), \\
        h &= \frac{1}{2(L - 1)}

    The first of the *L* bins reaches down to :math:`-\infty` and the last one up to :math:`\infty`, so that
    the masses sum to one.

    **As a loss**: where the scale is many bins wide, :math:`-\log P` is the Gaussian's squared error plus
    the logarithm of the bin's width. It is never negative, whatever the scale.

    Args:
        loc: the mean :math:`\mu` before rounding, any real number, in units of intensity.
        scale: the standard deviation :math:`\sigma > 0` before rounding, in the same unit.
        num_levels: the number *L* of grey levels, at least 2.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The numbers k / (L - 1). A probability mass, in nats. Moments, mode, median, ``cdf`` and ``entropy``
        are sums over the levels.

    Raises:
        TypeError: if a value is not float32 or float64.
        ValueError: if ``scale`` is not positive, or a value is not on the grid (when validating), or
            ``num_levels`` is not an integer of at least 2.

    Source:
        Ho, Jain and Abbeel (2020), *Denoising diffusion probabilistic models*, equation (13).

    Example:
        >>> d = DiscretizedNormal(torch.tensor(0.5), torch.tensor(0.1), num_levels=3)
        >>> d.log_prob(torch.tensor([0.0, 0.5, 1.0])).exp()
        tensor([0.0062, 0.9876, 0.0062])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        *,
        num_levels: int = 256,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(num_levels, loc=loc, scale=scale, validate_args=validate_args)

    def _log_mass(self, level: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        residual = residual_in_levels(level, loc, self.num_levels)
        scale = (self.num_levels - 1) * scale
        lower = ((residual - 0.5) / scale).masked_fill(level == 0, -math.inf)
        upper = ((residual + 0.5) / scale).masked_fill(level == self.num_levels - 1, math.inf)
        return log_ndtr_interval(lower, upper, 1 / scale)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        loc, scale = (p.expand(self._extended_shape(sample_shape)) for p in self._promoted())
        return self._grid.nearest(torch.normal(loc, scale))


class DiscretizedNormalHead(LocationScaleHead):
    """Decoder features as means before rounding, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`, and

    Args:
        num_levels: the number of grey levels, at least 2.

    Example:
        >>> DiscretizedNormalHead(scale=0.1, num_levels=2)(torch.full((8, 1, 28, 28), 0.5)).mean.unique()
        tensor([0.5000])
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        scale: float | str = "shared",
        initial_scale: float = 0.25,
        min_scale: float = 0.0,
        num_levels: int = 256,
    ) -> None:
        super().__init__(channels, scale=scale, initial_scale=initial_scale, min_scale=min_scale)
        self.num_levels = num_levels

    def likelihood(self, loc: Tensor, scale: Tensor) -> DiscretizedNormal:
        return DiscretizedNormal(loc, scale, num_levels=self.num_levels)
