"""What densities on the open unit interval share: the squeeze of the data, with its Jacobian."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent, constraints

from ._base import Head, Likelihood
from ._numerics import widest

__all__ = ["ConcentrationHead", "LogitLikelihood", "OpenInterval", "UnitIntervalLikelihood", "log_quotient"]

Pair = tuple[Tensor, Tensor]


def log_quotient(lower: Pair, upper: Pair) -> Tensor:
    """Return log(y1 / y0) for y0 < y1, with what the pairs know of a small difference."""
    (y0, z0), (y1, z1) = lower, upper
    far = y1 > 2 * y0
    width = torch.where(y0 < 0.5, y1 - y0, z0 - z1)
    near = torch.log1p(torch.where(far, 0.0, width) / torch.where(far, 1.0, y0))
    return torch.where(far, y1.log() - y0.log(), near)


class OpenInterval(constraints.interval):
    """The numbers between two bounds, without the bounds."""

    def check(self, value: Tensor) -> Tensor:
        value = value.to(torch.promote_types(value.dtype, torch.float32))  # half precision rounds the bounds
        return (self.lower_bound < value) & (value < self.upper_bound)

    def __repr__(self) -> str:
        return f"OpenInterval({self.lower_bound}, {self.upper_bound})"


class UnitIntervalLikelihood(Likelihood):
    r"""A density of :math:`y = \epsilon + (1 - 2\epsilon)x` on (0, 1), as a density of the pixel *x*.

    At 0 and 1 such a density is zero or infinite, and many pixels are exactly black or white. The squeeze
    :math:`\epsilon` moves them inside. It is an affine map of the data: its Jacobian :math:`1 - 2\epsilon` is
    part of ``log_prob``, and the support of *x* grows to :math:`(-e, 1 + e)` with
    :math:`e = \epsilon / (1 - 2\epsilon)`, so that the integral over *x* is one.

    A subclass works on *y*. It gets pairs ``(y, z)`` with :math:`z = 1 - y`, neither of them a rounded
    difference, and defines ``_log_density``, ``_log_interval``, ``_mean``, ``_variance``, ``_mode``,
    ``_rsample`` and, where they are closed, ``_icdf`` and ``_entropy``.
    """

    has_rsample = True

    def __init__(
        self, squeeze: float, *, validate_args: bool | None = None, **parameters: Tensor | float
    ) -> None:
        if not 0 <= squeeze < 0.5:
            raise ValueError(f"squeeze: got {squeeze}, expected 0 <= squeeze < 0.5")
        self.squeeze = squeeze
        super().__init__(validate_args=validate_args, **parameters)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> OpenInterval:
        beyond = self.squeeze / (1 - 2 * self.squeeze)
        return OpenInterval(0 - beyond, 1 + beyond)

    def _icdf(self, value: Tensor, *parameters: Tensor) -> Tensor:
        raise NotImplementedError

    def _entropy(self, *parameters: Tensor) -> Tensor:
        raise NotImplementedError

    def _squeezed(self, x: Tensor) -> Pair:
        slope = 1 - 2 * self.squeeze
        return self.squeeze + slope * x, self.squeeze + slope * (1 - x)

    def _unsqueezed(self, y: Tensor) -> Tensor:
        return (y - self.squeeze) / (1 - 2 * self.squeeze)

    def log_prob(self, value: Tensor) -> Tensor:
        value, *parameters = self._checked(value)
        return self._log_density(self._squeezed(value), *parameters) + math.log(1 - 2 * self.squeeze)

    @property
    def mean(self) -> Tensor:
        return self._unsqueezed(self._mean(*self._promoted()))

    @property
    def variance(self) -> Tensor:
        return self._variance(*self._promoted()) / (1 - 2 * self.squeeze) ** 2

    @property
    def mode(self) -> Tensor:
        return self._unsqueezed(self._mode(*self._promoted()))

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        x = self._unsqueezed(self._rsample(torch.Size(sample_shape)))
        # A sample that rounds to an end of the support becomes its neighbour inside.
        lower, upper = x.new_tensor([self.support.lower_bound, self.support.upper_bound])
        return x.clamp(torch.nextafter(lower, upper), torch.nextafter(upper, lower))

    def entropy(self) -> Tensor:
        return self._entropy(*self._promoted()) - math.log(1 - 2 * self.squeeze)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value)."""
        return self.log_interval_prob(torch.full_like(value, -math.inf), value)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile."""
        return self._unsqueezed(self._icdf(*self._promoted(value)))

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; the ends may lie outside of the support."""
        given = self._promoted(lower, upper)
        lower, upper, *parameters = map(widest, given)
        first, last = self.support.lower_bound, self.support.upper_bound
        empty = (lower >= upper) | (lower >= last) | (upper <= first)
        # Exactly 0 and 1 at the ends, which a rounded squeeze misses; much of the mass may lie between.
        dark, bright = empty | (lower <= first), empty | (upper >= last)
        y0, z0 = self._squeezed(torch.where(dark, 0.5, lower))
        y1, z1 = self._squeezed(torch.where(bright, 0.5, upper))
        lower = torch.where(dark, 0.0, y0), torch.where(dark, 1.0, z0)
        upper = torch.where(bright, 1.0, y1), torch.where(bright, 0.0, z1)
        return torch.where(empty, -math.inf, self._log_interval(lower, upper, *parameters)).to(given[0])


