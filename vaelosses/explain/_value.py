"""What no gradient shows: constants, and terms that depend on the pixels alone."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ._fit import Fit
from ._probe import Prober, Probes

__all__ = ["Value", "look_at_value"]


@dataclass(frozen=True)
class Value:
    """What the loss has beside its two terms, summed over the batch."""

    constant: float
    tolerance: float
    """How exactly the constant is known."""
    term: str = ""
    """The name of a function of the pixels alone that is added, see :data:`OF_PIXELS`."""
    weight: float = 0.0
    """Its weight."""


def _jacobian(fit: Fit, x: Tensor) -> Tensor:
    inside = fit.family.inside(x)
    return (inside.log() + torch.log1p(-inside)).sum()


def _entropy(_: Fit, x: Tensor) -> Tensor:
    return (torch.special.entr(x) + torch.special.entr(1 - x)).sum()


OF_PIXELS = {"Jacobian": _jacobian, "entropy of the pixels": _entropy}
"""What a loss may add that no gradient by ``x_hat`` sees."""


def look_at_value(prober: Prober, fit: Fit, probes: Probes) -> Value | None:
    """Look where mu and logvar are zero, so that the divergence is. None if some other function is added."""
    points = [point.at_prior() for point in probes.points]
    values = torch.tensor([prober(point).value for point in points], dtype=torch.float64)
    explained = fit.weight * torch.stack([fit.family.value(point) for point in points])
    rest = values - explained
    size = (values.abs().max() + explained.abs().max()).item()
    tolerance = max(prober.digits, 10 * fit.error) * size
    if (rest - rest[0]).abs().max() <= tolerance:
        return Value(rest[0].item(), tolerance)
    if prober.pixel_range != (0, 1) or prober.binary:
        return None
    for name, function in OF_PIXELS.items():
        term = torch.stack([function(fit, point.x) for point in points])
        weight = ((rest[1] - rest[0]) / (term[1] - term[0])).item()
        left = rest - weight * term
        if math.isfinite(weight) and (left - left[0]).abs().max() <= 100 * tolerance:
            return Value(left[0].item(), 100 * tolerance, name, weight)
    return None
