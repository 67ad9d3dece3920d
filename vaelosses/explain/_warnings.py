"""From evidence and numbers to sentences: what is wrong, and what to know."""

import math
from collections.abc import Iterator

from ._evidence import Evidence
from ._numbers import Numbers
from ._reductions import Axis, word

__all__ = ["warnings"]


def warnings(found: Evidence, numbers: Numbers) -> Iterator[str]:
    """Yield what is wrong, then what to know."""
    if found.trouble or not found.separates:
        yield from found.notes
        return
    if numbers.outside:
        low, high = found.pixel_range
        yield (
            f"Pixels from {low:g} to {high:g} are no probabilities. Outside of [0, 1] this loss pulls its "
            "logit to infinity and has no lower bound: that is how it becomes negative. Move them to [0, 1]."
        )
    yield from _of_signs(found, numbers)
    yield from found.notes
    if found.fit is not None:
        yield from _of_reductions(found, numbers)
        if found.fit.family.target != "pixel" and found.value and not found.value.term:
            yield (
                "The Jacobian of the logit, log y + log(1 - y), is missing. It depends on the pixels alone: "
                "training is the same, but the loss is no density of pixels and must not be reported as one."
            )
        if numbers.family.startswith("BCE"):
            yield (
                "Binary cross-entropy is a likelihood of black and white pixels. A density of grey pixels "
                "is ContinuousBernoulli."
            )
    failed: dict[str, list[str]] = {}
    for axis in found.axes:
        if axis.failure:
            failed.setdefault(axis.failure, []).append(axis.name)
    if failed and found.fit is not None:
        others = (f"With another size of {', '.join(names)} {failure}." for failure, names in failed.items())
        yield (
            f"{' '.join(others)} Sizes are hard-coded: we cannot tell what is a sum there. The numbers hold "
            "at this shape."
        )


def _of_signs(found: Evidence, numbers: Numbers) -> Iterator[str]:
    flipped = found.fit is not None and found.fit.weight < 0
    verdict = found.divergence.verdict
    if flipped and verdict == "wrong sign":
        yield "Both signs are wrong: this is an ELBO. Minimise minus this."
    elif flipped:
        yield "The reconstruction term has the wrong sign: training makes the errors larger."
    elif verdict == "wrong sign":
        yield "The KL has the wrong sign: training drives q away from the prior, without limit."
    if found.divergence.log_sigma:
        yield "The KL takes exp(2 logvar) for the variance. If logvar is the log-variance, use exp(logvar)."
    if verdict == "unequal weights":
        mean, variance, log = numbers.parts
        same = math.isclose(mean, variance, rel_tol=found.divergence.tolerance)
        if same and found.divergence.bounded:
            times = "a multiple of" if found.axes[0].failure else f"{log:.6g} times"
            given = "With log sigma as fourth argument it" if found.divergence.log_sigma else "It"
            yield f"{given} is {times} the KL to N(0, {log / variance:.6g}), not to N(0, 1)."
        elif variance == log == 0:
            yield "A term in mu alone is a penalty on the code, not a KL: both parts in logvar are missing."
        else:
            yield (
                "In the KL to N(0, I) the three parts have the same weight: look for a factor, or for a "
                "penalty beside the KL."
            )


def _of_reductions(found: Evidence, numbers: Numbers) -> Iterator[str]:
    batch, *image, latents = found.axes
    averaged = [axis for axis in image if axis.reconstruction == -1]
    count = math.prod(axis.size for axis in averaged)
    names = " x ".join(axis.name for axis in averaged)
    summed = [axis for axis in image if axis.reconstruction == 0]
    # What both terms are divided by does not matter.
    against = [axis for axis in averaged if axis.kl != -1]
    # A mean over two weighs as much as half a sum.
    if count > 2 and numbers.is_written_out:
        yield f"The mean over {names} is multiplied by {count}, as a number: a sum at this image size only."
    elif averaged and summed:
        harm = f"beta is {count} times that of a sum" if count > 1 else "harmless for a single one only"
        yield f"The reconstruction is averaged over {names} but summed over the rest of the image: {harm}."
    elif against and numbers.fits(count):
        yield (
            f"The reconstruction is averaged over {names}, and the KL has a weight that fits {count} of "
            "them: right at this image size only."
        )
    elif against and found.divergence.weight:
        yield (
            f"The reconstruction is averaged over {names}, the KL is not: beta is {count} times "
            "that of a sum, and changes with the size of the image."
        )
    if found.divergence.weight:
        yield from _of_batch(batch, numbers)
        if latents.kl == -1 and latents.reconstruction != -1:
            yield (
                f"The KL is averaged over {latents.size} latents: beta is 1/{latents.size} of that of a sum, "
                "and changes with their number. The beta above is the weight of the sum."
            )


def _of_batch(batch: Axis, numbers: Numbers) -> Iterator[str]:
    how = word(batch.reconstruction), word(batch.kl)
    if batch.reconstruction == batch.kl == 1:
        yield "Both terms are counted for each pair of images, as when [B] + [B, 1] becomes [B, B]."
    elif how == ("sum", "sum"):
        yield "Both terms are summed over the batch: the gradient grows with the batch size, beta does not."
    elif how == ("mean", "sum"):
        law = f"{numbers.beta / batch.size:.6g} x the batch size"
        yield f"The KL is summed over the batch, the reconstruction averaged: {_law(batch, numbers, law)}"
    elif how == ("sum", "mean"):
        law = f"{numbers.beta * batch.size:.6g} / the batch size"
        yield f"The reconstruction is summed over the batch, the KL averaged: {_law(batch, numbers, law)}"


def _law(batch: Axis, numbers: Numbers, law: str) -> str:
    return f"beta is {law}, {numbers.beta:.6g} for {batch.size} images. Set batch_size to yours."
