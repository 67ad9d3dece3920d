"""Discretized logistic: a probability for each grey level, from one location and one scale."""

import math

import torch
from torch import Tensor
from torch.distributions import constraints

from ._base import LocationScaleHead
from ._grid import GreyLikelihood, residual_in_levels

__all__ = ["DiscretizedLogistic", "DiscretizedLogisticHead"]


def log_logistic_mass(level: Tensor, loc: Tensor, scale: Tensor, num_levels: int) -> Tensor:
    r"""Return the log-probability of the bin of a grey level under a logistic distribution.

    With *a* and *b* its standardised ends, the mass :math:`\mathrm{sigmoid}(a) - \mathrm{sigmoid}(b)` is
    the product :math:`\mathrm{sigmoid}(a)\,\mathrm{sigmoid}(-b)\,(1 - e^{-(a - b)})`. Minus its logarithm is
    a sum of terms that are not negative, so that nothing cancels, and one logarithm holds most of them:

    .. math::
        -\log P = \max(-a, 0) + \max(b, 0)
            + \log\frac{(1 + e^{-|a|})(1 + e^{-|b|})}{1 - e^{-(a - b)}}

    The first and the last bin are open: there *b* is far below, or *a* far above.
    """
    first, last = level == 0, level == num_levels - 1
    residual, rate = residual_in_levels(level, loc, num_levels), 1 / ((num_levels - 1) * scale)
    # Not masked_fill, which gives up the memory order of the components.
    a = torch.where(last, 1e30, (residual + 0.5) * rate)
    b = torch.where(first, -1e30, (residual - 0.5) * rate)
    width = torch.where(first | last, math.inf, rate)
    # Not abs, whose derivative at 0 is 0: there, each takes the side that relu takes below.
    exp_a, exp_b = torch.exp(torch.where(a < 0, a, -a)), torch.exp(torch.where(b > 0, -b, b))
    excess = (exp_a + exp_b + exp_a * exp_b + torch.exp(-width)) / -torch.expm1(-width)
    return -torch.relu(-a) - torch.relu(b) - torch.log1p(excess)


def rounded_logistic_mean(loc: Tensor, scale: Tensor, num_levels: int) -> Tensor:
    """Return the mean grey value of a rounded logistic: the sum over the edges of what lies beyond each."""
    rate = 1 / ((num_levels - 1) * scale)
    edges = (k + 0.5 for k in range(num_levels - 1))
    return sum(torch.sigmoid(-rate * residual_in_levels(k, loc, num_levels)) for k in edges) / (
        num_levels - 1
    )


def logistic_noise(like: Tensor) -> Tensor:
    """Return a sample of the standard logistic distribution, as far out as the dtype's uniform numbers go."""
    u = torch.rand_like(like)
    return u.log() - torch.log1p(-u)


class DiscretizedLogistic(GreyLikelihood):
    r"""A logistic distribution rounded to the grey levels, for each pixel.

    .. math::
        P(x) &= \mathrm{sigmoid}\Bigl(\frac{x + h - \mu}{s}\Bigr)
            - \mathrm{sigmoid}\Bigl(\frac{x - h - \mu}{s}\Bigr), \\
        h &= \frac{1}{2(L - 1)}

    The first of the *L* bins reaches down to :math:`-\infty` and the last one up to :math:`\infty`, so that
    the masses sum to one for any location and scale.

    **As a loss**: :math:`-\log P` is a smooth absolute error. Far from the pixel it grows like
    :math:`|x - \mu| / s`. It is never negative, and 0 is reached where one bin holds everything. Nothing
    is dropped, and there is no bound on the scale: as it goes to 0 the loss does not fall below 0.

    Args:
        loc: the median :math:`\mu` before rounding, any real number, in units of intensity.
        scale: the scale :math:`s > 0`, in the same unit.
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
        Kingma et al. (2016), *Improved variational inference with inverse autoregressive flow*, appendix
        C.1, on the grid k / 256 without open ends; Salimans et al. (2017), equation (2), which opens them.
        Deviation: no switch to the density and no floor of the scale.

    Example:
        >>> d = DiscretizedLogistic(torch.tensor(0.5), torch.tensor(0.02))
        >>> d.log_prob(d.enumerate_support()).exp().sum()
        tensor(1.)
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
        return log_logistic_mass(level, loc, scale, self.num_levels)

    @property
    def mean(self) -> Tensor:
        return rounded_logistic_mean(*self._promoted(), self.num_levels)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        loc, scale = (p.expand(self._extended_shape(sample_shape)) for p in self._promoted())
        return self._grid.nearest(loc + scale * logistic_noise(loc))


class DiscretizedLogisticHead(LocationScaleHead):
    """Decoder features as medians, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`, and

    Args:
        num_levels: the number of grey levels, at least 2.

    Example:
        >>> p_x_given_z = DiscretizedLogisticHead(num_levels=32)(torch.full((8, 1, 28, 28), 0.5))
        >>> p_x_given_z.log_prob(torch.ones(8, 1, 28, 28)).shape
        torch.Size([8])
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

    def likelihood(self, loc: Tensor, scale: Tensor) -> DiscretizedLogistic:
        return DiscretizedLogistic(loc, scale, num_levels=self.num_levels)
