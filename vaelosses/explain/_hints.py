"""What can be said of a reconstruction term that is no family's."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ._families import Family
from ._fit import CLOSE, PIXEL, best_of, fit
from ._point import Point, Shape
from ._probe import ProbeError, Prober, Probes

__all__ = ["hints"]


def hints(prober: Prober, probes: Probes) -> list[str]:
    """Return the first sentence that holds, if one does."""
    return list(itertools.islice(filter(None, (look(prober, probes) for look in LOOKS)), 1))


def _weights(
    prober: Prober, probes: Probes, parts: Callable[[Point], list[Tensor]]
) -> tuple[float, ...] | None:
    """Return the weights of parts of a gradient, if it consists of these."""
    columns = torch.cat([torch.stack(parts(p), -1).flatten(0, -2) for p in probes.points])
    got = torch.cat([answer.x_hat.flatten() for answer in probes.answers])
    if not columns.isfinite().all():
        return None
    weights = torch.linalg.lstsq(columns, got).solution
    fits = (got - columns @ weights).abs().max() <= prober.tolerance * got.abs().max()
    return tuple(weights.tolist()) if fits else None


def _of_gradients(prober: Prober, probes: Probes) -> str:
    """A family by its gradient, but not by its value."""
    # A gradient that is a sign alone does not show where the sign changes.
    families = [family for family in PIXEL if family.name != "absolute"]
    best = best_of(prober, Probes(probes.points, probes.answers), families)
    if best is None:
        return ""
    return f"Its gradient is that of {best.family.name}, its value is not: a detach does that."


def _sum_of_two(prober: Prober, probes: Probes) -> str:
    for pair in itertools.combinations(PIXEL, 2):
        weights = _weights(prober, probes, lambda point, pair=pair: [f.gradient(point) for f in pair])
        if weights:
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


def _black_and_white(prober: Prober, probes: Probes) -> str:
    """A cross-entropy with two weights."""

    def on_logits(point: Point) -> list[Tensor]:
        p = point.x_hat.sigmoid()
        return [point.x * (p - 1), (1 - point.x) * p]

    def on_probabilities(point: Point) -> list[Tensor]:
        return [-point.x / point.x_hat, (1 - point.x) / (1 - point.x_hat)]

    for name, parts in (("logits", on_logits), ("probabilities", on_probabilities)):
        weights = _weights(prober, probes, parts)
        if weights and min(weights) > prober.tolerance * max(weights):
            white, black = weights
            return (
                f"It is BCE on {name} with a weight of {white / black:.4g} for white against 1 for black, as "
                "with pos_weight: the best x_hat of a pixel is no longer its mean."
            )
    return ""


def _inside(prober: Prober, probes: Probes) -> str:
    """A squared error or a cross-entropy whose arguments are moved first."""
    for name, mean in (("squared", lambda y: y), ("BCE on logits", torch.sigmoid)):
        for words, (inner, slope) in INNER.items():

            def parts(point: Point, mean=mean, inner=inner, slope=slope) -> list[Tensor]:
                y = inner(point.x_hat)
                return [slope(y) * part for part in (mean(y), -point.x, -torch.ones_like(y))]

            weights = _weights(prober, probes, parts)
            if weights and abs(weights[1]) > prober.tolerance * abs(weights[0]):
                factor, shift = (weight / weights[0] for weight in weights[1:])
                moved = f"{factor:.4g} x {'-' if shift < 0 else '+'} {abs(shift):.4g}"
                same = abs(factor - 1) + abs(shift) < prober.tolerance
                return f"It is {name}, of {words} and {'x' if same else moved}."
    return ""


INNER: Mapping[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "x_hat": (lambda x_hat: x_hat, torch.ones_like),
    "sigmoid(x_hat)": (torch.sigmoid, lambda y: y * (1 - y)),
    "tanh(x_hat)": (torch.tanh, lambda y: 1 - y * y),
}
"""What is done to ``x_hat``, and its slope as a function of the result."""


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
        if _depends_on_x(prober, probes.points, weights[0]):
            return (
                f"It is a function of the squared error of {of} and of x: divided by a variance or a norm "
                "of x, for example."
            )
        return (
            f"It is a function of the mean squared error of {of}, neither this nor its root nor its "
            "logarithm: log-MSE with a floor under sigma is like that."
        )
    return ""


def _depends_on_x(prober: Prober, points: list[Point], weight: Tensor) -> bool:
    """Whether the weight of the squared error changes with the images, where the errors stay."""
    point, other, *_ = points
    moved = replace(point, x=other.x, x_hat=other.x + (point.x_hat - point.x))
    try:
        (there,) = _weights_per_pixel(PIXEL[0], Probes([moved], [prober(moved)]))
    except ProbeError:
        return False
    return _varies(there / weight, prober)


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
            if (best := best_of(prober, Probes(points, probes.answers), PIXEL)) is not None:
                return (
                    f"The loss moves {' and '.join(names)} to [{bottom}, {top}], where it is "
                    f"{best.family.name}. Leave that step out, and set pixel_range to ({bottom}, {top})."
                )
    return ""


def _exchanged(prober: Prober, probes: Probes) -> str:
    other = replace(prober, loss=lambda x, x_hat, mu, logvar: prober.loss(x_hat, x, mu, logvar))
    try:
        best = best_of(other, other.probes(probes.points), [f for f in PIXEL if f.on_unit_interval])
    except ProbeError:
        return ""
    return f"With x and x_hat exchanged it is {best.family.name}." if best else ""


LOOKS: tuple[Callable[[Prober, Probes], str], ...] = (
    _of_gradients,
    _sum_of_two,
    _limits,
    _rescaled,
    _black_and_white,
    _inside,
    _uneven,
    _of_mse,
    _exchanged,
)
"""In the order of how much they explain."""
