"""Sums, means, and the variance or the β that they imply."""

from collections.abc import Callable

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_MNIST = 28 * 28
_CIFAR = 3 * 32 * 32
_CELEBA = 3 * 64 * 64
_EIGENVALUES = [5.1, 3.2, 1.4, 0.7, 0.3]


def _survivors(variance: float) -> int:
    return sum(eigenvalue > variance for eigenvalue in _EIGENVALUES)


def _on_weights(implied_variance: Callable[..., object]) -> Callable[..., Tensor]:
    """The implied variance as a function of the weights that make the loss."""

    def loss_of(a: float, w: float, c: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        def loss(*arguments: object) -> Tensor:
            # In double precision, so that probes in single precision lose nothing beside the constant.
            x, x_hat, kl = (torch.as_tensor(argument).double() for argument in arguments)
            return a * (x - x_hat).square().sum() + w * kl.sum() + c

        return loss

    def elementwise(*weights: Tensor) -> Tensor:
        losses = [loss_of(*row) for row in torch.stack(weights, dim=1).tolist()]
        return torch.stack([torch.as_tensor(implied_variance(loss)).double() for loss in losses])

    return elementwise


def _slopes(loss: Callable[..., Tensor]) -> Tensor:
    """The weights of SSE and of KL in a written loss."""
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    values = torch.stack([loss(one, zero, zero), loss(zero, zero, one)])
    return values - loss(zero, zero, zero)


_a, _w = sp.symbols("a w", positive=True)
_c = sp.Symbol("c", real=True)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "sse": Exercise(
        question="The loss SSE + KL is a VAE with which fixed variance σ² at β = 1?",
        key=1 / 2,
        why="SSE/(2σ²) has weight 1 at σ² = 1/2.",
        mistakes=[
            (1, "the Gaussian's exponent is SSE/(2σ²); you lost the 2."),
            (2, "that is 1/σ²: turn it over."),
        ],
        hint="compare SSE + KL with SSE/(2σ²) + KL.",
    ),
    "mean-mse": Exercise(
        question="F.mse_loss (a mean over 784 pixels) + KL (a sum): which σ² at β = 1?",
        key=_MNIST / 2,
        why="SSE/784 is SSE/(2σ²) at σ² = 784/2: a standard deviation of 20 for pixels in [0, 1].",
        mistakes=[
            (_MNIST, "the Gaussian's exponent is SSE/(2σ²); you lost the 2."),
            (2 / _MNIST, "that is 1/σ²: turn it over."),
            (1 / 2, "that belongs to a sum over the pixels; here the sum is divided by 784."),
        ],
        hint="the mean is SSE/784; compare it with SSE/(2σ²).",
    ),
    "equivalent-beta": Exercise(
        question="SSE + 4 KL is a VAE with σ = 1 and which β?",
        key=4 / 2,
        why="half of the loss is SSE/2 + 2 KL, and SSE/2 is the Gaussian's at σ = 1.",
        mistakes=[
            (4, "with σ = 1 the Gaussian gives SSE/2, and you compared with SSE."),
            (4 * 2, "divide the loss by 2 to get SSE/2; you multiplied the 4."),
            (1 / 2, "that is 1/β: turn it over."),
        ],
        hint="scale the whole loss until SSE has the weight 1/2, then read off the weight of KL.",
    ),
    "mean-mean": Exercise(
        question="Mean NLL over 3x32x32 pixel values + mean KL over 128 latents: which β?",
        key=_CIFAR / 128,
        why="times 3072 the loss is NLL + (3072/128) KL: two means do not cancel.",
        mistakes=[
            (_CIFAR, "that would be a summed KL; here the KL is divided by 128."),
            (128 / _CIFAR, "that is 1/β: turn it over."),
            (1, "two means cancel only if there are as many latents as pixel values."),
            (32 * 32 / 128, "each pixel has three colours, and the mean runs over all 3072 values."),
        ],
        hint="write both means as sums, then scale the loss until NLL has the weight 1.",
    ),
    "beta-norm": Exercise(
        question="β = 4, 10 latents, images of 64x64x3: β_norm, the weight if both terms are means?",
        key=4 * 10 / _CELEBA,
        why="NLL/D + β_norm KL/d is proportional to NLL + β KL if β_norm = β d/D.",
        mistakes=[
            (4 * _CELEBA / 10, "that is β D/d: the ratio is upside down."),
            (4 * 10 / 64**2, "each pixel has three colours: D = 64 · 64 · 3."),
            (10 / _CELEBA, "that is d/D; the factor β = 4 is missing."),
        ],
        hint="divide NLL + β KL by the number of pixel values D; what is KL/D in terms of KL/d?",
    ),
    "survivors": Exercise(
        question=(
            "A linear VAE, data with eigenvalues 5.1, 3.2, 1.4, 0.7, 0.3, the loss SSE + KL: "
            "how many latents stay in use?"
        ),
        key=_survivors(1 / 2),
        why="a latent survives if its eigenvalue exceeds β σ², and SSE + KL has σ² = 1/2.",
        mistakes=[
            (_survivors(1), "that is for σ² = 1; SSE + KL has σ² = 1/2."),
            (_survivors(2), "that is for σ² = 2; SSE + KL has σ² = 1/2."),
            (_survivors(0), "not all: the last eigenvalue is below β σ²."),
        ],
        hint="count the eigenvalues above β σ²; which σ² does SSE + KL imply?",
    ),
    "implied-variance": CodeExercise(
        question=(
            "implied_variance(loss): the σ² of an unknown loss(x, x_hat, kl), "
            "which is some a * SSE + w * kl + a constant"
        ),
        expression=_w / (2 * _a),
        symbols=[_a, _w, _c],
        points=[
            (1, 1, 0),
            (0.5, 1, 0),
            (1 / _MNIST, 1, 0),
            (1 / _CIFAR, 1 / 128, 0),
            (255, 1, 0),
            (0.5, 4, 720.5),
        ],
        why="Sum, half, mean, mean and mean, grey levels, β = 4: one function reads them all.",
        mistakes=[
            (
                lambda loss: _slopes(loss)[1] / _slopes(loss)[0],
                "you return w/a; the Gaussian's exponent is SSE/(2σ²), so a 2 is missing.",
            ),
            (
                lambda loss: 2 * _slopes(loss)[0] / _slopes(loss)[1],
                "you return 2a/w, which is 1/σ².",
            ),
        ],
        adapt=_on_weights,
        with_gradient=False,
    ),
}
