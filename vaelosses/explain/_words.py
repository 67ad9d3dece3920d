"""From evidence and numbers to sentences: the answer, and what is found."""

import math
from collections.abc import Iterator

from ._evidence import Evidence
from ._numbers import Numbers

__all__ = ["answer", "findings"]

KL = {
    "right": "right",
    "right for log sigma": "right if the fourth argument is log sigma, wrong if it is the log-variance",
    "wrong sign": "wrong sign",
    "missing": "missing",
    "unequal weights": "its parts have different weights",
    "cannot tell": (
        "cannot tell: it is no multiple of the KL to N(0, I), as with free bits, a capacity, weights that "
        "differ from latent to latent, a clamp of logvar or an epsilon in its logarithm"
    ),
}
SYMBOL = {"sigma2": ("sigma^2", "sigma"), "b": ("b", "b")}


def answer(found: Evidence, numbers: Numbers) -> str:
    if found.trouble:
        return f"cannot tell: {found.trouble}."
    if not found.separates:
        return "no known likelihood: it is not a function of the images plus a function of the latents."
    if found.fit is None:
        return "no known likelihood."
    family, verdict = found.fit.family, found.divergence.verdict
    if numbers.outside:
        return f"{family.name}, but of pixels outside of [0, 1]: no likelihood."
    if verdict == "missing":
        return f"{family.likelihood} ({family.name}) without a KL: an autoencoder, beta = 0."
    if verdict == "unequal weights":
        return f"{family.likelihood} ({family.name}), but the parts of its KL have different weights."
    if verdict == "cannot tell":
        return f"{family.likelihood} ({family.name}), with a term in mu and logvar that we do not know."
    if numbers.beta < 0:
        term = "KL" if verdict == "wrong sign" else "reconstruction term"
        return f"{family.likelihood} ({family.name}), but the {term} has the wrong sign."
    batch, *_ = found.axes
    # Where beta changes with the batch, the answer must say so itself.
    images = "" if batch.kl == batch.reconstruction else f", for a batch of {batch.size}"
    if family.parameter is None:
        return f"{family.likelihood}, beta = {numbers.beta:.6g}{images} ({family.name})."
    symbol, unit = SYMBOL[family.parameter]
    return (
        f"{family.likelihood} with {symbol} = {numbers.beta:.6g} at beta = 1, "
        f"or with {unit} = 1 at beta = {numbers.beta:.6g}{images}."
    )


def findings(found: Evidence, numbers: Numbers) -> Iterator[tuple[str, str]]:
    """Yield pairs of a topic and what there is to say."""
    epsilon = found.fit.family.epsilon if found.fit else 0
    yield (
        "family",
        numbers.family + (f", pixels {found.fit.family.target} by {epsilon:.6g}" if epsilon else ""),
    )
    if found.trouble or not found.separates:
        return
    if numbers.sigma2 is not None:
        yield "sigma", f"{math.sqrt(numbers.sigma2):.6g}{_unit(found, numbers)} at beta = 1"
    if found.fit is not None:
        yield "reconstruction", _reduced(numbers.reductions["reconstruction"])
    reduced = _reduced(numbers.reductions["kl"])
    yield "KL", KL[found.divergence.verdict] + _parts(found, numbers) + (f"; {reduced}" if reduced else "")
    if numbers.scale is not None:
        yield "scale", f"{numbers.scale:.6g} times the loss in vaelosses below"
        yield "constants", _constants(found, numbers)
    if numbers.bounded is not None:
        yield "bounded below", "yes" if numbers.bounded else f"no: {_why_unbounded(found, numbers)}"
    if numbers.eigenvalues is not None:
        yield "surviving latents", _surviving(found, numbers)


def _unit(found: Evidence, numbers: Numbers) -> str:
    width = found.pixel_range[1] - found.pixel_range[0]
    if found.fit.family.target != "pixel":
        return " (of the logit)"
    return f" ({math.sqrt(numbers.sigma2) / width:.6g} of the pixel range)" if width != 1 else ""


def _reduced(by_axis: dict[str, str]) -> str:
    axes: dict[str, list[str]] = {}
    for axis, what in by_axis.items():
        axes.setdefault(what, []).append(axis)
    return ", ".join(f"{what} over {' x '.join(names)}" for what, names in axes.items())


def _parts(found: Evidence, numbers: Numbers) -> str:
    if found.divergence.verdict != "unequal weights":
        return ""
    mean, variance, log = (f"{part:.6g}" for part in numbers.parts)
    sigma = "log sigma" if found.divergence.log_sigma else "log sigma^2"
    return f": {mean} mu^2/2 + {variance} sigma^2/2 - {log} log(sigma^2)/2, for {sigma} as fourth argument"


def _constants(found: Evidence, numbers: Numbers) -> str:
    family, value = found.fit.family, found.value
    at = ""
    if family.parameter:
        at = f" at {SYMBOL[family.parameter][0]} = {numbers.reading:.6g}"
    if value is None:
        return "cannot tell: a term that depends on the pixels alone is added"
    if numbers.blurred:
        return "cannot tell: the value is in single precision and the errors are large"
    if value.term and numbers.constant is None:
        return f"the {value.term} is added, {value.weight:.6g} times; no gradient shows it"
    if numbers.constant is None:
        return "the Jacobian of the logit is dropped, see below"
    if abs(numbers.constant) <= 1e-6 * numbers.dims:  # many losses take their constant in single precision
        digits = f", to {abs(numbers.constant):.0e} nats per image" if numbers.constant else ""
        return f"complete{at}, beta = {numbers.beta_of_reading:.6g}: nothing is dropped{digits}"
    if abs(value.constant) <= value.tolerance:
        what = f"{family.formula} is dropped, {-numbers.constant:.6g} nats per image{at}"
    else:
        nats = f"{abs(numbers.constant):.6g} nats per image"
        loss = "the loss" if math.isclose(numbers.scale, 1) else "the loss, divided by its scale,"
        what = f"{loss} is {nats} {'above' if numbers.constant > 0 else 'below'} the negative ELBO{at}"
    return f"{what}; this changes reported numbers, not the training"


def _why_unbounded(found: Evidence, numbers: Numbers) -> str:
    if numbers.outside:
        return "where a pixel is outside of [0, 1], the loss falls with the logit"
    if found.fit is not None and found.fit.weight < 0:
        return "the reconstruction term has the wrong sign"
    if found.divergence.bounded is False:
        return "the KL term falls without limit, far from the prior"
    return "log-MSE falls without limit as the error goes to zero"


def _surviving(found: Evidence, numbers: Numbers) -> str:
    if numbers.eigenvalues_above is None:
        return "cannot tell: the theorem is for squared error with a KL"
    return (
        f"{numbers.surviving_latents} of {found.shape.latents} in a linear VAE: {numbers.eigenvalues_above} "
        f"eigenvalues of the data are above beta sigma^2 = {numbers.sigma2:.6g}"
    )
