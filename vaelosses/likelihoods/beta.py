"""Beta: two concentrations for each pixel between black and white."""

import math

import torch
from torch import Tensor
from torch.distributions import Beta as TorchBeta
from torch.distributions import constraints, register_kl

from ._gamma import excess_over_log, log_betainc, stirling_remainder
from ._numerics import integral, log1mexp, widest
from ._unit_interval import ConcentrationHead, Pair, UnitIntervalLikelihood, log_quotient

__all__ = ["Beta", "BetaHead"]

# From y = 1/3 to 2/3 with concentrations one: what is harmless to evaluate where something else is used.
_MIDDLE_THIRD = (1 / 3, 2 / 3, 2 / 3, 1 / 3, 1.0, 1.0)


class Beta(UnitIntervalLikelihood):
    r"""A Beta distribution for each pixel.

    .. math::
        \log p(x) &= (a - 1)\log y + (b - 1)\log(1 - y) \\
            &\quad - \log B(a, b) + \log(1 - 2\epsilon), \\
        y &= \epsilon + (1 - 2\epsilon)x

    **As a loss**: no classic one. Its minimum fits the means of :math:`\log y` and of
    :math:`\log(1 - y)`, not that of *y*. Nothing is dropped.

    It is computed as a relative entropy between *y* and the mean, plus Stirling remainders, since the parts
    of the textbook's formula are huge and cancel where the concentrations are large:
    :class:`torch.distributions.Beta` returns 32 instead of 8.18 at :math:`a = b = 10^7` in float32.

    There is no closed form of the median and the quantiles. For :math:`a < 1` the density is infinite at
    the dark end, and for :math:`b < 1` at the bright one; ``mode`` is then that end, and the dark one of
    two. ``log_cdf`` and ``log_interval_prob`` evaluate a continued fraction until it stands still, or a
    series or a quadrature where that cancels: they are exact for concentrations down to :math:`e^{-60}`.

    Args:
        concentration1: :math:`a > 0`.
        concentration0: :math:`b > 0`.
        squeeze: :math:`\epsilon`, at least 0 and below 1/2. Black and white pixels need it to be positive.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        The concentrations broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The open interval from :math:`-e` to :math:`1 + e` with :math:`e = \epsilon / (1 - 2\epsilon)`. A
        density per unit of intensity, in nats.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if a concentration is not positive, a value is outside of the support (when validating),
            or ``squeeze`` is out of range.

    Source:
        Johnson, Kotz and Balakrishnan (1995), *Continuous univariate distributions* 2, equation (25.1), in
        the form of Loader (2000), *Fast and accurate computation of binomial probabilities*. Deviation: the
        squeeze.

    Example:
        >>> Beta(torch.tensor(1e7), torch.tensor(1e7)).log_prob(torch.tensor(0.5))
        tensor(8.1798)
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        *,
        squeeze: float = 0.0,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(
            squeeze,
            concentration1=concentration1,
            concentration0=concentration0,
            validate_args=validate_args,
        )

    def _log_density(self, pair: Pair, a: Tensor, b: Tensor) -> Tensor:
        y, z = pair
        # The relative entropy, a log(mean / y) + b log((1 - mean) / z), as two terms that are not negative.
        difference = b * y - a * z
        dark = excess_over_log(difference, a, _log_ratio(y, a, a + b))
        bright = excess_over_log(-difference, b, _log_ratio(z, b, a + b))
        remainder = stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b)
        log_peak = 0.5 * (torch.log(a / (a + b)) + b.log() - math.log(2 * math.pi))
        return log_peak - dark - bright + remainder - y.log() - z.log()

    def _log_interval(self, lower: Pair, upper: Pair, a: Tensor, b: Tensor) -> Tensor:
        dark, bright = lower[0] == 0, upper[1] == 0
        lower = tuple(torch.where(dark, 0.5, part) for part in lower)
        upper = tuple(torch.where(bright, 0.5, part) for part in upper)
        below, beyond = (log_betainc(a, b, *end, self._log_density(end, a, b)) for end in (lower, upper))
        # Between the logarithms of whichever tail is smaller, unless most of it lies beyond the interval.
        left = beyond[0] < beyond[1]
        large, small = torch.where(left, beyond[0], below[1]), torch.where(left, below[0], beyond[1])
        drop = torch.where(dark | bright, 1.0, large - small)
        little = ~(drop > 0.1)
        between = large + log1mexp(torch.where(little, 1.0, drop))
        y0, z0, y1, z1, *concentrations = (
            torch.where(little, *pair) for pair in zip((*lower, *upper, a, b), _MIDDLE_THIRD, strict=True)
        )
        between = torch.where(little, self._log_little((y0, z0), (y1, z1), *concentrations), between)
        one_sided = torch.where(dark, torch.where(bright, 0.0, beyond[0]), below[1])
        return torch.where(dark | bright, one_sided, between)

    def _log_little(self, lower: Pair, upper: Pair, a: Tensor, b: Tensor) -> Tensor:
        """Return the log-mass of an interval that holds less than a tenth of the tail that it begins.

        The density of logit(y) is log-concave. If it fell by a factor *c* over the interval, the tail would
        be at most 1 / (c - 1) times its mass: hence it is flat to a tenth, and easy to integrate.
        """
        width = log_quotient(lower, upper) + log_quotient(upper[::-1], lower[::-1])
        middle = sum(y.log() - z.log() for y, z in (lower, upper)) / 2
        y, z = middle.sigmoid(), (-middle).sigmoid()

        def ratio(u: float) -> Tensor:
            return torch.exp(a * width * u - (a + b) * torch.log1p(y * torch.expm1(width * u)))

        peak = self._log_density((y, z), a, b) + y.log() + z.log()
        return peak + width.log() + integral(ratio, -0.5, 0.5, 16).log()

    def _rsample(self, sample_shape: torch.Size) -> Tensor:
        return TorchBeta(*self._promoted(), validate_args=False).rsample(sample_shape)

    def _mean(self, a: Tensor, b: Tensor) -> Tensor:
        return a / (a + b)

    def _variance(self, a: Tensor, b: Tensor) -> Tensor:
        return a / (a + b) * (b / (a + b)) / (a + b + 1)

    def _mode(self, a: Tensor, b: Tensor) -> Tensor:
        inside = (a >= 1) & (b >= 1) & (a + b > 2)
        mode = torch.where(inside, a - 1, 1.0) / torch.where(inside, a + b - 2, 2.0)
        # Otherwise the pole, or anywhere in the uniform distribution.
        return torch.where(inside | (a == 1) & (b == 1), mode, torch.where(a < 1, 0.0, 1.0))

    def _entropy(self, a: Tensor, b: Tensor) -> Tensor:
        return -_mean_log_density(a, b, a, b).to(a)


def _log_ratio(y: Tensor, a: Tensor, total: Tensor) -> Tensor:
    """Return ``log(y total / a)``, whose derivative with respect to a small ``a`` does not overflow."""
    at_least_one = a.clamp(min=1)
    return torch.log(y / at_least_one * total) - torch.log(a / at_least_one)


def _mean_log_density(a: Tensor, b: Tensor, a_true: Tensor, b_true: Tensor) -> Tensor:
    """Return the mean of the log-density with ``a`` and ``b`` under the distribution with the true ones."""
    a, b, a_true, b_true = map(widest, (a, b, a_true, b_true))
    log_beta = torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
    total = torch.digamma(a_true + b_true)
    mean_log_y, mean_log_z = torch.digamma(a_true) - total, torch.digamma(b_true) - total
    return (a - 1) * mean_log_y + (b - 1) * mean_log_z - log_beta


@register_kl(Beta, Beta)
def _kl(p: Beta, q: Beta) -> Tensor:
    if p.squeeze != q.squeeze:
        raise NotImplementedError(
            f"squeeze: got {p.squeeze} and {q.squeeze}, expected the same for a closed divergence"
        )
    true = p._promoted()
    return (_mean_log_density(*true, *true) - _mean_log_density(*q._promoted(), *true)).to(true[0])


class BetaHead(ConcentrationHead):
    """Decoder features as concentrations, through a softplus that is 1 at zero: it starts uniform.

    Args:
        channels: number of image channels.
        squeeze: of the likelihood. The default is that of dVAE.

    Raises:
        ValueError: if the features have the wrong shape.

    Example:
        >>> BetaHead()(torch.zeros(8, 2, 28, 28)).mean.mean()
        tensor(0.5000)
    """

    def likelihood(self, concentration1: Tensor, concentration0: Tensor) -> Beta:
        return Beta(concentration1, concentration0, squeeze=self.squeeze)
