"""Which family it is: weights by least squares, and what can be said where no family fits."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ._families import FAMILIES, Family
from ._point import Point, Shape
from ._probe import ProbeError, Prober, Probes

__all__ = ["EXACT", "Fit", "family_of", "fit"]

EXACT = 1e-8
"""A fit with a smaller relative error is the family, in double precision."""

CLOSE, FAR = 1e-6, 1e4
"""Sizes of a residual, in pixel ranges, at which a function of a real ``x_hat`` is checked again."""

PIXEL = [family for family in FAMILIES if family.target == "pixel"]
LOGIT = [family for family in FAMILIES if family.target != "pixel"]


@dataclass(frozen=True)
class Fit:
    """A family, and the number that its loss is multiplied by."""

    family: Family
    weight: float
    error: float
    """The largest relative error, of gradients and of a difference of values."""


def fit(family: Family, probes: Probes) -> Fit:
    """Fit the weight of a family to the first gradient, and compare the others."""
    gradients = [family.gradient(point) for point in probes.points]
    got = [answer.x_hat for answer in probes.answers]
    weight = ((gradients[0] * got[0]).sum() / gradients[0].square().sum()).item()
    errors = [
        ((actual - weight * gradient).abs().max() / (weight * gradient).abs().max()).item()
        for actual, gradient in zip(got, gradients, strict=True)
    ]
    if probes.apart:
        # A gradient that is a sign alone does not say where the sign changes; the value does.
        here, there = (weight * family.value(point).item() for point in probes.apart)
        off = max(abs(probes.difference - (there - here)) - probes.digits, 0.0)
        errors.append(off / (max(abs(here), abs(there)) or 1.0))
    return Fit(family, weight, max(math.inf if math.isnan(error) else error for error in errors))


def family_of(prober: Prober, shape: Shape, probes: Probes) -> tuple[Fit | None, list[str]]:
    """Return the family that fits, and sentences on where it does not."""
    if not probes.answers[0].x_hat.any():
        return None, []
    best = _best(prober, probes, PIXEL)
    if best is None and (epsilon := _epsilon(prober, probes.points[0])) is not None:
        best = _best(prober, probes, [replace(family, epsilon=epsilon) for family in LOGIT])
    if best is None:
        return None, list(filter(None, (hint(prober, probes) for hint in HINTS)))
    notes = []
    if best.error > EXACT and prober.dtype == torch.float64:
        notes.append(
            f"The loss agrees with this family to {best.error:.0e} only: "
            "an epsilon, single precision, or a small second term."
        )
    if best.family.target != "pixel" and best.family.epsilon == 0:
        notes.append("Black and white pixels have infinite logits: the loss is infinite there.")
    holds, note = _elsewhere(prober, shape, best) if best.family.real else (True, "")
    if not holds:
        return None, [note]
    return best, [*notes, note] if note else notes


def _best(prober: Prober, probes: Probes, families: list[Family]) -> Fit | None:
    best = min((fit(family, probes) for family in families), key=lambda found: found.error)
    return best if best.error <= prober.tolerance else None


def _epsilon(prober: Prober, point: Point) -> float | None:
    """Return how far a black pixel is kept from 0 before its logit is taken."""
    if prober.pixel_range != (0, 1):
        return None
    logit = prober.best_x_hat(point, 0.0)
    epsilon = 0.0 if logit is None else torch.tensor(logit, dtype=torch.float64).sigmoid().item()
    # With 1/2 every pixel would be grey: then the loss ignores x.
    return epsilon if epsilon < 0.499 else None


def _elsewhere(prober: Prober, shape: Shape, found: Fit) -> tuple[bool, str]:
    """Whether it is this family also close to the pixel and far outside of the pixel range."""
    name = found.family.name
    # In single precision nothing can be seen as close as that.
    close = CLOSE if found.error <= EXACT else 0.01
    for distance in (close, FAR, 30.0):
        point = prober.point(shape, seed=3, distance=distance)
        try:
            answer = prober(point)
        except ProbeError as failure:
            return True, f"With an x_hat {distance:g} pixel ranges off, {failure}."
        if not answer.finite:
            return True, f"With an x_hat {distance:g} pixel ranges off, it is not finite: an overflow."
        expected = found.weight * found.family.gradient(point)
        size = expected.abs().max()
        wrong = (answer.x_hat - expected).abs() > 10 * prober.tolerance * size
        if not wrong.any():
            continue
        if distance == close:
            why = "an epsilon, or a floor under sigma, can do that"
            return False, f"For large errors it is {name}, for small ones it is not: {why}."
        if (answer.x_hat[wrong].abs() <= 1e-6 * size).all():
            why = "a clamp, or a sigmoid that has rounded to 0 or 1"
            return True, f"With an x_hat {distance:g} pixel ranges off the gradient vanishes: {why}."
        return False, f"For errors within the pixel range it is {name}, beyond it is not, as in a Huber loss."
    return True, ""


def _sum_of_two(prober: Prober, probes: Probes) -> str:
    for pair in itertools.combinations(PIXEL, 2):
        columns = [torch.cat([f.gradient(p).flatten() for p in probes.points]) for f in pair]
        got = torch.cat([answer.x_hat.flatten() for answer in probes.answers])
        weights = torch.linalg.lstsq(torch.stack(columns, 1), got).solution
        left = got - torch.stack(columns, 1) @ weights
        if left.abs().max() <= EXACT * got.abs().max():
            one, two = (f"{weight:.4g} x {family.name}" for weight, family in zip(weights, pair, strict=True))
            images = f"over the {len(probes.points[0].x)} images of the batch"
            unit = "; squared is half the squared error" if PIXEL[0] in pair else ""
            return f"It is the sum {one} + {two}, {images}{unit}."
    return ""


def _limits(prober: Prober, probes: Probes) -> str:
    """Squared for small errors and absolute for large ones: the robust losses with a threshold."""
    x, _, mu, _ = vars(probes.points[0]).values()
    shape = Shape(len(x), tuple(x.shape[1:]), mu.shape[1])
    squared, absolute, *_ = PIXEL
    weights = []
    for family, distance in ((squared, CLOSE), (absolute, 100.0)):
        point = prober.point(shape, seed=3, distance=distance)
        try:
            found = fit(family, Probes([point], [prober(point)]))
        except ProbeError:
            return ""
        if found.error > 0.01:
            return ""
        weights.append(found.weight)
    close, far = weights
    return (
        f"For small errors it is {squared.name}, for large ones {absolute.name}; it changes over at an "
        f"error of about {far / close:.2g}, as a Huber, log-cosh or Charbonnier loss does."
    )


def _uneven(prober: Prober, probes: Probes) -> str:
    for family in PIXEL:
        first, *others = _weights_per_pixel(family, probes)
        if all(((other - first).abs() <= prober.tolerance * first.abs()).all() for other in others):
            low, high = first.min().item(), first.max().item()
            return f"It is {family.name} with a weight for each pixel, from {low:.4g} to {high:.4g}."
    return ""


def _of_mse(prober: Prober, probes: Probes) -> str:
    weights = _weights_per_pixel(PIXEL[0], probes)
    for of, first in (("the batch", 0), ("each image", 1)):
        axes = tuple(range(first, weights[0].ndim))
        means = [weight.mean(axes, keepdim=True) for weight in weights]
        if any(_varies(weight / mean, prober) for weight, mean in zip(weights, means, strict=True)):
            continue
        errors = [(point.x_hat - point.x).square().mean(axes, keepdim=True) for point in probes.points]
        pairs = zip(means, errors, strict=True)
        roots = torch.cat([(mean * error.sqrt()).flatten() for mean, error in pairs])
        if not _varies(roots / roots[0], prober):
            return (
                f"It is the root of the mean squared error of {of}: a squared error "
                "with a beta that shrinks as the error does."
            )
        return (
            f"It is a function of the mean squared error of {of}, neither this nor its root nor its "
            "logarithm: log-MSE with a floor under sigma is like that."
        )
    return ""


def _varies(ratio: Tensor, prober: Prober) -> bool:
    return not bool((ratio - 1).abs().max() <= prober.tolerance)


def _weights_per_pixel(family: Family, probes: Probes) -> list[Tensor]:
    pairs = zip(probes.points, probes.answers, strict=True)
    return [answer.x_hat / family.gradient(point) for point, answer in pairs]


def _rescaled(prober: Prober, probes: Probes) -> str:
    low, high = prober.pixel_range

    def moved(point: Point, names: tuple[str, ...], bottom: int, top: int) -> Point:
        slope = (top - bottom) / (high - low)
        return replace(point, **{name: bottom + (getattr(point, name) - low) * slope for name in names})

    for bottom, top in ((0, 1), (-1, 1)):
        for names in (("x",), ("x", "x_hat")):
            points = [moved(point, names, bottom, top) for point in probes.points]
            if (best := _best(prober, Probes(points, probes.answers), PIXEL)) is not None:
                return (
                    f"The loss moves {' and '.join(names)} to [{bottom}, {top}], where it is "
                    f"{best.family.name}. Leave that step out, and set pixel_range to ({bottom}, {top})."
                )
    return ""


def _exchanged(prober: Prober, probes: Probes) -> str:
    other = replace(prober, loss=lambda x, x_hat, mu, logvar: prober.loss(x_hat, x, mu, logvar))
    try:
        best = _best(other, other.probes(probes.points), PIXEL)
    except ProbeError:
        return ""
    return f"With x and x_hat exchanged it is {best.family.name}." if best else ""


HINTS: tuple[Callable[[Prober, Probes], str], ...] = (
    _sum_of_two,
    _limits,
    _uneven,
    _of_mse,
    _rescaled,
    _exchanged,
)
"""What can be said of a reconstruction term that is no family's."""
