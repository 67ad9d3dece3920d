"""Which family it is: weights by least squares."""

import math
from dataclasses import dataclass, replace

import torch

from ._families import FAMILIES, Family
from ._point import Point, Shape
from ._probe import ProbeError, Prober, Probes

__all__ = ["CLOSE", "EXACT", "PIXEL", "Fit", "best_of", "family_of", "fit"]

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
    best = best_of(prober, probes, PIXEL)
    if best is None and (epsilon := _epsilon(prober, probes.points[0])) is not None:
        best = best_of(prober, probes, [replace(family, epsilon=epsilon) for family in LOGIT])
    if best is None:
        return None, []
    notes = []
    if best.error > EXACT and prober.dtype == torch.float64:
        notes.append(
            f"The loss agrees with this family to {best.error:.0e} only: "
            "an epsilon, single precision, or a small second term."
        )
    if best.family.target != "pixel" and best.family.epsilon == 0:
        notes.append("Black and white pixels have infinite logits: the loss is infinite there.")
    if best.family.real:
        holds, note = _elsewhere(prober, shape, best)
    else:
        holds, note = True, _near_the_ends(prober, shape, best)
    if not holds:
        return None, [note]
    return best, [*notes, note] if note else notes


def best_of(prober: Prober, probes: Probes, families: list[Family]) -> Fit | None:
    """Return the one of the families that fits, if one does."""
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


def _near_the_ends(prober: Prober, shape: Shape, found: Fit) -> str:
    """Say what becomes of probabilities close to 0 and 1."""
    if prober.pixel_range != (0, 1):
        return ""
    # In single precision nothing can be seen closer than the first.
    margins = (0.02, 1e-3, 1e-5) if found.error <= EXACT else (0.02,)
    for margin in margins:
        point = prober.point(shape, seed=3)
        near = margin * point.x_hat
        point = replace(point, x_hat=torch.where(point.x > 0.5, 1 - near, near))
        expected = found.weight * found.family.gradient(point)
        try:
            answer = prober(point)
        except ProbeError as failure:
            return f"With an x_hat {margin:g} from black or white, {failure}."
        if not answer.finite:
            return f"With an x_hat {margin:g} from black or white, it is not finite."
        gradient = answer.x_hat
        wrong = (gradient - expected).abs() > 10 * prober.tolerance * expected.abs()
        if (gradient[wrong] == 0).any():
            return f"With an x_hat {margin:g} from black or white the gradient vanishes: a clamp."
        if wrong.any() and found.error <= EXACT:
            why = "an epsilon does that"
            return f"With an x_hat {margin:g} from black or white the gradient is another: {why}."
    return ""


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
        if found.family.on_unit_interval:
            why = "a clamp of the probability does that, as in torch's ContinuousBernoulli"
            return False, f"For small logits it is {name}, for large ones it is not: {why}."
        return False, f"For errors within the pixel range it is {name}, beyond it is not, as in a Huber loss."
    return True, ""