class ConcentrationHead(Head):
    """Decoder features as the two concentrations of a density on (0, 1): a softplus that is 1 at zero.

    So the head starts with the uniform distribution.

    Args:
        channels: number of image channels.
        squeeze: of the likelihood. The default is that of dVAE.

    Raises:
        ValueError: if the features have the wrong shape.
    """

    num_params = 2

    def __init__(self, channels: int = 1, *, squeeze: float = 0.1) -> None:
        super().__init__(channels)
        self.squeeze = squeeze

    def likelihood(self, concentration1: Tensor, concentration0: Tensor) -> UnitIntervalLikelihood:
        """Return the distribution of each pixel."""
        raise NotImplementedError

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        offset = math.log(math.expm1(1.0))
        return Independent(self.likelihood(*(F.softplus(raw + offset) for raw in self.split(features))), 3)


class LogitLikelihood(UnitIntervalLikelihood):
    """A density on (0, 1) whose logit has a location and a scale; ``base`` is the class of that logit."""

    base: type[Likelihood]
    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        *,
        squeeze: float = 0.0,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(squeeze, loc=loc, scale=scale, validate_args=validate_args)

    def of_logit(self) -> Likelihood:
        """Return the distribution of logit(y)."""
        return self.base(*self._promoted(), validate_args=False)

    def _log_density(self, pair: Pair, loc: Tensor, scale: Tensor) -> Tensor:
        log_y, log_z = (part.log() for part in pair)
        return self.of_logit().log_prob(log_y - log_z) - log_y - log_z

    def _log_interval(self, lower: Pair, upper: Pair, loc: Tensor, scale: Tensor) -> Tensor:
        ends = (y.log() - z.log() for y, z in (lower, upper))
        return self.of_logit().log_interval_prob(*ends)

    def _rsample(self, sample_shape: torch.Size) -> Tensor:
        return torch.sigmoid(self.of_logit().rsample(sample_shape))

    def _icdf(self, value: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
        return torch.sigmoid(self.of_logit().icdf(value))

    @property
    def median(self) -> Tensor:
        """The pixel whose logit is ``loc``."""
        return self._unsqueezed(torch.sigmoid(self._promoted()[0]))

    def _check_same_squeeze(self, other: "LogitLikelihood") -> None:
        if self.squeeze != other.squeeze:
            raise NotImplementedError(
                f"squeeze: got {self.squeeze} and {other.squeeze}, expected the same for a closed divergence"
            )
