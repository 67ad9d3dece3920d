"""Censored normal: a Gaussian behind a sensor that clips, so that black and white have a probability."""

import math

import torch
from torch import Tensor
from torch.distributions import constraints, kl_divergence, register_kl

from ._base import Likelihood, LocationScaleHead
from ._numerics import log_ndtr, log_ndtr_interval, standardize
from .truncated_normal import TruncatedNormal

__all__ = ["CensoredNormal", "CensoredNormalHead"]


class CensoredNormal(Likelihood):
    r"""A normal variable for each pixel, clipped to [0, 1]: the doubly rectified Gaussian.

    .. math::
        \log p(x) = \begin{cases}
            \log\Phi\bigl(\tfrac{-\mu}{\sigma}\bigr) & x = 0 \\
            -\frac{(x - \mu)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi & 0 < x < 1 \\
            \log\Phi\bigl(\tfrac{\mu - 1}{\sigma}\bigr) & x = 1
        \end{cases}

    The two ends are *atoms*: single values with a probability. Between them it is a density. The total,
    both atoms plus the integral, is one.

    **As a loss**: inside, :math:`-\log p` is the Gaussian's squared error. At a black pixel it stops to care
    how far below zero the mean is: its gradient vanishes there, where a squared error pulls the mean back.

    Args:
        loc: the mean :math:`\mu` before clipping, any real number, in units of intensity.
        scale: the standard deviation :math:`\sigma > 0` before clipping, in the same unit.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The closed interval [0, 1]. In nats: a probability at 0 and at 1, a density per unit of intensity
        between. The two cannot be compared, so there is no mode and no entropy.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``scale`` is not positive, or a value lies outside of [0, 1] (when validating).

    Source:
        Tobin (1958), *Estimation of relationships for limited dependent variables*, with a limit at both
        ends.

    Example:
        >>> d = CensoredNormal(torch.tensor(0.0), torch.tensor(0.5))
        >>> d.log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True
    atoms = (0.0, 1.0)
    """The single values with a probability of their own."""

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        _, between, white = self._log_masses()
        return between.exp() * self._between().mean + white.exp()

    @property
    def variance(self) -> Tensor:
        black, between, white = (log_mass.exp() for log_mass in self._log_masses())
        mean, inside = self.mean, self._between()
        spread = inside.variance + (inside.mean - mean).square()
        return black * mean.square() + between * spread + white * (1 - mean).square()

    @property
    def median(self) -> Tensor:
        """The median before clipping, clipped."""
        return self.loc.clamp(0, 1)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return (self.loc + self.scale * noise).clamp(0, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        value, loc, scale = self._checked(value)
        z = (value - loc) / scale
        density = (-0.5 * z) * z - scale.log() - 0.5 * math.log(2 * math.pi)
        # At 0 the tail to the left of z, at 1 the one to its right.
        atom = log_ndtr(torch.where(value > 0.5, -z, z))
        return torch.where((value == 0) | (value == 1), atom, density)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value), finite in the far left tail."""
        value, loc, scale = self._checked(value)
        return log_ndtr(standardize(value.masked_fill(value >= 1, math.inf), loc, scale))

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile before clipping, clipped."""
        return (self.loc + self.scale * torch.special.ndtri(value)).clamp(0, 1)

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; the ends may lie outside of [0, 1], or be infinite.

        >>> d = CensoredNormal(torch.tensor(0.5), torch.tensor(0.5))
        >>> d.log_interval_prob(torch.tensor(-1.0), torch.tensor(0.0)).exp()  # the black atom
        tensor(0.1587)
        """
        lower, upper, loc, scale = self._promoted(lower, upper)
        lower = lower.masked_fill(lower < 0, -math.inf)
        upper = upper.masked_fill(upper >= 1, math.inf)
        empty = lower >= torch.minimum(upper, torch.ones_like(upper))
        lower, upper = lower.masked_fill(empty, -math.inf), upper.masked_fill(empty, math.inf)
        width = standardize(upper - lower, 0.0, scale)
        between = log_ndtr_interval(standardize(lower, loc, scale), standardize(upper, loc, scale), width)
        return torch.where(empty, -math.inf, between)

    def _log_masses(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the log-probabilities of 0, of what lies between, and of 1."""
        a, b = -self.loc / self.scale, (1 - self.loc) / self.scale
        return log_ndtr(a), log_ndtr_interval(a, b), log_ndtr(-b)

    def _between(self) -> TruncatedNormal:
        return TruncatedNormal(self.loc, self.scale, validate_args=False)


@register_kl(CensoredNormal, CensoredNormal)
def _kl(p: CensoredNormal, q: CensoredNormal) -> Tensor:
    # A coin with three faces, and where it shows the middle one, a truncated normal.
    faces = zip(p._log_masses(), q._log_masses(), strict=True)
    coin = sum(log_p.exp() * (log_p - log_q) for log_p, log_q in faces)
    return coin + p._log_masses()[1].exp() * kl_divergence(p._between(), q._between())


class CensoredNormalHead(LocationScaleHead):
    r"""Decoder features as means before clipping, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`. There is no ``"optimal"``: the best scale has no
    closed form.

    Example:
        >>> p_x_given_z = CensoredNormalHead(scale=0.5)(torch.zeros(8, 1, 28, 28))
        >>> (p_x_given_z.sample() == 0).float().mean() > 0.4
        tensor(True)
    """

    def likelihood(self, loc: Tensor, scale: Tensor) -> CensoredNormal:
        return CensoredNormal(loc, scale)
