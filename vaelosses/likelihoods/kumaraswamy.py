"""Kumaraswamy: nearly a Beta distribution, with a distribution function in closed form."""

import torch
from torch import Tensor
from torch.distributions import constraints

from ._numerics import log1mexp, log1mexp_of_exp, log_softplus, widest
from ._unit_interval import ConcentrationHead, Pair, UnitIntervalLikelihood, log_quotient

__all__ = ["Kumaraswamy", "KumaraswamyHead"]


class Kumaraswamy(UnitIntervalLikelihood):
    r"""A Kumaraswamy distribution for each pixel.

    .. math::
        \log p(x) &= \log ab + (a - 1)\log y + (b - 1)\log(1 - y^a) \\
            &\quad + \log(1 - 2\epsilon), \\
        y &= \epsilon + (1 - 2\epsilon)x

    **As a loss**: no classic one. It is close to the Beta distribution and cheaper: there is no gamma
    function, and samples are powers of uniform numbers. Nothing is dropped.

    For :math:`a < 1` the density is infinite at the dark end, and for :math:`b < 1` at the bright one;
    ``mode`` is then that end, and the dark one of two.

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
        Kumaraswamy (1980); Jones (2009), *Kumaraswamy's distribution*, equations (1.1) and (1.2).
        Deviation: the squeeze.

    Example:
        >>> d = Kumaraswamy(torch.tensor(5.0), torch.tensor(0.3))
        >>> d.log_prob(torch.tensor([0.001, 0.5]))
        tensor([-27.2256,  -2.3449])
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
        log_y = _log(pair)
        return a.log() + b.log() + (a - 1) * log_y + (b - 1) * log1mexp(-a * log_y)

    def _log_interval(self, lower: Pair, upper: Pair, a: Tensor, b: Tensor) -> Tensor:
        # The upper tail is (1 - u)^b with u = y^a. From u0 to u1 its logarithm falls by b log(1 + w) with
        # w = (u1 - u0) / (1 - u1), of which we keep the logarithm. Open ends have none.
        dark, bright = lower[0] == 0, upper[1] == 0
        lower = tuple(torch.where(dark, 0.5, part) for part in lower)
        upper = tuple(torch.where(bright, 0.5, part) for part in upper)
        growth = torch.where(dark | bright, 1.0, a * log_quotient(lower, upper))
        part_of_u1 = torch.where(dark, 0.0, log1mexp(growth))
        log_w = a * _log(upper) + part_of_u1 - log1mexp(-a * _log(upper))
        log_tail = torch.where(dark, 0.0, b * log1mexp(-a * _log(lower)))
        return log_tail + torch.where(bright, 0.0, log1mexp_of_exp(b.log() + log_softplus(log_w)))

    def _icdf(self, value: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(torch.log(-torch.expm1(torch.log1p(-value) / b)) / a)

    @property
    def median(self) -> Tensor:
        return self.icdf(torch.full_like(self.concentration1, 0.5))

    def _rsample(self, sample_shape: torch.Size) -> Tensor:
        a, b = self._promoted()
        # Minus the logarithm of a uniform number is exponential, and never zero.
        noise = torch.empty(self._extended_shape(sample_shape), dtype=a.dtype, device=a.device)
        return torch.exp(torch.log(-torch.expm1(-noise.exponential_() / b)) / a)

    def _mean(self, a: Tensor, b: Tensor) -> Tensor:
        return _moment(1, a, b).to(a)

    def _variance(self, a: Tensor, b: Tensor) -> Tensor:
        return (_moment(2, a, b) - _moment(1, a, b).square()).to(a)

    def _mode(self, a: Tensor, b: Tensor) -> Tensor:
        inside = (a >= 1) & (b >= 1) & (a * b > 1)
        a_inside, b_inside = torch.where(inside, a, 2.0), torch.where(inside, b, 2.0)
        mode = ((a_inside - 1) / (a_inside * b_inside - 1)) ** (1 / a_inside)
        # Otherwise the pole, or anywhere in the uniform distribution.
        return torch.where(inside, mode, torch.where(a < 1, 0.0, torch.where(b < 1, 1.0, 0.5)))

    def _entropy(self, a: Tensor, b: Tensor) -> Tensor:
        harmonic = torch.digamma(b + 1) - torch.digamma(torch.ones_like(b))
        return 1 - 1 / b + (1 - 1 / a) * harmonic - a.log() - b.log()


def _log(pair: Pair) -> Tensor:
    """Return log(y), near one from 1 - y."""
    y, z = pair
    bright = z < 0.5
    return torch.where(bright, torch.log1p(-torch.where(bright, z, 0.0)), torch.where(bright, 1.0, y).log())


def _moment(order: int, a: Tensor, b: Tensor) -> Tensor:
    a, b = widest(a), widest(b)
    power = 1 + order / a
    return torch.exp(b.log() + torch.lgamma(power) + torch.lgamma(b) - torch.lgamma(power + b))


class KumaraswamyHead(ConcentrationHead):
    """Decoder features as concentrations, through a softplus that is 1 at zero: it starts uniform.

    Args:
        channels: number of image channels.
        squeeze: of the likelihood. The default is that of dVAE.

    Raises:
        ValueError: if the features have the wrong shape.

    Example:
        >>> KumaraswamyHead()(torch.zeros(8, 2, 28, 28)).mean.mean()
        tensor(0.5000)
    """

    def likelihood(self, concentration1: Tensor, concentration0: Tensor) -> Kumaraswamy:
        return Kumaraswamy(concentration1, concentration0, squeeze=self.squeeze)
