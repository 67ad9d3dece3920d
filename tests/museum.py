"""Losses of public code, as formulas of our own, and what follows from each by hand.

``a`` squared errors and ``w`` divergences of an image make a Gaussian with variance ``w / (2 a)`` at
beta = 1; ``a`` absolute errors, a Laplace with scale ``w / a``; ``a`` cross-entropies, beta = ``w / a``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

MNIST, CELEBA, CIFAR = (1, 28, 28), (3, 64, 64), (3, 32, 32)


@dataclass(frozen=True)
class Exhibit:
    """One loss of a public repository."""

    repository: str
    loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    expected: dict[str, object]
    """Attributes of the report, by hand."""
    warning: str = ""
    """Words that one of the warnings must hold."""
    image_shape: tuple[int, ...] = MNIST
    latent_dim: int = 10
    options: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.repository


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """Of each latent."""
    return 0.5 * (mu.square() + logvar.exp() - logvar - 1)


def sse(x: Tensor, x_hat: Tensor) -> Tensor:
    """Of each image."""
    return (x - x_hat).square().flatten(1).sum(1)


def keras(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """The mean over the last axis is inside of binary_crossentropy."""
    cross_entropy = F.binary_cross_entropy(x_hat, x, reduction="none").mean(-1)
    return cross_entropy.sum((1, 2)).mean() + kl(mu, logvar).sum(1).mean()


def logit_laplace(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    nll = (x.clamp(1e-7, 1 - 1e-7).logit() - x_hat).abs() / 0.1 + math.log(2 * 0.1)
    return nll.mean() + kl(mu, logvar).sum(1).mean()


SQUARED = {"family": "squared", "kl": "right", "bounded": True, "b": None}
BCE = {"family": "BCE on probabilities", "kl": "right", "bounded": True, "sigma2": None, "b": None}
ABSOLUTE = {"family": "absolute", "kl": "right", "bounded": True, "sigma2": None}
CONSTANT_AT_1 = -0.5 * 784 * math.log(2 * math.pi)


def gaussian(sigma2: float, **more: object) -> dict[str, object]:
    return SQUARED | {"sigma2": sigma2, "beta": sigma2} | more


def laplace(b: float, **more: object) -> dict[str, object]:
    return ABSOLUTE | {"b": b, "beta": b} | more


MUSEUM = [
    Exhibit(
        "nidl, beta-VAE with its default 4",
        lambda x, h, m, s: F.mse_loss(h, x, reduction="sum") / len(x) + 4 * kl(m, s).sum(1).mean(),
        gaussian(2.0, scale=4.0),
    ),
    Exhibit(
        "disentangling-vae, normal",
        lambda x, h, m, s: (
            F.mse_loss(h * 255, x * 255, reduction="sum") / 255 / len(x) + kl(m, s).mean(0).sum()
        ),
        gaussian(1 / 510),
    ),
    Exhibit(
        "disentangling-vae, laplace",
        lambda x, h, m, s: 3 * F.l1_loss(h, x, reduction="sum") / len(x) + kl(m, s).mean(0).sum(),
        laplace(1 / 3, constant=-784 * math.log(2 / 3)),
    ),
    Exhibit(
        "disentanglement_lib, l2",
        lambda x, h, m, s: sse(x, h).mean() + kl(m, s).sum(1).mean(),
        gaussian(0.5, constant=-0.5 * 784 * math.log(math.pi)),
    ),
    Exhibit(
        "disentanglement_lib, bernoulli less the entropy of the pixels",
        lambda x, h, m, s: (
            (
                F.binary_cross_entropy_with_logits(h, x, reduction="sum")
                - F.binary_cross_entropy(x, x, reduction="sum")
            )
            / len(x)
            + kl(m, s).sum(1).mean()
        ),
        BCE | {"family": "BCE on logits", "beta": 1.0, "constant": None},
    ),
    Exhibit(
        "AntixK/PyTorch-VAE, training",
        lambda x, h, m, s: F.mse_loss(h, x) + 0.00025 * kl(m, s).sum(1).mean(),
        gaussian(1.536),
        "beta is 12288 times that of a sum",
        CELEBA,
        128,
    ),
    Exhibit(
        "AntixK/PyTorch-VAE, validation",
        lambda x, h, m, s: F.mse_loss(h, x) + kl(m, s).sum(1).mean(),
        gaussian(6144.0),
        "changes with the size of the image",
        CELEBA,
        128,
    ),
    Exhibit(
        "sigma-vae-pytorch, mse_vae",
        lambda x, h, m, s: F.mse_loss(h, x) + kl(m, s).sum(),
        gaussian(150_528.0),
        "beta is 1176 x the batch size",
        (3, 28, 28),
        20,
        {"batch_size": 128},
    ),
    Exhibit(
        "sigma-vae-pytorch, optimal sigma without its floor",
        lambda x, h, m, s: (
            # 0.5 r^2 / sigma^2 + log sigma + 0.5 log(2 pi) at sigma^2 = the mean of r^2
            x.numel() * (0.5 + 0.5 * F.mse_loss(h, x).log() + 0.5 * math.log(2 * math.pi)) + kl(m, s).sum()
        ),
        {"family": "log-MSE", "kl": "right", "sigma2": None, "beta": 1.0, "bounded": False, "constant": 0.0},
        "summed over the batch",
        (3, 28, 28),
        20,
    ),
    Exhibit(
        "pytorch/examples",
        lambda x, h, m, s: (
            F.binary_cross_entropy(h, x, reduction="sum") - 0.5 * torch.sum(1 + s - m.pow(2) - s.exp())
        ),
        BCE | {"beta": 1.0, "constant": 0.0, "scale": 8.0},
        "the gradient grows with the batch size",
    ),
    Exhibit(
        "keras-io, one channel", keras, BCE | {"beta": 1.0}, "harmless for a single one only", (28, 28, 1)
    ),
    Exhibit(
        "keras-io, three channels",
        keras,
        BCE | {"beta": 3.0},
        "averaged over channels but summed over the rest of the image: beta is 3 times",
        (32, 32, 3),
    ),
    Exhibit(
        "Keras before, with original_dim",
        lambda x, h, m, s: 784 * F.binary_cross_entropy(h, x) + kl(m, s).sum(1).mean(),
        BCE | {"beta": 1.0},
        "is multiplied by 784, as a number",
        (784,),
        2,
    ),
    Exhibit(
        "Keras before, without original_dim",
        lambda x, h, m, s: F.binary_cross_entropy(h, x) + kl(m, s).sum(1).mean(),
        BCE | {"beta": 784.0},
        "beta is 784 times",
        (784,),
        2,
    ),
    Exhibit(
        "Keras before, with original_dim and a mean of everything",
        lambda x, h, m, s: 784 * F.binary_cross_entropy(h, x) + kl(m, s).mean(),
        BCE | {"beta": 0.5},
        "averaged over 2 latents",
        (784,),
        2,
    ),
    Exhibit(
        "lightning-bolts",
        lambda x, h, m, s: F.mse_loss(h, x) + 0.1 * kl(m, s).mean(),
        gaussian(0.1 * 3072 / (2 * 256)),
        "averaged over 256 latents",
        CIFAR,
        256,
    ),
    Exhibit(
        "facebookresearch/irmae, BCE and KL averaged",
        lambda x, h, m, s: F.binary_cross_entropy(h, x) + 0.5 * kl(m, s).mean(),
        BCE | {"beta": 0.5 * 784 / 32},
        "averaged over 32 latents",
        MNIST,
        32,
    ),
    Exhibit(
        "rasbt/stat453",
        lambda x, h, m, s: (
            F.mse_loss(h, x, reduction="none").view(len(x), -1).sum(1).mean()
            + (-0.5 * torch.sum(1 + s - m**2 - torch.exp(s), axis=1)).mean()
        ),
        gaussian(0.5),
    ),
    Exhibit(
        "deepul",
        lambda x, h, m, s: F.mse_loss(x, h, reduction="none").sum((1, 2, 3)).mean() + kl(m, s).sum(1).mean(),
        gaussian(0.5),
    ),
    Exhibit(
        "ai.stackexchange 27341",
        lambda x, h, m, s: sse(x, h).mean() - kl(m, s).sum(1).mean(),
        {
            "family": "squared",
            "kl": "wrong sign",
            "sigma2": None,
            "beta": -0.5,
            "bounded": False,
            "scale": None,
        },
        "The KL has the wrong sign",
    ),
    Exhibit(
        "World Models in Keras",
        lambda x, h, m, s: 10 * F.mse_loss(h, x) + kl(m, s).mean(),
        gaussian(12288 / (2 * 10 * 32)),
        "averaged over 32 latents",
        CELEBA,
        32,
    ),
    Exhibit(
        "Taming VAEs, the constraint at lambda = 1",
        lambda x, h, m, s: (sse(x, h) - 0.1**2).mean() + kl(m, s).sum(1).mean(),
        gaussian(0.5, constant=-0.01 - 0.5 * 784 * math.log(math.pi)),
    ),
    Exhibit(
        "VQ-VAE with data_variance",
        lambda x, h, m, s: ((h - x) ** 2).mean() / 0.06327,
        {"family": "squared", "kl": "missing", "sigma2": None, "beta": 0.0, "bounded": True},
        "does not depend on mu",
        CIFAR,
    ),
    Exhibit(
        "latent-diffusion without its perceptual term, logvar 0",
        lambda x, h, m, s: ((x - h).abs() / math.exp(0) + 0).sum() / len(x) + 1e-6 * kl(m, s).sum() / len(x),
        laplace(1e-6),
    ),
    Exhibit(
        "taming-transformers, L1 plus a feature distance",
        lambda x, h, m, s: (
            (x - h).abs().mean()
            + (F.avg_pool2d(x, 2) - F.avg_pool2d(h, 2)).square().mean()
            + kl(m, s).sum(1).mean()
        ),
        {
            "family": "no known likelihood",
            "kl": "right",
            "sigma2": None,
            "b": None,
            "beta": None,
            "code": None,
        },
    ),
    Exhibit(
        "the logit-Laplace demo, with a KL",
        logit_laplace,
        {
            "family": "logit-Laplace",
            "kl": "right",
            "sigma2": None,
            "b": 78.4,
            "beta": 78.4,
            "bounded": True,
            "constant": None,
        },
        "The Jacobian of the logit",
    ),
    Exhibit(
        "a misprint of the Gaussian, r^2 / s and half a logarithm, with s = 0.04",
        lambda x, h, m, s: (sse(x, h) / 0.04 + 0.5 * 784 * math.log(0.04)).mean() + kl(m, s).sum(1).mean(),
        # 1/2 log(0.04) stands where 1/2 log(2 pi 0.02) should
        gaussian(0.02, constant=0.5 * 784 * (math.log(0.04) - math.log(2 * math.pi * 0.02))),
    ),
]
