"""Gaussian: the likelihood behind every squared-error loss."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from ._base import Head
from ._numerics import at_least_float32, log_ndtr_interval

__all__ = ["Gaussian", "GaussianHead"]


class Gaussian(Normal):
    r"""A normal distribution for each pixel.

    .. math::
        \log p(x) = -\frac{(x - \mu)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi

    **As a loss**: :math:`-\log p` is half the squared error over :math:`\sigma^2` plus
    :math:`\log\sigma + \frac12\log 2\pi`. With :math:`\sigma = 1` and the constant dropped it is
    ``0.5 * F.mse_loss(mu, x, reduction="sum")``; with :math:`\sigma^2 = \frac12`, the plain sum of squares.
    Nothing is dropped here.

    It is :class:`torch.distributions.Normal` with a ``log_prob`` that neither overflows before its result
    does nor rounds to half precision, and with the logarithms of its tails.

    Args:
        loc: the mean :math:`\mu`, in units of intensity.
        scale: the standard deviation :math:`\sigma > 0`, in the same unit.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The whole line. A density per unit of intensity, in nats.

    Raises:
        ValueError: if ``scale`` is not positive, or a value is not a number (when validating).

    Source:
        Kingma and Welling (2014), appendix C.2. Deviation: they let a network produce
        :math:`\log\sigma^2`; we take the scale and leave the link to the head.

    Example:
        >>> d = Gaussian(torch.tensor(0.5), torch.tensor(0.1))
        >>> d.log_prob(torch.tensor([0.5, 0.7]))
        tensor([ 1.3836, -0.6164])
    """

    @property
    def median(self) -> Tensor:
        """The mean, by symmetry."""
        return self.loc

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        loc, scale, value = at_least_float32(self.loc, self.scale, value)
        z = (value - loc) / scale
        # (-z / 2) * z, not -(z * z) / 2: the square alone may overflow where the result does not.
        return (-0.5 * z) * z - scale.log() - 0.5 * math.log(2 * math.pi)

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value), finite in the far left tail."""
        return torch.special.log_ndtr(self._standardize(value))

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; either end may be infinite.

        >>> d = Gaussian(torch.tensor(0.0), torch.tensor(1.0))
        >>> d.log_interval_prob(torch.tensor(-1.0), torch.tensor(1.0)).exp()
        tensor(0.6827)
        """
        return log_ndtr_interval(self._standardize(lower), self._standardize(upper))

    def _standardize(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        loc, scale, value = at_least_float32(self.loc, self.scale, value)
        # An infinite value stays what it is; dividing it would send 0 * inf into the gradient.
        infinite = torch.isinf(value)
        return torch.where(infinite, value, (torch.where(infinite, 0.0, value) - loc) / scale)


class GaussianHead(Head):
    r"""Decoder features as means, with a scale that is fixed, learned or optimal.

    ========== ================================================= ===========================
    ``scale``  what :math:`\sigma` is                            ``num_params``
    ========== ================================================= ===========================
    a number   fixed                                             1
    "shared"   one learned number                                1
    "channel"  one learned number per channel                    1
    "pixel"    a second output of the decoder                    2
    "optimal"  the root mean square of the residuals             1
    ========== ================================================= ===========================

    With ``"optimal"`` the scale is the maximum-likelihood one for the batch in hand, so that the loss is
    :math:`\frac D2\log\mathrm{MSE}` plus a constant. It needs ``target`` while it trains. As in batch
    normalisation a running mean is kept, and evaluation uses that: a likelihood must not look at the image
    that it scores.

    Args:
        channels: number of image channels.
        scale: see the table. A number is in units of intensity.
        initial_scale: where a learned scale starts, in units of intensity.
        min_scale: lower bound of a learned scale. The default 0 leaves the likelihood unbounded, which is
            harmless for one shared number on noisy data and not for ``"pixel"``.

    Raises:
        ValueError: if a number is not positive (``min_scale``: not negative), ``scale`` is an unknown word,
            features have the wrong shape, or ``target`` is missing where it is needed.

    Source:
        "optimal": Rybkin, Daniilidis and Levine (2021), equation (5); they use one batch, also for
        evaluation.

    Example:
        >>> head = GaussianHead(channels=3, scale="pixel")
        >>> head.num_params
        2
        >>> p_x_given_z = head(torch.zeros(8, 6, 32, 32))
        >>> p_x_given_z.batch_shape, p_x_given_z.event_shape
        (torch.Size([8]), torch.Size([3, 32, 32]))
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        scale: float | Literal["shared", "channel", "pixel", "optimal"] = "shared",
        initial_scale: float = 0.25,
        min_scale: float = 0.0,
    ) -> None:
        super().__init__(channels)
        if isinstance(scale, str):
            if scale not in ("shared", "channel", "pixel", "optimal"):
                raise ValueError(
                    f"scale: got {scale!r}, expected a positive number or one of "
                    '"shared", "channel", "pixel", "optimal"'
                )
        elif not 0 < scale < math.inf:
            raise ValueError(f"scale: got {scale}, expected a positive number")
        if not 0 <= min_scale < initial_scale < math.inf:
            raise ValueError(
                f"min_scale, initial_scale: got {min_scale} and {initial_scale}, "
                "expected 0 <= min_scale < initial_scale"
            )
        self.scale = scale
        self.min_scale = min_scale
        self.num_params = 2 if scale == "pixel" else 1
        # softplus(offset) + min_scale == initial_scale
        self.offset = math.log(math.expm1(initial_scale - min_scale))
        if scale in ("shared", "channel"):
            count = channels if scale == "channel" else 1
            self.raw_scale = nn.Parameter(torch.zeros(count, 1, 1))
        elif scale == "optimal":
            self.register_buffer("mean_square", torch.tensor(initial_scale**2))

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        loc, *rest = self.split(features)
        if self.scale == "pixel":
            scale = self._positive(rest[0])
        elif self.scale == "optimal":
            scale = self._profile(loc, target).sqrt()
        elif isinstance(self.scale, str):
            scale = self._positive(self.raw_scale)
        else:
            scale = torch.full_like(loc, self.scale)
        return Independent(Gaussian(loc, scale), 3)

    def _positive(self, raw: Tensor) -> Tensor:
        return self.min_scale + F.softplus(raw + self.offset)

    def _profile(self, loc: Tensor, target: Tensor | None) -> Tensor:
        if not self.training:
            return self.mean_square
        if target is None:
            raise ValueError('target: got None, expected the images: scale="optimal" is profiled from them')
        # Detached: at the minimum over sigma its derivative vanishes, so the gradient is the same (envelope).
        mean_square = (target - loc).detach().square().mean()
        self.mean_square.lerp_(mean_square.to(self.mean_square), 0.1)
        return mean_square
