"""Where the probability is: all values of a discrete likelihood, or an adaptive quadrature of a density."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["Measure", "of_density", "of_values"]

LogProb = Callable[[Tensor], Tensor]
_RULES = {n: tuple(torch.tensor(part) for part in np.polynomial.legendre.leggauss(n)) for n in (12, 24)}


@dataclass(frozen=True)
class Measure:
    """Points and weights, such that the sum of ``weight * exp(log_prob)`` is the mass."""

    points: Tensor
    """``[N]``, or ``[N, *event_shape]`` for a discrete likelihood."""
    weights: Tensor
    """``[N]``: 1 for a single value."""
    log_prob: Tensor
    """``[N]``."""
    panels: Tensor
    """Edges of the panels of the quadrature, ``[M + 1]``; empty for a discrete likelihood."""
    error: float
    """Estimated error of the mass."""

    @property
    def probs(self) -> Tensor:
        return self.weights * self.log_prob.exp()

    @property
    def mass(self) -> float:
        return self.probs.sum().item()

    def mean_of(self, values: Tensor) -> Tensor:
        return (self.probs * values).sum() / self.probs.sum()


def of_values(log_prob: LogProb, values: Tensor) -> Measure:
    """Return the measure of a discrete likelihood on all of its values."""
    ones = torch.ones(len(values), dtype=torch.float64)
    return Measure(values, ones, log_prob(values).double(), torch.empty(0), 0.0)


def of_density(
    log_prob: LogProb, lower: float, upper: float, hints: Sequence[float], atoms: Sequence[float] = ()
) -> Measure:
    """Return the measure of a density on an interval, refined until two rules agree on every panel.

    The mass may sit anywhere, at any scale. So the first panels end at powers of ten around each hint, and
    around the ends of the interval.
    """
    centres = {hint for hint in (*hints, 0.0, lower, upper) if lower <= hint <= upper and abs(hint) < 1e30}
    distances = [10.0**k for k in range(-15, 31)]
    edges = {centre + sign * distance for centre in centres for distance in distances for sign in (-1, 1)}
    edges = [edge for edge in edges | centres | {lower, upper} if lower <= edge <= upper]
    edges = torch.tensor(sorted(edge for edge in edges if abs(edge) < 1e31), dtype=torch.float64)
    ends = torch.tensor([lower, upper], dtype=torch.float64)
    # The support may be open, and a node may round to its end.
    inside = torch.nextafter(ends, ends.flip(0))
    left, right = edges[:-1], edges[1:]
    done: list[tuple[Tensor, ...]] = []
    total, error = 0.0, 0.0
    for _ in range(40):
        points, weights, logs, fine = _apply(log_prob, left, right, inside, 24)
        coarse = _apply(log_prob, left, right, inside, 12)[3]
        size = total + fine.nan_to_num(0, 0, 0).sum().item()
        rough = (fine - coarse).abs() > 1e-12 * max(size, 1e-300)
        # A panel that floating point cannot halve stays as it is.
        middle = (left + right) / 2
        rough &= (left < middle) & (middle < right)
        keep = ~rough
        total += fine[keep].sum().item()
        error += (fine - coarse)[keep].abs().sum().item()
        done.append((points[keep], weights[keep], logs[keep], left[keep], right[keep]))
        if not rough.any() or rough.sum() > 50_000:
            break
        left, right = torch.cat([left[rough], middle[rough]]), torch.cat([middle[rough], right[rough]])
    else:
        error += (fine - coarse)[rough].abs().sum().item()
    points, weights, logs = (torch.cat(part).flatten() for part in list(zip(*done, strict=True))[:3])
    panels = torch.cat([torch.cat([part[3] for part in done]), edges[-1:]]).sort().values
    single = torch.tensor(list(atoms), dtype=torch.float64)
    if len(single):
        points, weights = torch.cat([points, single]), torch.cat([weights, torch.ones_like(single)])
        logs = torch.cat([logs, log_prob(single).double()])
    return Measure(points, weights, logs, panels, error)


def _apply(log_prob: LogProb, left: Tensor, right: Tensor, inside: Tensor, count: int) -> tuple[Tensor, ...]:
    nodes, weights = _RULES[count]
    half = (right - left).unsqueeze(-1) / 2
    points = (left.unsqueeze(-1) + half * (1 + nodes)).clamp(*inside)
    weights = half * weights
    logs = log_prob(points.flatten()).double().view_as(points)
    return points, weights, logs, (weights * logs.exp()).sum(-1)
