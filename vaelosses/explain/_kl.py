"""The divergence: its three parts, weighed one by one, and a verdict."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ._point import Point
from ._probe import Answer

__all__ = ["UNKNOWN", "Divergence", "Verdict", "measure"]

Verdict = Literal["right", "right for log sigma", "wrong sign", "missing", "unequal weights", "cannot tell"]


@dataclass(frozen=True)
class Divergence:
    r"""What a loss has for :math:`\frac12\sum_j[A\mu_j^2 + P\sigma_j^2 - Q\log\sigma_j^2]`.

    It is the divergence from the standard normal prior, up to a constant, if A = P = Q.
    """

    verdict: Verdict
    parts: tuple[float, float, float] | None
    """The weights A, P, Q."""
    log_sigma: bool = False
    """Whether the last argument is used as the logarithm of sigma, not of the variance."""
    error: float = 0.0
    """The largest relative error of the fit."""

    @property
    def weight(self) -> float | None:
        """The weight of the divergence, negative where its sign is wrong; None where there is not one."""
        if self.verdict in ("unequal weights", "cannot tell"):
            return None
        return self.parts[0]

    @property
    def tolerance(self) -> float:
        """How nearly the weights of the parts are known."""
        return max(1e-9, 10 * self.error)

    def value(self, point: Point) -> float:
        """Return the three parts at a point, summed over the batch."""
        mean, variance, log = self.parts
        log_variance = (1 + self.log_sigma) * point.logvar
        terms = mean * point.mu.square() + variance * log_variance.exp() - log * log_variance
        return 0.5 * terms.sum().item()

    @property
    def size(self) -> float | None:
        """The weight of the part that weighs most, for comparing one shape with another."""
        return None if self.parts is None else max(map(abs, self.parts))

    @property
    def bounded(self) -> bool | None:
        """Whether it is bounded below."""
        if self.parts is None:
            return None
        mean, variance, log = self.parts
        return min(mean, variance, log) >= 0 and (log == 0 or variance > 0)


UNKNOWN = Divergence("cannot tell", None)


def measure(points: list[Point], answers: list[Answer], tolerance: float) -> Divergence:
    """Fit the three parts to the gradients by ``mu`` and ``logvar``, for both meanings of ``logvar``."""
    fits = [_fit(points, answers, power) for power in (1, 2)]
    log_sigma = fits[0][1] > tolerance  # without a part in sigma^2 both fit
    parts, error = fits[log_sigma]
    if not error <= tolerance:
        return UNKNOWN
    size = max(map(abs, parts))
    if size == 0:
        return Divergence("missing", (0.0, 0.0, 0.0))
    mean, variance, log = (part if abs(part) > tolerance * size else 0.0 for part in parts)
    spread = (max(parts) - min(parts)) / size
    if spread > tolerance:
        return Divergence("unequal weights", (mean, variance, log), log_sigma, error)
    verdict = "wrong sign" if mean < 0 else "right for log sigma" if log_sigma else "right"
    return Divergence(verdict, (mean, variance, log), log_sigma, max(error, spread))


def _fit(points: list[Point], answers: list[Answer], power: int) -> tuple[tuple[float, float, float], float]:
    """Return A, P, Q with sigma^2 = exp(power * logvar), fitted to two points, and the largest error."""
    systems = [_system(p, a, power) for p, a in zip(points, answers, strict=True)]
    features, gradients = zip(*systems[:2], strict=True)
    parts = torch.linalg.lstsq(torch.cat(features), torch.cat(gradients)).solution
    errors = []
    for features, gradient in systems:
        size = gradient.abs().max().item()
        worst = (gradient - features @ parts).abs().max().item()
        errors.append(worst / size if size > 0 else worst)
    return tuple(parts.tolist()), max(errors)


def _system(point: Point, answer: Answer, power: int) -> tuple[Tensor, Tensor]:
    """Return the gradients of the three parts, in columns, and the gradient of the loss."""
    mu, logvar = point.mu.flatten(), point.logvar.flatten()
    half, zero = torch.full_like(logvar, 0.5 * power), torch.zeros_like(logvar)
    by_mu = torch.stack([mu, zero, zero], 1)
    by_logvar = torch.stack([zero, half * (power * logvar).exp(), -half], 1)
    return torch.cat([by_mu, by_logvar]), torch.cat([answer.mu.flatten(), answer.logvar.flatten()])
