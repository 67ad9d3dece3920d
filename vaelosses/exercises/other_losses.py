"""Losses of public code: which scale and which beta they imply, and how to repair one."""

import math
from collections.abc import Callable

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_CIFAR = 3 * 32 * 32
_CELEBA = 3 * 64 * 64

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


# Three images [3, 2, 4] and five latents: no two sizes are equal, and no two entries.
_ERRORS = torch.linspace(-1, 1.5, 72, dtype=torch.float64).reshape(3, 3, 2, 4)
_MEANS, _LOGS = torch.linspace(-1, 1.5, 30, dtype=torch.float64).reshape(2, 3, 5)


def _on_numbers(loss: Loss) -> Callable[..., Tensor]:
    """The loss, less what it is without any error and with q at the prior, as a function of three sizes."""

    def value(error: Tensor, mean: Tensor, log: Tensor) -> Tensor:
        x_hat, mu, logvar = error * _ERRORS, mean * _MEANS, log * _LOGS
        x, prior = torch.zeros_like(x_hat), torch.zeros_like(mu)
        return loss(x, x_hat, mu, logvar) - loss(x, x, prior, prior)

    def elementwise(*numbers: Tensor) -> Tensor:
        return torch.stack([value(*point) for point in torch.stack(numbers, dim=1)])

    return elementwise


def _kl(mu: Tensor, logvar: Tensor) -> Tensor:
    return 0.5 * (mu.square() + logvar.exp() - logvar - 1)


def _squared(x: Tensor, x_hat: Tensor) -> Tensor:
    return (x - x_hat).square().flatten(1)


_error, _mean, _logvar = sp.symbols("error mean logvar", real=True)
_half_sse = _error**2 * _ERRORS.square().sum().item() / 2
_rate = sum(
    (_mean**2 * m**2 + sp.exp(h * _logvar) - h * _logvar - 1) / 2
    for m, h in zip(_MEANS.flatten().tolist(), _LOGS.flatten().tolist(), strict=True)
)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "two-means": Exercise(
        question="5 * mean error of 3x32x32 values + 0.5 * mean KL of 128 latents: which σ² at β = 1?",
        key=(0.5 / 128) / (2 * 5 / _CIFAR),
        why="a = 5/3072 and w = 0.5/128, so w/2a = 1.2.",
        mistakes=[
            ((0.5 / 128) / (5 / _CIFAR), "the Gaussian's exponent is SSE/(2σ²); you lost the 2."),
            ((2 * 5 / _CIFAR) / (0.5 / 128), "that is 1/σ²: turn it over."),
            (0.5 / (2 * 5 / _CIFAR), "that is for a summed KL; here it is divided by 128."),
            ((0.5 / 128) / (2 * 5), "that is for a summed error; here it is divided by 3072."),
            (
                (0.5 / 128) / (2 * 5 / 32**2),
                "each pixel has three colours, and the mean runs over all values.",
            ),
            (0.5 / (2 * 5), "two means do not cancel: one divides by 3072, the other by 128."),
        ],
        hint="what multiplies SSE, and what multiplies the sum of the KL? Call them a and w.",
    ),
    "kld-weight": Exercise(
        question="Mean error of 3x64x64 values + kld_weight * KL: which kld_weight has σ = 0.1?",
        key=2 * 0.1**2 / _CELEBA,
        why="w = 2aσ² with a = 1/12288.",
        mistakes=[
            (0.1**2 / _CELEBA, "the Gaussian's exponent is SSE/(2σ²); you lost the 2."),
            (2 * 0.1 / _CELEBA, "that is 2aσ; the variance is σ² = 0.01."),
            (2 * 0.1**2 / 64**2, "each pixel has three colours: D = 3 · 64 · 64."),
            (2 * 0.1**2, "that is for a summed error; here it is divided by 12288."),
            (_CELEBA / (2 * 0.1**2), "that is 1/w: turn it over."),
        ],
        hint="solve w/2a = σ² for w, with a = 1/D.",
    ),
    "grey-levels": Exercise(
        question="Pixels in [-1, 1], the loss SSE + KL: how many grey levels of 8-bit images is σ?",
        key=math.sqrt(1 / 2) * 255 / 2,
        why="σ is the root of 1/2, and a grey level is 2/255 wide.",
        mistakes=[
            (math.sqrt(1 / 2) * 255, "a range of length 2 has 255 steps: a grey level is 2/255 wide."),
            (1 / 2 * 255 / 2, "that is σ², take the root."),
            (255 / 2, "that is for σ = 1; SSE + KL has σ² = 1/2."),
            (math.sqrt(1 / 2), "that is σ in the unit of the pixels; divide by the width of a grey level."),
        ],
        hint="which σ² does SSE + KL have, and how wide is a grey level on [-1, 1]?",
    ),
    "repaired": CodeExercise(
        question="repaired(x, x_hat, mu, logvar): a mean over the batch, β = 1 at σ = 1",
        expression=(_half_sse + _rate) / 3,  # 3 images
        symbols=[_error, _mean, _logvar],
        points=[(0.1, 0.5, -1), (2, -1.5, 0.7), (-30, 0.2, 3), (0.02, 4, -6), (0.1, 0.02, 0.02)],
        why="Half of a sum over pixels, a sum over latents, a mean over images.",
        mistakes=[
            (
                lambda x, x_hat, mu, logvar: (_squared(x, x_hat).sum(1) + _kl(mu, logvar).sum(1)).mean(),
                "SSE + KL is σ² = 1/2: the half of the Gaussian is missing.",
            ),
            (
                lambda x, x_hat, mu, logvar: (_squared(x, x_hat).sum(1) + _kl(mu, logvar).sum(1)).mean() / 2,
                "the half belongs to the error alone: your KL has it twice.",
            ),
            (
                lambda x, x_hat, mu, logvar: _squared(x, x_hat).mean() + _kl(mu, logvar).mean(),
                "that is the loss to be repaired: both are still means.",
            ),
            (
                lambda x, x_hat, mu, logvar: 0.5 * _squared(x, x_hat).mean() + _kl(mu, logvar).sum(1).mean(),
                "the error is still a mean over the pixels.",
            ),
            (
                lambda x, x_hat, mu, logvar: _squared(x, x_hat).mean() + _kl(mu, logvar).sum(1).mean(),
                "the error is still a mean over the pixels, without the half of the Gaussian.",
            ),
            (
                lambda x, x_hat, mu, logvar: 0.5 * _squared(x, x_hat).sum(1).mean() + _kl(mu, logvar).mean(),
                "the KL is still a mean over the latents.",
            ),
            (
                lambda x, x_hat, mu, logvar: 0.5 * _squared(x, x_hat).sum() + _kl(mu, logvar).sum(),
                "both terms are summed over the batch: the ratio is right, the step size is not.",
            ),
        ],
        adapt=_on_numbers,
    ),
}
