"""From evidence to numbers: which beta, which scale, which constant."""

import math
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from .. import baselines
from ._evidence import Evidence
from ._reductions import reductions

__all__ = ["Numbers"]

KNOWN = 1e-3
"""How exactly a constant has to be known, in nats per pixel."""


@dataclass(frozen=True)
class Numbers:
    """What follows from the evidence."""

    found: Evidence
    eigenvalues: Tensor | None

    @property
    def family(self) -> str:
        if self.found.trouble:
            return "cannot tell"
        return self.found.fit.family.name if self.found.fit else "no known likelihood"

    @property
    def parameter(self) -> str | None:
        """Which number beta = 1 determines."""
        return self.found.fit.family.parameter if self.found.fit else None

    @property
    def beta(self) -> float | None:
        """The weight of the divergence over that of the reconstruction at scale one."""
        weight = self.found.divergence.weight
        return None if self.found.fit is None or weight is None else weight / self.found.fit.weight

    @property
    def at_beta_1(self) -> float | None:
        """The parameter at beta = 1."""
        return self.beta if self.parameter and self.beta is not None and self.beta > 0 else None

    @property
    def sigma2(self) -> float | None:
        return self.at_beta_1 if self.parameter == "sigma2" else None

    @property
    def b(self) -> float | None:
        return self.at_beta_1 if self.parameter == "b" else None

    @property
    def dims(self) -> int:
        return math.prod(self.found.shape.image)

    @cached_property
    def reductions(self) -> dict[str, dict[str, str]]:
        by_term = reductions(self.found.axes)
        if self.found.fit is None:
            by_term["reconstruction"] = {}
        if self.found.divergence.verdict in ("missing", "cannot tell"):
            by_term["kl"] = {}
        return by_term

    @property
    def is_written_out(self) -> bool:
        """Whether a mean weighs what a plain sum would."""
        batch = self.found.axes[0]
        weight = self.found.fit.weight * (batch.size if batch.reconstruction == -1 else 1)
        return any(math.isclose(weight, plain, rel_tol=self._tolerance) for plain in (1, 2))

    def fits(self, count: int) -> bool:
        """Whether the KL has a weight that makes up for a mean over so many pixels."""
        if self.beta is None or self.found.axes[-1].kl == -1:
            return False
        plain = self.beta, 2 * self.beta, count * self.parts[0]
        return any(math.isclose(weight, 1, rel_tol=self._tolerance) for weight in plain)

    @property
    def _tolerance(self) -> float:
        """How nearly the weights are known."""
        return max(10 * self.found.fit.error, self.found.divergence.tolerance)

    @property
    def parts(self) -> tuple[float, ...]:
        """The weights of the parts of the divergence of an image."""
        batch = self.found.axes[0]
        images = batch.size if batch.kl == -1 else 1
        return tuple(images * part for part in self.found.divergence.parts)

    @property
    def outside(self) -> bool:
        """Whether there are pixels where the likelihood has none."""
        low, high = self.found.pixel_range
        return bool(self.found.fit and self.found.fit.family.on_unit_interval and (low < 0 or high > 1))

    @property
    def bounded(self) -> bool | None:
        fit, divergence = self.found.fit, self.found.divergence
        if divergence.bounded is False or self.outside:
            return False
        if fit and (fit.weight < 0 or self.family == "log-MSE"):
            return False
        return divergence.bounded if fit else None

    # A loss fixes the ratio of its two weights, so one of beta and the scale can be chosen: a reading.

    @cached_property
    def reading(self) -> float:
        """The parameter of the likelihood at which the loss is a complete negative ELBO; else beta is 1."""
        value = self.found.value
        candidates = [self.at_beta_1]
        if self.parameter:
            # The weight of an image in a complete negative ELBO: that of its Jacobian, or of a mean or a sum.
            jacobian = value is not None and value.term == "Jacobian"
            of_image = [value.weight] if jacobian else [1 / self.found.shape.batch, 1.0]
            candidates += [weight / self.found.fit.weight for weight in of_image]
        possible = [parameter for parameter in [*candidates, 1.0] if parameter and parameter > 0]
        return next((parameter for parameter in possible if self._excess(parameter) == 0), possible[0])

    @property
    def beta_of_reading(self) -> float | None:
        return None if self.beta is None else self.beta / self.reading

    @property
    def scale(self) -> float | None:
        """The loss over the negative ELBO of the reading, as a mean over the batch."""
        if self.found.fit is None or self.beta is None or self.beta < 0 or self.outside:
            return None
        return self.found.fit.weight * self.reading * self.found.shape.batch

    @property
    def constant(self) -> float | None:
        """What the loss is above that, in nats per image."""
        return None if self.scale is None else self._excess(self.reading)

    @property
    def blurred(self) -> bool:
        """Whether the value is too coarse to tell a constant."""
        return self.found.value is not None and self._is_blurred(self.reading)

    def _is_blurred(self, parameter: float) -> bool:
        return self._coarseness(parameter) > KNOWN * self.dims

    def _coarseness(self, parameter: float) -> float:
        """How exactly a constant is known, in nats per image."""
        return self.found.value.tolerance / abs(self.found.fit.weight * parameter * self.found.shape.batch)

    def _excess(self, parameter: float) -> float | None:
        """What the loss is above the negative ELBO; None if that depends on the pixels, or is not known."""
        value, fit = self.found.value, self.found.fit
        if value is None or self._is_blurred(parameter):
            return None
        family, scale = fit.family, fit.weight * parameter
        expected = self.dims * family.constant(parameter)
        jacobian = family.target != "pixel"
        if family.target == "squeezed":
            expected -= self.dims * math.log1p(-2 * family.epsilon)
        if value.term != ("Jacobian" if jacobian else "") or (
            jacobian and not math.isclose(value.weight, scale, rel_tol=1e-6)
        ):
            return None
        per_image = value.constant / (scale * self.found.shape.batch)
        tolerance = self._coarseness(parameter) + 1e-9 * abs(expected)
        return 0.0 if abs(per_image - expected) <= tolerance else per_image - expected

    # Linear VAEs.

    @cached_property
    def eigenvalues_above(self) -> int | None:
        squared = self.family == "squared" and self.sigma2 is not None and self.found.fit.weight > 0
        if self.eigenvalues is None or not squared:
            return None
        return baselines.surviving_latents(self.eigenvalues, self.sigma2)

    @property
    def surviving_latents(self) -> int | None:
        above = self.eigenvalues_above
        return None if above is None else min(above, self.found.shape.latents)
