"""Laplace: the likelihood behind every absolute-error loss."""

import math

import torch
from torch import Tensor
from torch.distributions import Laplace as TorchLaplace

from ._base import Likelihood, LocationScaleHead
from ._numerics import log1mexp, standardize

__all__ = ["Laplace", "LaplaceHead"]


class Laplace(Likelihood, TorchLaplace):
    r"""A Laplace distribution for each pixel.

    .. math::
        \log p(x) = -\frac{|x - \mu|}{b} - \log 2b

    **As a loss**: :math:`-\log p` is the absolute error over *b* plus :math:`\log 2b`. With :math:`b = 1` and
    the constant dropped it is ``F.l1_loss(mu, x, reduction="sum")``. Nothing is dropped here.

    It is :class:`torch.distributions.Laplace` with a ``log_prob`` that does not round to half precision,
    with the logarithms of its tails, and with a sampler that reaches as far as the tails do.

    Args:
        loc: the median :math:`\mu`, which is also mean and mode, in units of intensity.
        scale: the mean absolute deviation :math:`b > 0`, in the same unit.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The whole line. A density per unit of intensity, in nats.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``scale`` is not positive, or a value is not a number (when validating).

    Source:
        Kotz, Kozubowski and Podgórski (2001), *The Laplace distribution and generalizations*, equation
        (2.1.1).

    Example:
        >>> d = Laplace(torch.tensor(0.5), torch.tensor(0.1))
        >>> d.log_prob(torch.tensor([0.5, 0.7]))
        tensor([ 1.6094, -0.3906])
    """

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    @property
    def median(self) -> Tensor:
        """The mean, by symmetry."""
        return self.loc

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        # The difference of two exponentials; the inverse of the distribution function stops at 17 scales.
        noise = torch.empty(shape, dtype=self.loc.dtype, device=self.loc.device).exponential_()
        return self.loc + self.scale * (noise - torch.empty_like(noise).exponential_())

    def log_prob(self, value: Tensor) -> Tensor:
        value, loc, scale = self._checked(value)
        return -(value - loc).abs() / scale - (2 * scale).log()

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value), finite in the far left tail."""
        z = standardize(*self._checked(value))
        left, right = z.clamp(max=0), z.clamp(min=0)
        return torch.where(z < 0, left - math.log(2), torch.log1p(-0.5 * torch.exp(-right)))

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; either end may be infinite.

        >>> d = Laplace(torch.tensor(0.0), torch.tensor(1.0))
        >>> d.log_interval_prob(torch.tensor(0.0), torch.tensor(math.inf)).exp()
        tensor(0.5000)
        """
        lower, upper, loc, scale = self._checked(lower, upper)
        a, b = standardize(lower, loc, scale), standardize(upper, loc, scale)
        width = standardize(upper - lower, 0.0, scale)
        # On one side of the peak: exp(-d) - exp(-d - width), with the distance d of the nearer end.
        distance = torch.maximum(a, -b)
        outside = distance > 0
        width = torch.where(outside, width, 1.0)
        by_side = log1mexp(width) - torch.where(outside, distance, 0.0) - math.log(2)
        # Across it: what is missing on the left and on the right, each half of an exponential.
        a, b = torch.where(outside, -1.0, a), torch.where(outside, 1.0, b)
        missing = 0.5 * (torch.exp(a) + torch.exp(-b))
        wide = missing < 0.5
        by_missing = torch.log1p(-torch.where(wide, missing, 0.0))
        present = torch.where(wide, 1.0, -0.5 * (torch.expm1(a) + torch.expm1(-b)))
        across = torch.where(wide, by_missing, present.log())
        return torch.where(outside, by_side, across)


class LaplaceHead(LocationScaleHead):
    r"""Decoder features as medians, with a scale that is fixed, learned or optimal.

    The arguments are those of :class:`LocationScaleHead`. With ``"optimal"`` the scale is the mean absolute
    residual, so that the loss is :math:`D\log\mathrm{MAE}` plus a constant.

    Example:
        >>> head = LaplaceHead(scale="optimal", initial_scale=0.1)
        >>> head(torch.zeros(8, 1, 28, 28), target=torch.full((8, 1, 28, 28), 0.3)).stddev.unique()
        tensor([0.4243])
    """

    power = 1

    def likelihood(self, loc: Tensor, scale: Tensor) -> Laplace:
        return Laplace(loc, scale)
