"""RGB logistic mixture: a probability for each colour pixel, whose channels depend on each other."""

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, constraints

from ._grid import GridLikelihood, PixelGrid
from ._numerics import draw_index, log_weights
from .discretized_logistic import log_logistic_mass, logistic_noise
from .logistic_mixture import MixtureHead, components_first

__all__ = ["ChannelsFirst", "RGBLogisticMixture", "RGBLogisticMixtureHead"]


class RGBLogisticMixture(GridLikelihood):
    r"""A mixture of *K* discretized logistics for a colour pixel, whose channels depend on each other.

    .. math::
        P(r, g, b) &= \sum_{i=1}^K \pi_i\,
            P(r \mid \mu_{i,r}, s_{i,r})\,
            P(g \mid \mu_{i,g} + c_{i,0}\,\bar r, s_{i,g}) \\
            &\qquad\quad \cdot P(b \mid \mu_{i,b} + c_{i,1}\,\bar r + c_{i,2}\,\bar g, s_{i,b}), \\
        \bar x &= x - \tfrac12

    Each factor is a discretized logistic. The component is shared by the three channels, and within it green
    depends on red, and blue on both. The coefficients shear the pixel and keep its volume: no Jacobian.

    **As a loss**: the ``discretized_mix_logistic_loss`` of PixelCNN++, without its switch to the density and
    its floor of the scale. Nothing is dropped.

    Args:
        logits: of the weights, any real numbers, ``[..., K]``.
        loc: medians before rounding, ``[..., K, 3]``, in units of intensity.
        scale: scales, positive, ``[..., K, 3]``, in the same unit.
        coefficients: :math:`c_0, c_1, c_2`, any real numbers, ``[..., K, 3]``.
        num_levels: the number of levels of each channel, at least 2.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        The leading axes of the parameters broadcast to ``batch_shape``; ``event_shape`` is ``(3,)``, the
        pixel. ``log_prob`` maps ``sample_shape + batch_shape + (3,)`` to ``sample_shape + batch_shape``.

    Support and unit:
        The numbers k / (L - 1) in each channel. A probability mass of the whole pixel, in nats. Moments have
        no short form, since the mean of blue is a sum over all reds and greens: average samples.

    Raises:
        TypeError: if a value is not float32 or float64.
        ValueError: if a scale is not positive, or a value is not on the grid (when validating), or the
            shapes do not fit, or ``num_levels`` is not an integer of at least 2.

    Source:
        Salimans et al. (2017), *PixelCNN++*, equation (3). In their units, pixels on [-1, 1], locations are
        :math:`2\mu - 1` and scales :math:`2s`, with the same coefficients.

    Example:
        >>> d = RGBLogisticMixture(
        ...     torch.zeros(5), torch.rand(5, 3), torch.full((5, 3), 0.1), torch.zeros(5, 3), num_levels=4
        ... )
        >>> levels = torch.arange(4) / 3
        >>> mass = d.log_prob(torch.cartesian_prod(levels, levels, levels)).exp()
        >>> round(mass.sum().item(), 4)
        1.0
    """

    arg_constraints = {
        "logits": constraints.real_vector,
        "loc": constraints.independent(constraints.real, 2),
        "scale": constraints.independent(constraints.positive, 2),
        "coefficients": constraints.independent(constraints.real, 2),
    }

    def __init__(
        self,
        logits: Tensor,
        loc: Tensor,
        scale: Tensor,
        coefficients: Tensor,
        *,
        num_levels: int = 256,
        validate_args: bool | None = None,
    ) -> None:
        self._check_shapes(logits, loc, scale, coefficients)
        components = torch.broadcast_shapes(
            logits.shape, *(parameter.shape[:-1] for parameter in (loc, scale, coefficients))
        )
        self._grid = PixelGrid(num_levels)
        self.logits = logits.expand(components)
        self.loc, self.scale, self.coefficients = (
            p.expand(*components, 3) for p in (loc, scale, coefficients)
        )
        Distribution.__init__(self, components[:-1], torch.Size((3,)), validate_args=validate_args)

    @staticmethod
    def _check_shapes(logits: Tensor, *others: Tensor) -> None:
        shapes = [tuple(parameter.shape) for parameter in (logits, *others)]
        if logits.ndim < 1 or any(other.ndim < 2 or other.shape[-1] != 3 for other in others):
            raise ValueError(
                f"logits, loc, scale, coefficients: got shapes {shapes}, "
                "expected [..., K] and three times [..., K, 3]"
            )

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> constraints.Constraint:
        return constraints.independent(self._grid, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        value, logits, *others = self._checked(value)
        logits = components_first(logits, -1, value.ndim - 1)
        loc, scale, coefficients = (components_first(p, -2, value.ndim) for p in others)
        total = log_weights(logits, 0)
        # Not indexed: the gradients of three slices are three padded tensors, that of unbind is one.
        channels = zip(self._grid.level(value).unbind(-1), loc.unbind(-1), scale.unbind(-1), strict=True)
        for (level, mean, width), shift in zip(channels, _chain(value - 0.5, coefficients), strict=True):
            total = total + log_logistic_mass(level, mean + shift, width, self.num_levels)
        return total.logsumexp(0)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        logits, *rest = self._promoted()
        shape = torch.Size(sample_shape) + logits.shape
        component = draw_index(logits.expand(shape))[..., None, None]
        loc, scale, coefficients = (
            p.expand(*shape, 3).gather(-2, component.expand(*component.shape[:-1], 3)).squeeze(-2)
            for p in rest
        )
        proposal = loc + scale * logistic_noise(loc)
        pixel = torch.zeros_like(proposal)
        # The later channels see the rounded values of the earlier ones, as log_prob does.
        for channel in range(3):
            shift = _chain(pixel - 0.5, coefficients)[channel]
            pixel[..., channel] = self._grid.nearest(proposal[..., channel] + shift)
        return pixel


def _chain(centred: Tensor, coefficients: Tensor) -> tuple[Tensor | float, Tensor, Tensor]:
    """Return how far the earlier channels move each location."""
    red, green, _ = centred.unbind(-1)
    c0, c1, c2 = coefficients.unbind(-1)
    return 0.0, c0 * red, c1 * red + c2 * green


class ChannelsFirst(Independent):
    """Colour pixels as one image: the axes ``[H, W]`` of the batch and the pixel make ``[3, H, W]``.

    Args:
        pixels: a distribution with ``batch_shape == (..., H, W)`` and the channels as its event.

    Example:
        >>> pixels = RGBLogisticMixture(
        ...     torch.zeros(8, 4, 6, 5), *torch.ones(3, 8, 4, 6, 5, 3).unbind(0)
        ... )
        >>> ChannelsFirst(pixels).event_shape
        torch.Size([3, 4, 6])
    """

    def __init__(self, pixels: Distribution, *, validate_args: bool | None = None) -> None:
        super().__init__(pixels, 2, validate_args=validate_args)
        height, width, channels = self._event_shape
        self._event_shape = torch.Size((channels, height, width))

    def expand(self, batch_shape: torch.Size, _instance: "ChannelsFirst | None" = None) -> "ChannelsFirst":
        pixels = self.base_dist.expand(torch.Size(batch_shape) + self.base_dist.batch_shape[-2:])
        return ChannelsFirst(pixels, validate_args=self._validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        return super().log_prob(value.movedim(-3, -1))

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        return super().sample(sample_shape).movedim(-1, -3)


class RGBLogisticMixtureHead(MixtureHead):
    """Decoder features as a mixture of colour pixels: ten maps for each component.

    They are one weight, three locations, three scales and three coefficients, which a tanh bounds as in
    PixelCNN++.

    Args:
        channels: 3.
        num_components: the number *K* of components, at least 1.
        num_levels: the number of levels of each channel, at least 2.
        initial_scale: the scale where the features are zero, in units of intensity. There the locations are
            spread evenly along the greys.

    Raises:
        ValueError: if a number is out of range, or the features have the wrong shape.

    Example:
        >>> head = RGBLogisticMixtureHead(num_components=5)
        >>> head.num_features
        50
        >>> head(torch.zeros(8, 50, 32, 32)).event_shape
        torch.Size([3, 32, 32])
    """

    def __init__(
        self,
        channels: int = 3,
        *,
        num_components: int = 10,
        num_levels: int = 256,
        initial_scale: float = 0.1,
    ) -> None:
        if channels != 3:
            raise ValueError(f"channels: got {channels}, expected 3, red, green and blue")
        super().__init__(channels, num_components, num_levels, initial_scale)

    @property
    def num_features(self) -> int:
        return 10 * self.num_components

    def forward(self, features: Tensor, target: Tensor | None = None) -> ChannelsFirst:
        self._check(features)
        maps = features.unflatten(1, (10, self.num_components)).permute(0, 3, 4, 2, 1)
        logits, loc, scale, coefficients = maps.split((1, 3, 3, 3), dim=-1)
        pixels = RGBLogisticMixture(
            logits.squeeze(-1),
            loc + self.centres.unsqueeze(-1),
            self._scale(scale),
            torch.tanh(coefficients),
            num_levels=self.num_levels,
        )
        return ChannelsFirst(pixels)
