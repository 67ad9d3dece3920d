"""Logit-normal: Gaussian noise on the logit of a pixel."""

import math

import torch
from torch import Tensor
from torch.distributions import kl_divergence, register_kl

from ._base import LocationScaleHead
from ._unit_interval import LogitLikelihood
from .gaussian import Gaussian

__all__ = ["LogitNormal", "LogitNormalHead"]


class LogitNormal(LogitLikelihood):
    r"""A normal distribution for the logit of each pixel.

    .. math::
        \log p(x) &= \log\mathcal N\bigl(\mathrm{logit}\,y \mid \mu, \sigma^2\bigr) \\
            &\quad - \log y - \log(1 - y) + \log(1 - 2\epsilon), \\
        y &= \epsilon + (1 - 2\epsilon)x

    **As a loss**: :math:`-\log p` is half the squared error of the logits over :math:`\sigma^2`, plus
    :math:`\log\sigma` and the Jacobian of the logit. The Jacobian depends on the pixel alone: without it the
    decoder learns the same and every reported number is wrong. Nothing is dropped here.

    There is no closed form of the mean and the variance. They are integrated by the trapezoidal rule, which
    converges exponentially here, with an error below 1e-12. The density has two modes if
    :math:`\sigma^2 > 2` and :math:`|\mu|` is small.

    Args:
        loc: the mean :math:`\mu` of the logit, any real number.
        scale: the standard deviation :math:`\sigma > 0` of the logit.
        squeeze: :math:`\epsilon`, at least 0 and below 1/2. Black and white pixels need it to be positive.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The open interval from :math:`-e` to :math:`1 + e` with :math:`e = \epsilon / (1 - 2\epsilon)`. A
        density per unit of intensity, in nats.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``scale`` is not positive, a value is outside of the support (when validating), or
            ``squeeze`` is out of range.

    Source:
        Atchison and Shen (1980), *Logistic-normal distributions*, section 1. Deviation: the squeeze.

    Example:
        >>> d = LogitNormal(torch.tensor(0.0), torch.tensor(1.0), squeeze=0.1)
        >>> d.log_prob(torch.tensor([0.0, 0.5]))
        tensor([-1.1480,  0.2442])
    """

    base = Gaussian

    def _mode(self, loc: Tensor, scale: Tensor) -> Tensor:
        # The logit solves t = mu + sigma^2 tanh(t / 2); the higher mode is the root on the side of mu.
        distance, variance = loc.abs(), scale.square()
        low, high = distance, distance + variance
        for _ in range(80):
            middle = (low + high) / 2
            below = middle < distance + variance * torch.tanh(middle / 2)
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return torch.sigmoid(torch.where(loc < 0, -low, low))

    def _mean(self, loc: Tensor, scale: Tensor) -> Tensor:
        return torch.sigmoid(loc) + self._moments(loc, scale)[0]

    def _variance(self, loc: Tensor, scale: Tensor) -> Tensor:
        shift, spread = self._moments(loc, scale)
        return spread - shift.square()

    @staticmethod
    def _moments(loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the mean square of y - sigmoid(mu), by the trapezoidal rule."""
        start, narrow = torch.sigmoid(loc), scale < 1
        # A narrow normal: over the noise, of a smooth sigmoid.
        small = torch.where(narrow, scale, 1.0)
        shift, spread = torch.zeros_like(loc), torch.zeros_like(loc)
        for k in range(-18, 19):
            weight = 0.5 * math.exp(-((0.5 * k) ** 2) / 2) / math.sqrt(2 * math.pi)
            difference = torch.sigmoid(loc + small * 0.5 * k) - start
            shift, spread = shift + weight * difference, spread + weight * difference.square()
        # A wide one: E g(T) is the integral of g'(t) P(T > t), over the logit, of a smooth tail.
        large = torch.where(narrow, 1.0, scale)
        mean, square = torch.zeros_like(loc), torch.zeros_like(loc)
        for k in range(-80, 81):
            y = 1 / (1 + math.exp(-0.5 * k))
            tail = 0.5 * y * (1 - y) * torch.erfc((0.5 * k - loc) / large / math.sqrt(2)) / 2
            mean, square = mean + tail, square + 2 * y * tail
        wide_shift = mean - start
        wide_spread = square - 2 * start * mean + start.square()
        return torch.where(narrow, shift, wide_shift), torch.where(narrow, spread, wide_spread)


@register_kl(LogitNormal, LogitNormal)
def _kl(p: LogitNormal, q: LogitNormal) -> Tensor:
    p._check_same_squeeze(q)
    return kl_divergence(p.of_logit(), q.of_logit())


class LogitNormalHead(LocationScaleHead):
    r"""Decoder features as means of the logit, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`, with scales in units of the logit, and

    Args:
        squeeze: :math:`\epsilon` of the likelihood. The default is that of dVAE.

    Example:
        >>> p_x_given_z = LogitNormalHead(scale="pixel")(torch.zeros(8, 2, 28, 28))
        >>> p_x_given_z.log_prob(torch.ones(8, 1, 28, 28)).shape
        torch.Size([8])
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        scale: float | str = "shared",
        initial_scale: float = 1.0,
        min_scale: float = 0.0,
        squeeze: float = 0.1,
    ) -> None:
        super().__init__(channels, scale=scale, initial_scale=initial_scale, min_scale=min_scale)
        self.squeeze = squeeze

    def likelihood(self, loc: Tensor, scale: Tensor) -> LogitNormal:
        return LogitNormal(loc, scale, squeeze=self.squeeze)
