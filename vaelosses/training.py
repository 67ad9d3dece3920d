"""Training: one loop and the losses that it minimises."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence
from tqdm import tqdm

from .bits import How, grid_log_prob
from .models import VAE
from .objectives import elbo, standard_normal_prior

__all__ = ["History", "Loss", "fit", "negative_elbo", "negative_grid_elbo"]

Loss = Callable[[Tensor, Distribution, Distribution], Tensor]
"""What is minimised: images, p(x | z) and q(z | x) in, a scalar out."""


def negative_elbo(x: Tensor, p_x_given_z: Distribution, q_z_given_x: Distribution) -> Tensor:
    """Return minus the evidence lower bound, averaged over the batch, in nats per image.

    For another weight of the divergence pass ``lambda x, p, q: -elbo(x, p, q, beta=4).elbo.mean()``.
    """
    return -elbo(x, p_x_given_z, q_z_given_x).elbo.mean()


def negative_grid_elbo(how: How = "bin") -> Loss:
    """Return a loss like :func:`negative_elbo` that gives each grey level a mass instead of a density.

    A density earns an unbounded reward at a value that occurs exactly, such as black. A mass does not.

    Args:
        how: ``"bin"`` or ``"dequantize"``, see :func:`vaelosses.bits.grid_log_prob`.

    >>> from vaelosses.likelihoods import GaussianHead
    >>> from vaelosses.models import MLPVAE
    >>> black = torch.zeros(10, 1, 28, 28)
    >>> negative_grid_elbo()(black, *MLPVAE(GaussianHead())(black)) > 0
    tensor(True)
    """

    def loss(x: Tensor, p_x_given_z: Distribution, q_z_given_x: Distribution) -> Tensor:
        rate = kl_divergence(q_z_given_x, standard_normal_prior(q_z_given_x))
        return (rate - grid_log_prob(p_x_given_z, x, how=how)).mean()

    return loss


@dataclass
class History:
    """What :func:`fit` saw, one entry per epoch that was finished."""

    loss: list[float] = field(default_factory=list)
    """Mean training loss of the epoch."""
    test_loss: list[float] = field(default_factory=list)
    """Loss on the held-out images after the epoch; empty without them."""
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False
    """Whether the keyboard ended training early."""


def fit(
    model: VAE,
    x_train: Tensor,
    *,
    epochs: int,
    loss: Loss = negative_elbo,
    x_test: Tensor | None = None,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> History:
    """Train with Adam on the device that the model is on.

    The order of the images and the noise come from ``seed`` alone, so two runs that differ in the loss see
    the same batches and the same noise. A keyboard interrupt ends training and keeps the weights.

    Args:
        model: any VAE; it is changed in place and left in evaluation mode.
        x_train: images ``[N, C, H, W]``, floating point.
        epochs: passes over the images, at least 1. The last incomplete batch of each pass is dropped.
        loss: what to minimise, a scalar; the default is the negative ELBO.
        x_test: held-out images for the learning curve.
        batch_size: images per step, at most N.
        learning_rate: Adam's step size.
        seed: of the order and the noise. It does not touch the initial weights: seed before you build.

    Returns:
        The learning curves.

    Raises:
        FloatingPointError: at the first loss or gradient that is not finite, before it changes the weights.
        TypeError: if ``x_train`` is not floating point.
        ValueError: if ``epochs`` or ``batch_size`` do not fit.

    >>> from vaelosses.likelihoods import GaussianHead
    >>> from vaelosses.models import MLPVAE
    >>> history = fit(MLPVAE(GaussianHead(), latent_dim=2), torch.rand(256, 1, 28, 28), epochs=2)
    >>> history.loss[1] < history.loss[0]
    True
    """
    if not x_train.is_floating_point():
        raise TypeError(f"x_train: got {x_train.dtype}, expected floating point; scale 8-bit images by 1/255")
    if epochs < 1:
        raise ValueError(f"epochs: got {epochs}, expected at least 1")
    if not 1 <= batch_size <= len(x_train):
        raise ValueError(f"batch_size: got {batch_size}, expected 1 to {len(x_train)}, the number of images")
    device = next(model.parameters()).device
    x_train = x_train.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    steps = len(x_train) // batch_size
    history = History()
    bar = tqdm(range(epochs), unit="epoch")
    try:
        for epoch in bar:
            start, total = time.perf_counter(), 0.0
            model.train()
            batches = torch.randperm(len(x_train), generator=order)[: steps * batch_size]
            for step, batch in enumerate(batches.view(steps, batch_size).to(device)):
                x = x_train[batch]
                value = loss(x, *model(x))
                optimizer.zero_grad()
                value.backward()
                _refuse_non_finite(model, value, epoch, step)
                optimizer.step()
                total += value.item()
            history.loss.append(total / steps)
            if x_test is not None:
                history.test_loss.append(_mean_loss(model, x_test, loss))
            history.seconds.append(time.perf_counter() - start)
            bar.set_postfix(loss=f"{history.loss[-1]:.4g}")
    except KeyboardInterrupt:
        history.interrupted = True
        print(f"Interrupted after {len(history.loss)} of {epochs} epochs; the weights so far are kept.")
    finally:
        model.eval()
    return history


def _refuse_non_finite(model: VAE, value: Tensor, epoch: int, step: int) -> None:
    norm = torch.nn.utils.get_total_norm(p.grad for p in model.parameters() if p.grad is not None)
    if not torch.isfinite(value + norm):
        raise FloatingPointError(
            f"loss: got {value.item()} with a gradient of norm {norm.item()} in epoch {epoch + 1}, "
            f"step {step + 1}, expected finite numbers; the weights are those before this step"
        )


@torch.no_grad()
def _mean_loss(model: VAE, x: Tensor, loss: Loss, batch_size: int = 1000) -> float:
    model.eval()
    device = next(model.parameters()).device
    total = sum(loss(part, *model(part)).item() * len(part) for part in x.to(device).split(batch_size))
    return total / len(x)
