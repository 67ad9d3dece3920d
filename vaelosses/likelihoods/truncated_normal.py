"""Truncated normal: Gaussian noise that knows where the pixels end."""

import math

import torch
from torch import Tensor
from torch.distributions import constraints, register_kl

from ._base import Likelihood, LocationScaleHead
from ._numerics import integral, invert_cdf, log_ndtr_interval

__all__ = ["TruncatedNormal", "TruncatedNormalHead"]


class TruncatedNormal(Likelihood):
    r"""A normal distribution for each pixel, restricted to [0, 1] and normalised there.

    .. math::
        \log p(x) &= -\frac{(x - \mu)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi \\
            &\quad - \log\Bigl(\Phi\bigl(\tfrac{1 - \mu}{\sigma}\bigr)
            - \Phi\bigl(\tfrac{-\mu}{\sigma}\bigr)\Bigr), \\
        & 0 \le x \le 1

    **As a loss**: :math:`-\log p` is the Gaussian's squared error plus the logarithm of the mass between 0
    and 1. Nothing is dropped. The gradient pulls the *mean* of the truncated distribution to the pixel, and
    for a pixel near an end that takes a :math:`\mu` outside of [0, 1].

    Args:
        loc: the mean :math:`\mu` before truncation, any real number, in units of intensity.
        scale: the standard deviation :math:`\sigma > 0` before truncation, in the same unit.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The closed interval [0, 1]. A density per unit of intensity, in nats.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``scale`` is not positive, or a value lies outside of [0, 1] (when validating).

    Source:
        Johnson, Kotz and Balakrishnan (1994), *Continuous univariate distributions* 1, equation (13.134).
        The variance is integrated numerically: its closed form cancels.

    Example:
        >>> d = TruncatedNormal(torch.tensor(1.7153), torch.tensor(0.3))
        >>> d.mean
        tensor(0.9000)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    @property
    def mode(self) -> Tensor:
        """The mean before truncation, or the nearer end."""
        return self.loc.clamp(0, 1)

    @property
    def mean(self) -> Tensor:
        # mu + sigma (phi(a) - phi(b)) / Z, with phi at the nearer end divided out.
        mode = self.mode
        a, b, peak = ((end - self.loc) / self.scale for end in (0, 1, mode))
        fall = torch.exp(0.5 * (peak - a) * (peak + a)) - torch.exp(0.5 * (peak - b) * (peak + b))
        return self.loc + self.scale * fall / log_ndtr_interval(a, b, scaled=True).exp()

    @property
    def variance(self) -> Tensor:
        # Gauss-Legendre where the density exceeds exp(-40) of its maximum.
        distance = (self.loc - self.mode).abs() / self.scale
        reach = 80 * self.scale / (distance + (distance.square() + 80).sqrt())
        lower, upper = (self.mode - reach).clamp(min=0), (self.mode + reach).clamp(max=1)
        mean = self.mean

        def integrand(x: Tensor) -> Tensor:
            return self._log_density(x, self.loc, self.scale).exp() * (x - mean).square()

        return integral(integrand, lower, upper, 64)

    @property
    def median(self) -> Tensor:
        """The middle of the mass, found by bisection."""
        return self.icdf(torch.full_like(self.loc, 0.5))

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        return self._log_density(*self._checked(value))

    def _log_density(self, value: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        # The largest density, at `mode`, is divided out of both terms, which far outside are huge and equal.
        mode = loc.clamp(0, 1)
        squares = ((value - mode) / scale) * ((value + mode - 2 * loc) / scale)
        return -0.5 * squares - scale.log() - log_ndtr_interval(-loc / scale, (1 - loc) / scale, scaled=True)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value)."""
        return self.log_interval_prob(torch.zeros_like(value), value)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile, found by bisection, with the gradient of the implicit function."""
        return invert_cdf(self, value, 0.0, 1.0)

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; the ends may lie outside of [0, 1], or be infinite.

        >>> d = TruncatedNormal(torch.tensor(0.5), torch.tensor(0.1))
        >>> d.log_interval_prob(torch.tensor(0.5), torch.tensor(math.inf)).exp()
        tensor(0.5000)
        """
        lower, upper, loc, scale = self._checked(lower.clamp(0, 1), upper.clamp(0, 1))
        empty = lower >= upper
        lower, upper = torch.where(empty, 0.0, lower), torch.where(empty, 1.0, upper)
        # The largest densities of the two intervals, the part and the whole, differ by a product.
        peak, mode = torch.minimum(torch.maximum(loc, lower), upper), loc.clamp(0, 1)
        squares = ((peak - mode) / scale) * ((peak + mode - 2 * loc) / scale)
        width = (upper - lower) / scale
        part = log_ndtr_interval((lower - loc) / scale, (upper - loc) / scale, width, scaled=True)
        whole = log_ndtr_interval(-loc / scale, (1 - loc) / scale, scaled=True)
        return torch.where(empty, -math.inf, part - whole - 0.5 * squares)

    def entropy(self) -> Tensor:
        squares = self.variance + (self.mean - self.mode) * (self.mean + self.mode - 2 * self.loc)
        whole = log_ndtr_interval(-self.loc / self.scale, (1 - self.loc) / self.scale, scaled=True)
        return 0.5 * squares / self.scale.square() + self.scale.log() + whole


@register_kl(TruncatedNormal, TruncatedNormal)
def _kl(p: TruncatedNormal, q: TruncatedNormal) -> Tensor:
    # The cross-entropy is the logarithm of q at the mean of p, plus the curvature times the variance.
    return q.scale.square().reciprocal() * p.variance / 2 - q.log_prob(p.mean) - p.entropy()


class TruncatedNormalHead(LocationScaleHead):
    r"""Decoder features as means before truncation, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`. There is no ``"optimal"``: the best scale has no
    closed form.

    Example:
        >>> p_x_given_z = TruncatedNormalHead(scale=0.3)(torch.ones(8, 1, 28, 28))
        >>> p_x_given_z.mean.unique()
        tensor([0.7614])
    """

    def likelihood(self, loc: Tensor, scale: Tensor) -> TruncatedNormal:
        return TruncatedNormal(loc, scale)
