"""Logit-Laplace: Laplace noise on the logit of a pixel, with its Jacobian."""

import torch
from torch import Tensor
from torch.distributions import kl_divergence, register_kl

from ._base import LocationScaleHead
from ._numerics import widest
from ._unit_interval import LogitLikelihood
from .laplace import Laplace

__all__ = ["LogitLaplace", "LogitLaplaceHead"]


class LogitLaplace(LogitLikelihood):
    r"""A Laplace distribution for the logit of each pixel.

    .. math::
        \log p(x) &= -\frac{|\mathrm{logit}\,y - \mu|}{b} - \log 2b \\
            &\quad - \log y - \log(1 - y) + \log(1 - 2\epsilon), \\
        y &= \epsilon + (1 - 2\epsilon)x

    **As a loss**: :math:`-\log p` is the absolute error of the logits over *b*, plus :math:`\log 2b` and the
    Jacobians of the logit and of the squeeze. Both depend on the pixel alone: without them the decoder
    learns the same and every reported number is wrong. Nothing is dropped here.

    For :math:`b \le 1` there is one mode, the median. For :math:`b > 1` the density is infinite at both
    ends, and ``mode`` is the end on the side of :math:`\mu`. Mean and variance are sums of alternating
    series, accelerated; their error is below 1e-12 for :math:`b > 0.001`.

    Args:
        loc: the median :math:`\mu` of the logit, any real number.
        scale: the mean absolute deviation :math:`b > 0` of the logit.
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
        Ramesh et al. (2021), *Zero-shot text-to-image generation*, equation (2) of section A.3. Deviation:
        they take the density of *y*; ours is that of the pixel.

    Example:
        >>> d = LogitLaplace(torch.tensor(0.0), torch.tensor(1.0), squeeze=0.1)
        >>> d.log_prob(torch.tensor([0.0, 0.5]))
        tensor([-0.7056,  0.4700])
    """

    base = Laplace

    def _mode(self, loc: Tensor, scale: Tensor) -> Tensor:
        return torch.where(scale > 1, (loc >= 0).to(loc), torch.sigmoid(loc))

    def _mean(self, loc: Tensor, scale: Tensor) -> Tensor:
        above, below = _halves(loc.abs(), scale)
        mean = (above + below) / 2
        return torch.where(loc < 0, 1 - mean, mean).to(loc)

    def _variance(self, loc: Tensor, scale: Tensor) -> Tensor:
        # y^2 = y - dy/dt, and by parts E dy/dt = E[y sign(noise)] / b.
        above, below = _halves(loc.abs(), scale)
        mean = (above + below) / 2
        return (mean * (1 - mean) - (above - below) / (2 * scale)).to(loc)


def _acceleration(count: int) -> list[float]:
    """Return weights w with ``sum_k (-1)^k a_k = sum_k w_k a_k`` for moments a, within ``5.8^-count``.

    Cohen, Rodriguez Villegas and Zagier (2000), *Convergence acceleration of alternating series*,
    algorithm 1.
    """
    total = ((3 + 8**0.5) ** count + (3 - 8**0.5) ** count) / 2
    weights, b, c = [], -1.0, -total
    for k in range(count):
        c = b - c
        weights.append(c / total)
        b *= (k + count) * (k - count) / ((k + 0.5) * (k + 1))
    return weights


_WEIGHTS = _acceleration(24)


def _halves(loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return the mean of y where the noise is positive, and where it is negative, for ``loc >= 0``.

    For :math:`t > 0`, :math:`\mathrm{sigmoid}(t) = \sum_k (-1)^k e^{-kt}`. Integrated against the exponential
    noise, each term is a closed form.
    """
    loc, scale = widest(loc), widest(scale)
    # The noise that carries the logit from mu down to 0, in scales.
    descent = loc / scale
    above = below = torch.zeros_like(loc)
    for k, weight in enumerate(_WEIGHTS):
        above = above + weight * torch.exp(-k * loc) / (1 + k * scale)
        # Down to zero, an integral of a product of two exponentials; and beyond zero.
        gap = (k * loc - descent).abs()
        slope = torch.where(gap > 0, -torch.expm1(-gap) / torch.where(gap > 0, gap, 1.0), 1.0)
        inside = descent * torch.exp(-torch.minimum(k * loc, descent)) * slope
        below = below + weight * (inside + torch.exp(-descent) / (1 + (k + 1) * scale))
    return above, below


@register_kl(LogitLaplace, LogitLaplace)
def _kl(p: LogitLaplace, q: LogitLaplace) -> Tensor:
    p._check_same_squeeze(q)
    return kl_divergence(p.of_logit(), q.of_logit())


class LogitLaplaceHead(LocationScaleHead):
    r"""Decoder features as medians of the logit, with a scale that is fixed or learned.

    The arguments are those of :class:`LocationScaleHead`, with scales in units of the logit, and

    Args:
        squeeze: :math:`\epsilon` of the likelihood. The default is that of dVAE.

    Example:
        >>> head = LogitLaplaceHead(scale="pixel")
        >>> head(torch.zeros(8, 2, 28, 28)).log_prob(torch.ones(8, 1, 28, 28)).shape
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

    def likelihood(self, loc: Tensor, scale: Tensor) -> LogitLaplace:
        return LogitLaplace(loc, scale, squeeze=self.squeeze)
