"""Logistic mixture: a probability for each grey level, from a few discretized logistics."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent, constraints

from ._base import Head
from ._grid import GreyLikelihood
from ._numerics import draw_index, log_weights
from .discretized_logistic import log_logistic_mass, logistic_noise, rounded_logistic_mean

__all__ = ["LogisticMixture", "LogisticMixtureHead"]


class LogisticMixture(GreyLikelihood):
    r"""A mixture of *K* discretized logistics for each pixel.

    .. math::
        P(x) &= \sum_{i=1}^K \pi_i \Bigl[
            \mathrm{sigmoid}\Bigl(\frac{x + h - \mu_i}{s_i}\Bigr)
            - \mathrm{sigmoid}\Bigl(\frac{x - h - \mu_i}{s_i}\Bigr)\Bigr], \\
        \pi &= \mathrm{softmax}(\eta), \quad h = \frac{1}{2(L - 1)}

    The first of the *L* bins reaches down to :math:`-\infty` and the last one up to :math:`\infty`, so that
    the masses sum to one.

    **As a loss**: the ``discretized_mix_logistic_loss`` of PixelCNN++ for one channel, without its switch to
    the density where a bin is improbable and without its floor of the scale. Nothing is dropped.

    Args:
        logits: :math:`\eta` of the weights, any real numbers, ``[..., K]``.
        loc: the medians :math:`\mu` before rounding, ``[..., K]``, in units of intensity.
        scale: the scales :math:`s > 0`, ``[..., K]``, in the same unit.
        num_levels: the number *L* of grey levels, at least 2.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        The parameters broadcast to ``batch_shape + (K,)``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The numbers k / (L - 1). A probability mass, in nats. Moments, mode, median, ``cdf`` and ``entropy``
        are sums over the levels.

    Raises:
        TypeError: if a value is not float32 or float64.
        ValueError: if a scale is not positive, or a value is not on the grid (when validating), or
            ``num_levels`` is not an integer of at least 2.

    Source:
        Salimans et al. (2017), *PixelCNN++*, equations (1) and (2), on [0, 1] instead of [-1, 1].

    Example:
        >>> d = LogisticMixture(torch.zeros(2), torch.tensor([0.0, 1.0]), torch.tensor(0.01))
        >>> d.log_prob(torch.tensor([0.0, 1.0])).exp()
        tensor([0.2744, 0.2744])
    """

    arg_constraints = {
        "logits": constraints.real_vector,
        "loc": constraints.real_vector,
        "scale": constraints.independent(constraints.positive, 1),
    }

    def __init__(
        self,
        logits: Tensor,
        loc: Tensor,
        scale: Tensor,
        *,
        num_levels: int = 256,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(num_levels, logits=logits, loc=loc, scale=scale, validate_args=validate_args)

    def _log_mass(self, level: Tensor, logits: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        logits, loc, scale = (components_first(p, -1, level.ndim) for p in (logits, loc, scale))
        components = log_logistic_mass(level, loc, scale, self.num_levels)
        return (log_weights(logits, 0) + components).logsumexp(0)

    @property
    def mean(self) -> Tensor:
        logits, loc, scale = self._promoted()
        return (logits.softmax(-1) * rounded_logistic_mean(loc, scale, self.num_levels)).sum(-1)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        logits, *rest = (p.expand(*self._extended_shape(sample_shape), -1) for p in self._promoted())
        component = draw_index(logits).unsqueeze(-1)
        loc, scale = (parameter.gather(-1, component).squeeze(-1) for parameter in rest)
        return self._grid.nearest(loc + scale * logistic_noise(loc))


def components_first(parameter: Tensor, axis: int, ndim: int) -> Tensor:
    """Return a view with the components in front of ``ndim`` axes, so that loops run along the image."""
    front = parameter.movedim(axis, 0)
    missing = ndim - (front.ndim - 1)
    return front[(slice(None), *[None] * missing)]


class MixtureHead(Head):
    """What both heads share: weights, locations and scales from unconstrained maps."""

    def __init__(self, channels: int, num_components: int, num_levels: int, initial_scale: float) -> None:
        super().__init__(channels)
        if num_components < 1:
            raise ValueError(f"num_components: got {num_components}, expected a positive integer")
        if not 0 < initial_scale < math.inf:
            raise ValueError(f"initial_scale: got {initial_scale}, expected a positive number")
        self.num_components = num_components
        self.num_levels = num_levels
        self.offset = math.log(math.expm1(initial_scale))
        # The components start side by side: equal ones would receive equal gradients and stay equal.
        centres = (torch.arange(num_components) + 0.5) / num_components
        self.register_buffer("centres", centres, persistent=False)

    def _scale(self, raw: Tensor) -> Tensor:
        return F.softplus(raw + self.offset)


class LogisticMixtureHead(MixtureHead):
    """Decoder features as weights, locations and scales, a mixture for each channel by itself.

    Args:
        channels: number of image channels.
        num_components: the number *K* of components, at least 1.
        num_levels: the number of grey levels, at least 2.
        initial_scale: the scale where the features are zero, in units of intensity. There the locations are
            spread evenly over [0, 1].

    Raises:
        ValueError: if a number is out of range, or the features have the wrong shape.

    Example:
        >>> head = LogisticMixtureHead(num_components=5)
        >>> head.num_features
        15
        >>> head(torch.zeros(8, 15, 28, 28)).mean.mean()
        tensor(0.5000)
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        num_components: int = 10,
        num_levels: int = 256,
        initial_scale: float = 0.1,
    ) -> None:
        super().__init__(channels, num_components, num_levels, initial_scale)
        self.num_params = 3 * num_components

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        self._check(features)
        maps = features.unflatten(1, (3, self.num_components, self.channels))
        # Views: the components stay outermost in memory, where loops over the image are long.
        logits, loc, scale = maps.movedim(2, -1).unbind(1)
        return Independent(
            LogisticMixture(logits, loc + self.centres, self._scale(scale), num_levels=self.num_levels), 3
        )
