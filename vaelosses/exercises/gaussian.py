"""The scale of the Gaussian: fixed, learned, optimal."""

from collections.abc import Callable
from math import e, log, pi

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_RESIDUALS = [0.1, 0.2, 0.2]
_SSE = sum(residual**2 for residual in _RESIDUALS)
_EIGENVALUES = [5, 3, 0.5, 0.3, 0.2]
_DISCARDED = sum(_EIGENVALUES[2:])


def _excess(ratio: float) -> float:
    """KL(N(0, MSE) || N(0, v)) in nats, with ratio = MSE/v."""
    return (ratio - 1 - log(ratio)) / 2


def _on_six_residuals(loss: Callable[[Tensor], object]) -> Callable[..., Tensor]:
    """A loss of a batch [2, 3] as a function of its six residuals."""

    def elementwise(*residuals: Tensor) -> Tensor:
        batches = torch.stack(residuals, dim=1).unflatten(1, (2, 3))
        values = [loss(batch) for batch in batches]
        for value in values:
            if not isinstance(value, Tensor) or value.shape != ():
                given = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise ValueError(f"expected one number for the whole batch, got {given}")
        return torch.stack(values)

    return elementwise


_residuals = sp.symbols("residual_11:14 residual_21:24", real=True)
_mse = sum(residual**2 for residual in _residuals) / sp.Integer(6)

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "negative-loss": Exercise(
        question="-log N(x; μ, σ²) at x = μ with σ = 0.01, in nats",
        key=log(0.01) + log(2 * pi) / 2,
        why="a density may exceed 1, so its -log may be negative: here the density is about 40.",
        mistakes=[
            (log(2 * pi) / 2, "log σ is missing: that is the value at σ = 1."),
            (2 * log(0.01) + log(2 * pi) / 2, "½ log σ² is log σ, not 2 log σ."),
            (log(0.01), "the constant ½ log 2π is missing."),
            (0, "a density can exceed 1, so its -log can be negative; nothing stops it at 0."),
        ],
        hint="at x = μ what is left of -log N is log σ + ½ log 2π.",
    ),
    "bits": Exercise(
        question="A density on [0, 1] has a loss of -1.2 nats per dimension: bits/dim with 256 bins?",
        key=-1.2 / log(2) + log(256) / log(2),
        why="-1.2/log 2 bits for the density, plus 8 bits because a bin has the width 1/256.",
        mistakes=[
            (-1.2 / log(2), "that is the density's; a bin of width 1/256 adds log₂ 256 = 8 bits."),
            (-1.2 + 8, "8 is in bits, -1.2 in nats: divide the nats by log 2 first."),
            (1.2 / log(2) + 8, "the loss is -1.2, so its bits count negatively."),
        ],
        hint="divide the nats by log 2, then account for the width of a bin.",
    ),
    "optimal-sigma": Exercise(
        question="Residuals 0.1, 0.2, 0.2: the summed Gaussian NLL at the best shared σ, in nats",
        key=3 / 2 * log(2 * pi * e * _SSE / 3),
        why="(D/2) log(2πe MSE) with D = 3 and MSE = 0.03.",
        mistakes=[
            (3 / 2 * log(_SSE / 3), "the constant (D/2) log 2πe is missing."),
            (3 / 2 * log(2 * pi * e * _SSE), "you used the sum of squares; σ² is their mean."),
            (1 / 2 * log(2 * pi * e * _SSE / 3), "that is per residual; there are three."),
            (3 / 2 * log(2 * pi * _SSE / 3), "SSE/(2σ²) = D/2 at the optimum; it is missing."),
        ],
        hint="the best σ² is the mean square; put it into the NLL and add up the three terms.",
    ),
    "wrong-variance": Exercise(
        question="MSE = 0.01, but σ² = 1/2: the NLL per pixel above that at the best σ², in nats",
        key=_excess(0.01 / 0.5),
        why=f"(r - 1 - log r)/2 with r = MSE/σ² = 0.02; 784 pixels lose {784 * _excess(0.02):.0f} nats.",
        mistakes=[
            (_excess(0.5 / 0.01), "your ratio is upside down: r = MSE/σ²."),
            (-log(0.01 / 0.5) / 2, "that is the part of log σ² alone; the squares differ too."),
            (2 * _excess(0.01 / 0.5), "the ½ in front of log σ² and of MSE/σ² is missing."),
        ],
        hint="subtract ½ log MSE + ½ from ½ log σ² + MSE/(2σ²).",
    ),
    "misprint": Exercise(
        question="A post prints ½ log v + r²/v. Which v minimises it for r = 0.3?",
        key=2 * 0.3**2,
        why="the derivative 1/(2v) - r²/v² vanishes at v = 2r², twice the true variance.",
        mistakes=[
            (0.3**2, "that is the optimum of the right formula, ½ log v + r²/(2v)."),
            (0.3, "v is a variance; r is a length."),
            (0.3**2 / 2, "solve 1/(2v) = r²/v² again: the 2 goes to the other side."),
        ],
        hint="set the derivative with respect to v to zero.",
    ),
    "ppca": Exercise(
        question="Eigenvalues 5, 3, 0.5, 0.3, 0.2, a linear VAE with 2 latents, β = 1: the learned σ²",
        key=_DISCARDED / (5 - 2),
        why="σ² is the mean of the discarded eigenvalues.",
        mistakes=[
            (_DISCARDED, "that is the sum of the discarded eigenvalues; σ² is their mean."),
            (_DISCARDED / 5, "divide by the 3 discarded directions, not by all 5."),
            (sum(_EIGENVALUES) / 5, "the first two eigenvalues are explained by the latents."),
        ],
        hint="which eigenvalues do the two latents leave unexplained?",
    ),
    "ppca-beta": Exercise(
        question="The same data and model with β = 1.25: the learned σ²",
        key=_DISCARDED / (5 - 1.25 * 2),
        why="R/(D - β k), with R the sum of the discarded eigenvalues: β > 1 inflates σ².",
        mistakes=[
            (_DISCARDED / (5 - 2), "that is at β = 1; now each latent counts 1.25 times."),
            (1.25 * _DISCARDED / (5 - 2), "σ² is not proportional to β: solve for it again."),
            (1.25 * _DISCARDED / (5 - 1.25 * 2), "that is β σ², below which a latent dies."),
        ],
        hint="a latent leaves β σ² of its eigenvalue unexplained; put that in and solve for σ².",
    ),
    "optimal-sigma-loss": CodeExercise(
        question=(
            "optimal_sigma_loss(residuals [B, D]): the Gaussian NLL per residual, in nats, "
            "with one σ² at its optimum for the batch"
        ),
        expression=sp.log(2 * sp.pi * sp.E * _mse) / 2,
        symbols=_residuals,
        points=[
            (0.1, 0.2, 0.2, 0.4, -0.3, 0.0),
            (1.0, -1.0, 1.0, 0.01, 0.02, -0.01),
            (30.0, 5.0, -7.0, 110.0, 2.0, 60.0),
            (1e-4, 2e-4, -1e-4, 3e-4, 1e-4, 1e-5),
        ],
        why="The gradient is residual/SSE, whatever the units.",
        mistakes=[
            (
                lambda batch: (2 * pi * e * batch.square().mean(1)).log().mean() / 2,
                "you give each image a σ² of its own; the batch shares one.",
            ),
            (
                lambda batch: (2 * pi * e * batch.square().sum()).log() / 2,
                "you used the sum of squares; σ² is their mean.",
            ),
            (
                lambda batch: (2 * pi * e * batch.square().sum(1).mean()).log() / 2,
                "that is a sum over the pixels, averaged over the images; σ² is the mean over both.",
            ),
            (
                lambda batch: (2 * pi * e * batch.square().mean()).log(),
                "½ log σ² has a ½, and so has ½ log 2πe.",
            ),
            (
                lambda batch: (2 * pi * e * batch.square().mean()).log() * batch.numel() / 2,
                "that is the sum over the residuals; here the loss is per residual.",
            ),
        ],
        adapt=_on_six_residuals,
    ),
}
