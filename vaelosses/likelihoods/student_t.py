"""Student's t: a Gaussian that forgives outliers; with one degree of freedom, the Cauchy."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import constraints

from ._base import Likelihood, LocationScaleHead
from ._gamma import excess_over_log, log_gamma_half_step
from ._numerics import integral, log1mexp, standardize

__all__ = ["StudentT", "StudentTHead"]


class StudentT(Likelihood):
    r"""A Student t distribution for each pixel.

    .. math::
        \log p(x) &= \log\frac{\Gamma\bigl(\frac{\nu + 1}2\bigr)}{\Gamma\bigl(\frac\nu2\bigr)}
            - \tfrac12\log\pi\nu - \log s \\
            &\quad - \tfrac{\nu + 1}2\log\Bigl(1 + \frac{(x - \mu)^2}{\nu s^2}\Bigr)

    **As a loss**: :math:`-\log p` is a logarithm of the squared error, the robust loss of statistics. Its
    gradient is largest at :math:`|x - \mu| = s\sqrt\nu` and falls to zero beyond, so that the loss is not
    convex. As :math:`\nu \to \infty` it is the Gaussian's, and :math:`\nu = 1` is the Cauchy distribution.
    Nothing is dropped.

    Args:
        df: the degrees of freedom :math:`\nu > 0`.
        loc: the median :math:`\mu`, which is also the mode, in units of intensity.
        scale: the scale :math:`s > 0`, in the same unit. The standard deviation is
            :math:`s\sqrt{\nu / (\nu - 2)}`.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        The parameters broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The whole line. A density per unit of intensity, in nats. As in torch the mean is NaN for
        :math:`\nu \le 1`; the variance is infinite for :math:`1 < \nu \le 2` and NaN below.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``df`` or ``scale`` is not positive, or a value is not a number (when validating).

    Source:
        Johnson, Kotz and Balakrishnan (1995), *Continuous univariate distributions* 2, equation (28.1),
        moved and scaled.

    Example:
        >>> d = StudentT(torch.tensor(1.0), torch.tensor(0.0), torch.tensor(1.0))
        >>> d.log_prob(torch.tensor(0.0)), torch.distributions.Cauchy(0.0, 1.0).log_prob(torch.tensor(0.0))
        (tensor(-1.1447), tensor(-1.1447))
    """

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        df: Tensor | float,
        loc: Tensor | float,
        scale: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(df=df, loc=loc, scale=scale, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def median(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.scale.square() * self.df / torch.where(self.df > 2, self.df - 2, 1.0)
        infinite = finite.new_full((), math.inf).masked_fill(self.df <= 1, math.nan)
        return torch.where(self.df > 2, finite, infinite)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        normal = torch.randn(shape, dtype=self.df.dtype, device=self.df.device)
        precision = torch._standard_gamma(self.df.expand(shape) / 2) / (self.df / 2)
        return self.loc + self.scale * normal * precision.rsqrt()

    def log_prob(self, value: Tensor) -> Tensor:
        value, df, loc, scale = self._checked(value)
        return _log_density((value - loc) / scale, df) - scale.log()

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value), finite in the far left tail."""
        return self.log_interval_prob(torch.full_like(value, -math.inf), value)

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats, by quadrature; either end may be infinite.

        >>> d = StudentT(torch.tensor(1.0), torch.tensor(0.0), torch.tensor(1.0))
        >>> d.log_interval_prob(torch.tensor(-1.0), torch.tensor(1.0)).exp()
        tensor(0.5000)
        """
        lower, upper, df, loc, scale = self._checked(lower, upper)
        width = standardize(upper - lower, 0.0, scale)
        a, b = standardize(lower, loc, scale), standardize(upper, loc, scale)
        # By symmetry the interval lies on the right: a + b >= 0, so that only b can be infinite alone.
        flip = a + b < 0
        a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
        open_end = torch.isinf(b)
        narrow = ~open_end & (width < torch.where(open_end, 1.0, (a + b) / 2).clamp(min=1) / 4)

        middle = torch.where(narrow, (a + b) / 2, 0.0)
        half = torch.where(narrow, width / 2, 1.0)
        inside = integral(lambda t: _log_density(middle + half * t, df).exp(), -1.0, 1.0, 12)

        in_tail = ~narrow & (a > 1)
        from_a = _log_tail(torch.where(narrow | torch.isinf(a), 1.0, a), df)
        from_b = _log_tail(torch.where(narrow | open_end, 2.0, b), df)
        drop = torch.where(in_tail & ~open_end, from_a - from_b, 1.0)
        tail = from_a + torch.where(open_end, 0.0, log1mexp(drop))
        # Across the middle, one minus what is missing on either side.
        left = _log_tail(torch.where(narrow | in_tail | torch.isinf(a), 1.0, -a), df)
        missing = torch.where(torch.isinf(a), 0.0, left.exp()) + torch.where(open_end, 0.0, from_b.exp())
        across = torch.log1p(-torch.where(narrow | in_tail, 0.5, missing))
        return torch.where(narrow, (half * inside).log(), torch.where(in_tail, tail, across))

    def entropy(self) -> Tensor:
        half = self.df / 2
        log_norm = log_gamma_half_step(half) - 0.5 * math.log(2 * math.pi)
        digammas = torch.digamma(half + 0.5) - torch.digamma(half)
        return (half + 0.5) * digammas - log_norm + self.scale.log()


def _log1p_square(w: Tensor) -> Tensor:
    """Return ``log(1 + w^2)``; the square of a far residual may overflow where its logarithm does not."""
    far = w.abs() > 1e4
    near, away = torch.where(far, 0.0, w), torch.where(far, w, 1.0)
    return torch.where(far, 2 * away.abs().log() + (1 / away).square(), torch.log1p(near.square()))


def _log_density(z: Tensor, df: Tensor) -> Tensor:
    """Return the log-density of the standard t."""
    w = z / df.sqrt()
    # For many degrees of freedom it is a square, less a little, and so is its derivative by df.
    small = w.abs() < 0.6
    square = torch.where(small, z, 0.0).square()
    less = excess_over_log(square, df, torch.zeros_like(square))
    by_square = (1 + 1 / df) / 2 * (square - less)
    by_log = (df + 1) / 2 * _log1p_square(torch.where(small, 1.0, w))
    log_norm = log_gamma_half_step(df / 2) - 0.5 * math.log(2 * math.pi)
    return log_norm - torch.where(small, by_square, by_log)


def _log_tail(t: Tensor, df: Tensor) -> Tensor:
    r"""Return the logarithm of P(T > t) of the standard t, for any t.

    For :math:`t > 1`, with :math:`t = \sqrt\nu\sinh u` the density is proportional to
    :math:`\cosh^{-\nu} u`, and in :math:`w^2 = \nu\log(\cosh u / \cosh u_0)` the rest is a Gaussian times a
    smooth function. Below, it is one half minus an integral of the density itself.
    """
    distance = t.abs()
    beyond = distance > 1
    square = torch.where(beyond, distance, 1.0) / df.sqrt()
    tanh_square = square.square() / (1 + square.square())
    log_cosh = torch.where(
        square > 1e4, square.log() + 0.5 / square.square(), 0.5 * torch.log1p(square.square())
    )

    def integrand(w: float) -> Tensor:
        grown = tanh_square - (1 - tanh_square) * torch.expm1(-2 * w**2 / df)
        return 2 * w * math.exp(-(w**2)) / grown.sqrt()

    log_norm = log_gamma_half_step(df / 2) + 0.5 * (df / 2).log() - 0.5 * math.log(math.pi)
    log_far = log_norm - df * log_cosh + (integral(integrand, 0.0, 6.5, 36) / df).log()
    near = torch.where(beyond, 1.0, distance)
    centre = integral(lambda t: near * _log_density(near * t, df).exp(), 0.0, 1.0, 24)
    log_near = torch.log(0.5 - centre)
    log_right = torch.where(beyond, log_far, log_near)
    return torch.where(t < 0, log1mexp(-log_right), log_right)


class StudentTHead(LocationScaleHead):
    r"""Decoder features as medians, with a scale and degrees of freedom that are fixed or learned.

    The arguments are those of :class:`LocationScaleHead`, and

    Args:
        df: the degrees of freedom, a positive number, or ``"shared"`` for one learned number that starts
            at 4.

    Raises:
        ValueError: if ``df`` is neither.

    Example:
        >>> head = StudentTHead(df="shared", scale="pixel")
        >>> head(torch.zeros(8, 2, 28, 28)).base_dist.df.unique().item()
        4.0
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        df: float | str = 4.0,
        scale: float | str = "shared",
        initial_scale: float = 0.25,
        min_scale: float = 0.0,
    ) -> None:
        super().__init__(channels, scale=scale, initial_scale=initial_scale, min_scale=min_scale)
        number = isinstance(df, (int, float)) and 0 < df < math.inf
        if not number and df != "shared":
            raise ValueError(f'df: got {df!r}, expected a positive number or "shared"')
        self.df = df
        if df == "shared":
            # The softplus of this is 4.
            self.raw_df = nn.Parameter(torch.tensor(math.log(math.expm1(4.0))))

    def likelihood(self, loc: Tensor, scale: Tensor) -> StudentT:
        df = F.softplus(self.raw_df) if self.df == "shared" else loc.new_full((), self.df)
        return StudentT(df, loc, scale)
