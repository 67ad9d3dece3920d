"""What likelihoods of grey levels share: the grid, and moments as sums over it."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import constraints, register_kl

from ._base import Likelihood

__all__ = ["GreyLikelihood", "GridLikelihood", "PixelGrid", "residual_in_levels"]


def residual_in_levels(level: Tensor | float, loc: Tensor, num_levels: int) -> Tensor:
    """Return ``level - (num_levels - 1) * loc`` with the digits that the product would lose."""
    # For a power of two the product is exact, and so is the difference where it is small.
    return (level - num_levels * loc) + loc


class PixelGrid(constraints.Constraint):
    """The numbers k / (L - 1) for the grey levels k = 0, ..., L - 1, to within a hundredth of a step."""

    is_discrete = True

    def __init__(self, num_levels: int) -> None:
        if not isinstance(num_levels, int) or num_levels < 2:
            raise ValueError(f"num_levels: got {num_levels!r}, expected an integer of at least 2")
        self.num_levels = num_levels
        super().__init__()

    def check(self, value: Tensor) -> Tensor:
        level = self.level(value)
        off_grid = (value * (self.num_levels - 1) - level).abs()
        return (off_grid < 0.01) & (level >= 0) & (level < self.num_levels)

    def level(self, value: Tensor) -> Tensor:
        """Return the level k of a value on the grid, a whole number in floating point."""
        return (value * (self.num_levels - 1)).round()

    def nearest(self, value: Tensor) -> Tensor:
        """Return the nearest value on the grid; its ends take the tails."""
        return self.level(value).clamp(0, self.num_levels - 1) / (self.num_levels - 1)

    def __repr__(self) -> str:
        return f"PixelGrid(num_levels={self.num_levels})"


class GridLikelihood(Likelihood):
    """A likelihood of pixels whose channels are on the grid of ``num_levels`` grey levels."""

    def __init__(
        self, num_levels: int, *, validate_args: bool | None = None, **parameters: Tensor | float
    ) -> None:
        self._grid = PixelGrid(num_levels)
        super().__init__(validate_args=validate_args, **parameters)

    @property
    def num_levels(self) -> int:
        """The number of grey levels."""
        return self._grid.num_levels

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return self._grid

    def _promoted(self, *values: Tensor) -> tuple[Tensor, ...]:
        for value in values:
            if torch.is_tensor(value) and value.dtype in (torch.float16, torch.bfloat16):
                raise TypeError(
                    f"value: got {value.dtype}, expected float32 or float64, which hold every grey level"
                )
        return super()._promoted(*values)


class GreyLikelihood(GridLikelihood):
    """A probability for each grey level.

    A subclass defines ``_log_mass`` of a level, a whole number in floating point, and a sampler. The rest are
    sums over the levels, one at a time, so that they need no more memory than a few images.
    """

    has_enumerate_support = True

    def _log_mass(self, level: Tensor, *parameters: Tensor) -> Tensor:
        raise NotImplementedError

    def log_prob(self, value: Tensor) -> Tensor:
        value, *parameters = self._checked(value)
        return self._log_mass(self._grid.level(value), *parameters)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values, darkest first, on a new first axis."""
        (parameter, *_) = self._promoted()
        levels = torch.arange(self.num_levels, dtype=parameter.dtype, device=parameter.device)
        values = (levels / (self.num_levels - 1)).view(-1, *[1] * len(self.batch_shape))
        return values.expand(-1, *self.batch_shape) if expand else values

    def _masses(self) -> Iterator[tuple[float, Tensor]]:
        """Yield each grey value with its log-probability."""
        parameters = self._promoted()
        for k in range(self.num_levels):
            yield k / (self.num_levels - 1), self._log_mass(parameters[0].new_full((), k), *parameters)

    @property
    def mean(self) -> Tensor:
        return sum(x * log_mass.exp() for x, log_mass in self._masses())

    @property
    def variance(self) -> Tensor:
        mean = self.mean
        return sum((x - mean).square() * log_mass.exp() for x, log_mass in self._masses())

    @property
    def mode(self) -> Tensor:
        """The likeliest grey value, the darker one of two."""
        masses = self._masses()
        x, best = next(masses)
        mode = torch.full_like(best, x)
        for x, log_mass in masses:
            mode, best = torch.where(log_mass > best, x, mode), torch.maximum(best, log_mass)
        return mode

    @property
    def median(self) -> Tensor:
        """The darkest grey value with at least half of the mass at or below it."""
        median = total = self._promoted()[0].new_zeros(())
        for x, log_mass in self._masses():
            # Half of the mass is not below this level, so the median is not either.
            median = torch.where(total < 0.5, x, median)
            total = total + log_mass.exp()
        return median

    def cdf(self, value: Tensor) -> Tensor:
        """Return P(X <= value) for any number."""
        return sum((x <= value) * log_mass.exp() for x, log_mass in self._masses())

    def entropy(self) -> Tensor:
        return -sum(log_mass.exp() * log_mass for _, log_mass in self._masses())


@register_kl(GreyLikelihood, GreyLikelihood)
def _kl(p: GreyLikelihood, q: GreyLikelihood) -> Tensor:
    if p.num_levels != q.num_levels:
        raise ValueError(f"num_levels: got {p.num_levels} and {q.num_levels}, expected the same for both")
    pairs = zip(p._masses(), q._masses(), strict=True)
    return sum(log_p.exp() * (log_p - log_q) for (_, log_p), (_, log_q) in pairs)
