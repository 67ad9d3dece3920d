"""From probes to evidence: which family, which divergence, which reductions, which constants."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ._fit import Fit, family_of, fit
from ._hints import hints
from ._kl import UNKNOWN, Divergence, measure
from ._point import Point, Shape
from ._probe import ProbeError, Prober, Probes
from ._reductions import Axis, powers
from ._value import Value, look_at_value

__all__ = ["Evidence", "gather"]

LATENTS = (
    {"mu": 1.0, "logvar": 3.0},
    {"mu": 0.1, "logvar": 0.3},
    {"mu": 0.02, "logvar": 0.06},
    {"mu": 30.0, "logvar": 5.0},
)
"""Ordinary, close to the prior, closer, and far from it: a term that changes on the way is no KL."""


@dataclass
class Evidence:
    """What was found. Where the loss could not be probed, ``trouble`` says why, and the rest is empty."""

    shape: Shape
    pixel_range: tuple[float, float]
    trouble: str = ""
    separates: bool | None = None
    fit: Fit | None = None
    divergence: Divergence = UNKNOWN
    axes: list[Axis] = field(default_factory=list)
    value: Value | None = None
    notes: list[str] = field(default_factory=list)
    """Sentences on what the loss does to its arguments, and on where it fails."""


def gather(loss: Callable[..., Tensor], shape: Shape, pixel_range: tuple[float, float]) -> Evidence:
    """Probe the loss, from what any loss must do to what is known of some."""
    found = Evidence(shape, pixel_range)
    try:
        prober, probes = _probed(loss, shape, pixel_range)
        found.notes += _notes(prober, probes)
        found.separates = _separates(prober, probes)
    except ProbeError as failure:
        found.trouble = str(failure)
        found.notes += _works_otherwise(loss, shape, pixel_range)
    if not found.separates:
        return found
    found.divergence = measure(probes.points, probes.answers, prober.tolerance)
    if found.divergence.verdict != "missing" and not _adds_up(prober, probes, found.divergence):
        found.divergence = UNKNOWN
    if found.divergence is UNKNOWN:
        found.notes += _takes_a_scale(loss, shape, pixel_range)
    found.fit, notes = family_of(prober, shape, probes)
    if found.fit is None and not notes and probes.answers[0].x_hat.any():
        notes = hints(prober, probes)
    found.notes += notes
    found.axes = powers(lambda other: _weights(found, prober, other), shape)
    if found.fit and found.divergence.parts is not None:
        found.value = look_at_value(prober, found.fit, probes)
    return found


def _probed(
    loss: Callable[..., Tensor], shape: Shape, pixel_range: tuple[float, float]
) -> tuple[Prober, Probes]:
    """Call the loss, and raise a `ProbeError` if that tells nothing."""
    prober = Prober.that_works(loss, pixel_range, shape)
    probes = prober.probes(_points(prober, shape))
    if not all(answer.finite for answer in probes.answers):
        raise ProbeError("it is not finite, or its gradient is not, at some points inside the pixel range")
    if not math.isfinite(probes.difference):
        raise ProbeError("it is not finite at mu = logvar = 0")
    value, again = probes.answers[0].value, replace(prober, seed=1)(probes.points[0]).value
    if value != again:
        raise ProbeError(
            f"the same arguments gave {value:.6g}, then {again:.6g}: it is random, or it counts its calls, "
            "as an annealed beta does"
        )
    return prober, probes


def _points(prober: Prober, shape: Shape) -> list[Point]:
    return [prober.point(shape, seed=seed, **sizes) for seed, sizes in enumerate(LATENTS)]


def _works_otherwise(
    loss: Callable[..., Tensor], shape: Shape, pixel_range: tuple[float, float]
) -> list[str]:
    """Say with which other arguments the loss can be called, if it cannot with these."""
    flat = replace(shape, image=(math.prod(shape.image),))
    if flat != shape and _divergence(loss, flat, pixel_range) is not UNKNOWN:
        return [f"It works on flat images: set image_shape to {flat.image}."]
    return _takes_a_scale(loss, shape, pixel_range)


def _takes_a_scale(loss: Callable[..., Tensor], shape: Shape, pixel_range: tuple[float, float]) -> list[str]:
    """Say so if the last argument is no logarithm."""
    for name, code, scale in (
        ("sigma", "(logvar / 2).exp()", lambda logvar: (logvar / 2).exp()),
        ("the variance", "logvar.exp()", torch.exp),
    ):

        def of_logvar(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor, scale=scale) -> Tensor:
            return loss(x, x_hat, mu, scale(logvar))

        if _divergence(of_logvar, shape, pixel_range).verdict == "right":
            return [
                f"Its last argument is {name}, not a logarithm. Explain "
                f"lambda x, x_hat, mu, logvar: loss(x, x_hat, mu, {code}) instead."
            ]
    return []


def _divergence(loss: Callable[..., Tensor], shape: Shape, pixel_range: tuple[float, float]) -> Divergence:
    try:
        prober, probes = _probed(loss, shape, pixel_range)
    except (ProbeError, ValueError):  # a ValueError if the result is no scalar
        return UNKNOWN
    return measure(probes.points, probes.answers, prober.tolerance)


def _notes(prober: Prober, probes: Probes) -> list[str]:
    notes = []
    first, second, *_ = probes.points
    if prober.dtype == torch.float32:
        notes.append("The loss does not take double precision; the numbers are those of single precision.")
    if prober.binary:
        notes.append("The loss takes black and white pixels only.")
    if changed := prober.changed_arguments(first):
        notes.append(f"The loss writes into its argument {', '.join(changed)}.")
    if count := prober.own_parameters(first):
        notes.append(
            f"The loss has parameters of its own ({count}); all this holds at their present values. "
            "A learned scale without a lower bound can shrink until the loss is minus infinity."
        )
    unmoved = [
        name
        for name in ("x_hat", "mu", "logvar")
        if not any(getattr(answer, name).any() for answer in probes.answers)
    ]
    cut = [
        name
        for name in unmoved
        if prober(replace(first, **{name: getattr(second, name)})).value != probes.answers[0].value
    ]
    if cut:
        names = ", ".join(cut)
        notes.append(f"The loss depends on {names}, but no gradient goes there: a detach, or a no_grad.")
    if none := [name for name in unmoved if name not in cut]:
        notes.append(f"The loss does not depend on {', '.join(none)}.")
    return notes


def _separates(prober: Prober, probes: Probes) -> bool:
    """Whether the gradient by ``x_hat`` ignores the latents, and the gradients by these the images."""
    first, second, *_ = probes.points
    other_latents = prober(replace(first, mu=second.mu, logvar=second.logvar))
    other_images = prober(replace(first, x=second.x, x_hat=second.x_hat))
    pairs = (
        (probes.answers[0].x_hat, other_latents.x_hat),
        (probes.answers[0].mu, other_images.mu),
        (probes.answers[0].logvar, other_images.logvar),
    )
    return all(
        (a - b).abs().max() <= prober.tolerance * torch.maximum(a.abs(), b.abs()).max() for a, b in pairs
    )


def _adds_up(prober: Prober, probes: Probes, divergence: Divergence) -> bool:
    """Whether the loss rises from the prior to a point as its divergence does; with free bits it does not."""
    if divergence.parts is None:
        return False
    point = probes.points[0]
    # With small errors the divergence is not lost beside the reconstruction, also in single precision, which
    # the sum of the two may be in where no gradient shows it.
    point = replace(point, x_hat=point.x + 0.01 * (point.x_hat - point.x))
    there, prior = (prober(p).value for p in (point, point.at_prior()))
    rise = divergence.value(point) - divergence.value(point.at_prior())
    tolerance = max(prober.digits, 1e-6, divergence.tolerance) * (abs(there) + abs(prior))
    return abs(there - prior - rise) <= tolerance


def _weights(found: Evidence, prober: Prober, shape: Shape) -> tuple[float, float | None]:
    """Return the weights of the two terms at another shape."""
    probes = prober.probes(_points(prober, shape))
    if not all(answer.finite for answer in probes.answers):
        raise ProbeError("it is not finite")
    if found.divergence.parts is None:
        kl = UNKNOWN
    else:
        kl = measure(probes.points, probes.answers, prober.tolerance)
    if kl.verdict != found.divergence.verdict:
        raise ProbeError("its KL is another one")
    if found.fit is None:
        return 0.0, kl.size
    other = fit(found.fit.family, probes)
    if other.error > prober.tolerance:
        raise ProbeError("its reconstruction term is another one")
    return other.weight, kl.size
