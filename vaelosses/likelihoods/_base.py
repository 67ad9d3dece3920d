"""What likelihoods share: parameters that broadcast, values that are checked; and what heads share."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, Independent
from torch.distributions.utils import broadcast_all

from ._numerics import at_least_float32

__all__ = ["Head", "Likelihood", "LocationScaleHead"]


class Likelihood(Distribution):
    """A distribution whose parameters are those of ``arg_constraints``, and broadcast.

    A subclass declares ``arg_constraints`` and ``support`` and defines ``log_prob``, which starts with
    :meth:`_checked`. An argument that does not vary from pixel to pixel is an attribute beside them.
    """

    def __init__(self, *, validate_args: bool | None = None, **parameters: Tensor | float) -> None:
        tensors = broadcast_all(*parameters.values())
        for name, tensor in zip(parameters, tensors, strict=True):
            setattr(self, name, tensor)
        event_dim = self.arg_constraints[next(iter(parameters))].event_dim
        shape = tensors[0].shape
        # Not super(): where torch has the distribution it is a second base, for its KL and its sampler.
        Distribution.__init__(self, shape[: len(shape) - event_dim], validate_args=validate_args)

    def expand(self, batch_shape: torch.Size, _instance: "Likelihood | None" = None) -> "Likelihood":
        expanded = copy.copy(self)
        for name, constraint in self.arg_constraints.items():
            parameter = getattr(self, name)
            own_shape = parameter.shape[parameter.ndim - constraint.event_dim :]
            setattr(expanded, name, parameter.expand(torch.Size(batch_shape) + own_shape))
        expanded._batch_shape = torch.Size(batch_shape)
        return expanded

    def _checked(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Return the values, checked, and the parameters, all in at least single precision."""
        promoted = self._promoted(*values)
        if self._validate_args:
            for value in values:
                self._validate_sample(value)
        return promoted

    def _promoted(self, *values: Tensor) -> tuple[Tensor, ...]:
        """The same for values that may lie outside of the support."""
        for value in values:
            if not (torch.is_tensor(value) and value.is_floating_point()):
                got = value.dtype if torch.is_tensor(value) else type(value).__name__
                raise TypeError(
                    f"value: got {got}, expected a floating-point tensor; scale 8-bit images by 1/255"
                )
        return at_least_float32(*values, *(getattr(self, name) for name in self.arg_constraints))

    def cdf(self, value: Tensor) -> Tensor:
        """Return P(X <= value)."""
        return self.log_cdf(value).exp()


class Head(nn.Module):
    """Turns decoder features into the distribution of an image.

    A head is the only place where unconstrained numbers become valid parameters: links such as softplus,
    lower bounds and learned scales live here. Subclasses set :attr:`num_params` and define ``forward``.

    Args:
        channels: number of image channels ``C``, a positive integer.

    Raises:
        ValueError: if ``channels`` is not positive.
    """

    num_params: int
    """How many feature maps the decoder must produce per image channel."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels: got {channels}, expected a positive integer")
        self.channels = channels

    @property
    def num_features(self) -> int:
        """How many feature maps the decoder must produce in all."""
        return self.num_params * self.channels

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        """Return ``p(x | z)``.

        Args:
            features: decoder output, ``[B, num_features, H, W]``.
            target: the images ``[B, C, H, W]`` that will be scored. Only a head that profiles its scale
                from the residuals looks at them, and only while it trains.

        Returns:
            A distribution with ``batch_shape == (B,)`` and ``event_shape == (C, H, W)``.
        """
        raise NotImplementedError

    def split(self, features: Tensor) -> tuple[Tensor, ...]:
        """Check the shape of the features and cut them into ``num_params`` maps ``[B, C, H, W]``."""
        self._check(features)
        return features.chunk(self.num_params, dim=1)

    def _check(self, features: Tensor) -> None:
        if features.ndim != 4 or features.shape[1] != self.num_features:
            raise ValueError(
                f"features: got shape {tuple(features.shape)}, expected [B, {self.num_features}, H, W] "
                f"for {self.channels} channels"
            )


class LocationScaleHead(Head):
    r"""Decoder features as locations, with a scale that is fixed, learned or optimal.

    ========== ================================================= ===========================
    ``scale``  what the scale is                                 ``num_params``
    ========== ================================================= ===========================
    a number   fixed                                             1
    "shared"   one learned number                                1
    "channel"  one learned number per channel                    1
    "pixel"    a second output of the decoder                    2
    "optimal"  the one that maximises the likelihood of a batch  1
    ========== ================================================= ===========================

    ``"optimal"`` is offered where that maximum has a closed form, :math:`\mathrm{mean}(|r|^p)^{1/p}` of the
    residuals *r*. It needs ``target`` while it trains. As in batch normalisation a running mean is kept, and
    evaluation uses that: a likelihood must not look at the image that it scores.

    Args:
        channels: number of image channels.
        scale: see the table. A number is in the unit of the distribution's scale.
        initial_scale: where a learned scale starts, in the same unit.
        min_scale: lower bound of a learned scale. The default 0 leaves the likelihood of a density
            unbounded, which is harmless for one shared number on noisy data and not for ``"pixel"``.

    Raises:
        ValueError: if a number is not positive (``min_scale``: not negative), ``scale`` is an unknown word,
            features have the wrong shape, or ``target`` is missing where it is needed.
    """

    power: int | None = None
    """The p of ``"optimal"``; None where there is no closed form."""

    def __init__(
        self,
        channels: int = 1,
        *,
        scale: float | str = "shared",
        initial_scale: float = 0.25,
        min_scale: float = 0.0,
    ) -> None:
        super().__init__(channels)
        words = ("shared", "channel", "pixel", *(["optimal"] if self.power else []))
        number = isinstance(scale, (int, float)) and 0 < scale < math.inf
        if not number and scale not in words:
            expected = ", ".join(f'"{word}"' for word in words)
            raise ValueError(f"scale: got {scale!r}, expected a positive number or one of {expected}")
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
            self.register_buffer("mean_residual", torch.tensor(initial_scale**self.power))

    def likelihood(self, loc: Tensor, scale: Tensor) -> Distribution:
        """Return the distribution of each pixel."""
        raise NotImplementedError

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        loc, *rest = self.split(features)
        if self.scale == "pixel":
            scale = self._positive(rest[0])
        elif self.scale == "optimal":
            scale = self._profile(loc, target) ** (1 / self.power)
        elif isinstance(self.scale, str):
            scale = self._positive(self.raw_scale)
        else:
            scale = torch.full_like(loc, self.scale)
        return Independent(self.likelihood(loc, scale), 3)

    def _positive(self, raw: Tensor) -> Tensor:
        return self.min_scale + F.softplus(raw + self.offset)

    def _profile(self, loc: Tensor, target: Tensor | None) -> Tensor:
        if not self.training:
            return self.mean_residual
        if target is None:
            raise ValueError('target: got None, expected the images: scale="optimal" is profiled from them')
        # Detached: at the best scale the derivative by it vanishes, so the gradient is the same (envelope).
        mean_residual = (target - loc).detach().abs().pow(self.power).mean()
        self.mean_residual.lerp_(mean_residual.to(self.mean_residual), 0.1)
        return mean_residual
