"""The families: what the loss of a likelihood is as a function of ``x_hat``, one row each."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..likelihoods import ContinuousBernoulli
from ._point import Point

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True)
class Family:
    """Minus the log-likelihood of a batch at scale one, up to constants, and what is known of it."""

    name: str
    likelihood: str
    """In words, with its article."""
    nll: Callable[[Tensor, Tensor], Tensor]
    """Of the targets and ``x_hat``, to a scalar."""
    code: str
    """The likelihood of an image in vaelosses; ``{scale}``, ``{epsilon}`` and ``{image}`` are filled in."""
    parameter: Literal["sigma2", "b"] | None = None
    """What beta = 1 determines."""
    constant: Callable[[float], float] = lambda parameter: 0.0
    """What the likelihood adds for each pixel, in nats."""
    formula: str = ""
    """The same, for an image of D pixels, as text."""
    real: bool = True
    """Whether ``x_hat`` may be any number; if not, it is a probability."""
    on_unit_interval: bool = False
    """Whether the pixels have to lie in [0, 1]; beyond, the loss is not bounded below."""
    target: Literal["pixel", "squeezed", "clamped"] = "pixel"
    """What ``x_hat`` is compared with: a pixel, or the logit of one that is kept from black and white."""
    epsilon: float = 0.0
    """How far it is kept from there."""

    def inside(self, x: Tensor) -> Tensor:
        """Return the pixels as the logit gets them."""
        if self.target == "clamped":
            return x.clamp(self.epsilon, 1 - self.epsilon)
        return self.epsilon + (1 - 2 * self.epsilon) * x

    def value(self, point: Point) -> Tensor:
        target = point.x if self.target == "pixel" else self.inside(point.x).logit()
        return self.nll(target, point.x_hat)

    def gradient(self, point: Point) -> Tensor:
        with torch.enable_grad():
            x_hat = point.x_hat.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self.value(replace(point, x_hat=x_hat)), x_hat)
        return gradient


def _squared(target: Tensor, x_hat: Tensor) -> Tensor:
    return 0.5 * (x_hat - target).square().sum()


def _absolute(target: Tensor, x_hat: Tensor) -> Tensor:
    return (x_hat - target).abs().sum()


def _bce(target: Tensor, x_hat: Tensor) -> Tensor:
    return -(target * x_hat.log() + (1 - target) * torch.log1p(-x_hat)).sum()


def _bce_logits(target: Tensor, x_hat: Tensor) -> Tensor:
    return (F.softplus(x_hat) - target * x_hat).sum()


def _continuous_bernoulli(target: Tensor, x_hat: Tensor) -> Tensor:
    return -ContinuousBernoulli(x_hat, validate_args=False).log_prob(target).sum()


def _log_mse_of_image(target: Tensor, x_hat: Tensor) -> Tensor:
    return 0.5 * target[0].numel() * (x_hat - target).square().flatten(1).mean(1).log().sum()


def _log_mse_of_batch(target: Tensor, x_hat: Tensor) -> Tensor:
    return 0.5 * target.numel() * (x_hat - target).square().mean().log()


def _gaussian(sigma2: float) -> float:
    return 0.5 * math.log(2 * math.pi * sigma2)


def _laplace(b: float) -> float:
    return math.log(2 * b)


def _best_gaussian(_: float) -> float:
    return 0.5 * (1 + math.log(2 * math.pi))


GAUSSIAN = ("sigma2", _gaussian, "D/2 log(2 pi sigma^2)")
LAPLACE = ("b", _laplace, "D log(2b)")
BEST = (None, _best_gaussian, "D/2 (1 + log(2 pi))")

FAMILIES = (
    Family("squared", "a Gaussian", _squared, "Gaussian(x_hat, {scale})", *GAUSSIAN),
    Family("absolute", "a Laplace", _absolute, "Laplace(x_hat, {scale})", *LAPLACE),
    Family(
        "BCE on probabilities",
        "a Bernoulli",
        _bce,
        "Bernoulli(x_hat.logit())",
        real=False,
        on_unit_interval=True,
    ),
    Family("BCE on logits", "a Bernoulli", _bce_logits, "Bernoulli(x_hat)", on_unit_interval=True),
    Family(
        "continuous Bernoulli on logits",
        "a continuous Bernoulli",
        _continuous_bernoulli,
        "ContinuousBernoulli(x_hat)",
        on_unit_interval=True,
    ),
    Family(
        "continuous Bernoulli on probabilities",
        "a continuous Bernoulli",
        lambda target, x_hat: _continuous_bernoulli(target, x_hat.logit()),
        "ContinuousBernoulli(x_hat.logit())",
        real=False,
        on_unit_interval=True,
    ),
    Family(
        "log-MSE",
        "a Gaussian with the best sigma of each image",
        _log_mse_of_image,
        "Gaussian(x_hat, (x - x_hat).square().mean({image}, keepdim=True).sqrt())",
        *BEST,
    ),
    Family(
        "log-MSE",
        "a Gaussian with the best sigma of each batch",
        _log_mse_of_batch,
        "Gaussian(x_hat, (x - x_hat).square().mean().sqrt())",
        *BEST,
    ),
    *(
        Family(name, likelihood, nll, code, *rest, target=target)
        for target, squeeze in (("squeezed", ", squeeze={epsilon}"), ("clamped", ""))
        for name, likelihood, nll, code, rest in (
            (
                "logit-Laplace",
                "a logit-Laplace",
                _absolute,
                f"LogitLaplace(x_hat, {{scale}}{squeeze})",
                LAPLACE,
            ),
            ("logit-normal", "a logit-normal", _squared, f"LogitNormal(x_hat, {{scale}}{squeeze})", GAUSSIAN),
        )
    ),
)
"""Every family that is known. To add one, add a row."""
