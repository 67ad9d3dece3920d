"""Sums and means: how the weights of the two terms change when one axis grows by one."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ._point import Shape
from ._probe import ProbeError

__all__ = ["Axis", "axis_names", "powers", "reductions", "word"]

Weights = tuple[float, float | None]
"""Those of the reconstruction and of the divergence."""


@dataclass(frozen=True)
class Axis:
    """An axis, and the power of its size in the weight of either term: 0 in a sum, -1 in a mean."""

    name: str
    size: int
    reconstruction: float | None = None
    kl: float | None = None
    failure: str = ""
    """Why the powers are not known."""


def axis_names(image: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the axes of an image, with the channels first or last.

    >>> axis_names((3, 32, 32)), axis_names((28, 28, 1)), axis_names((784,))
    (('channels', 'height', 'width'), ('height', 'width', 'channels'), ('pixels',))
    """
    if len(image) == 3:
        last = image[2] in (1, 3, 4) and image[0] not in (1, 3, 4)
        return ("height", "width", "channels") if last else ("channels", "height", "width")
    known = {1: ("pixels",), 2: ("height", "width")}
    return known.get(len(image), tuple(f"axis {k}" for k in range(1, len(image) + 1)))


def powers(weights_at: Callable[[Shape], Weights], shape: Shape) -> list[Axis]:
    """Return each axis, measured: the weights at the shape, and at one that is larger by one there."""
    larger = {("batch", shape.batch): replace(shape, batch=shape.batch + 1)}
    for k, (name, size) in enumerate(zip(axis_names(shape.image), shape.image, strict=True)):
        image = (*shape.image[:k], size + 1, *shape.image[k + 1 :])
        larger[name, size] = replace(shape, image=image)
    larger["latents", shape.latents] = replace(shape, latents=shape.latents + 1)
    here = weights_at(shape)
    axes = []
    for (name, size), other in larger.items():
        try:
            there = weights_at(other)
        except ProbeError as failure:
            axes.append(Axis(name, size, failure=str(failure)))
            continue
        growth = math.log((size + 1) / size)
        axes.append(Axis(name, size, *(_power(a, b, growth) for a, b in zip(here, there, strict=True))))
    return _without_reshapes(axes)


def _without_reshapes(axes: list[Axis]) -> list[Axis]:
    """Return the axes, where those of an image with a hard-coded size may be a batch: view(-1, 784) is."""
    batch, *image, latents = axes
    if any(axis.failure for axis in image) and batch.reconstruction not in (None, 0):
        images = "there may be another number of images"
        image = [
            Axis(axis.name, axis.size, failure=images)
            if axis.reconstruction == batch.reconstruction
            else axis
            for axis in image
        ]
    return [batch, *image, latents]


def _power(here: float | None, there: float | None, growth: float) -> float | None:
    if not here or not there or (here > 0) != (there > 0):
        return None
    power = math.log(there / here) / growth
    return float(round(power)) if abs(power - round(power)) < 0.01 else power


def word(power: float | None) -> str:
    """Return what a power means."""
    return {0: "sum", -1: "mean"}.get(power, "cannot tell")


def reductions(axes: list[Axis]) -> dict[str, dict[str, str]]:
    """Return what either term does over each of its axes. A foreign axis is listed where it matters."""
    return {
        "reconstruction": {
            axis.name: word(axis.reconstruction)
            for axis in axes
            if axis.name != "latents" or axis.reconstruction not in (None, 0)
        },
        "kl": {
            axis.name: word(axis.kl)
            for axis in axes
            if axis.name in ("batch", "latents") or axis.kl not in (None, 0)
        },
    }
