"""Figures: one style, one colour per likelihood, through the whole book."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from matplotlib.ticker import MaxNLocator
from torch import Tensor
from torch.distributions import Distribution

from .evaluation import mean_image

if TYPE_CHECKING:
    from .experiment import Run
    from .models import VAE

__all__ = ["COLORS", "image_rows", "latent_plane", "learning_curves", "reconstructions", "use_style"]

# Okabe and Ito's palette, which readers with any common colour blindness can tell apart.
_PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"]

# For more names than it has colours, it is filled up from Tol's palettes, made for the same purpose.
COLORS = {
    "gaussian": "#0072B2",
    "laplace": "#009E73",
    "student_t": "#EE3377",
    "bernoulli": "#D55E00",
    "continuous_bernoulli": "#CC79A7",
    "logit_normal": "#E69F00",
    "logit_laplace": "#56B4E9",
    "beta": "#882255",
    "kumaraswamy": "#AA4499",
    "truncated_normal": "#332288",
    "censored_normal": "#000000",
    "categorical": "#555555",
    "discretized_logistic": "#117733",
    "discretized_normal": "#999933",
    "logistic_mixture": "#661100",
    "rgb_logistic_mixture": "#DDCC77",
}
"""The colour of each likelihood wherever it is drawn."""

_DASHES = ("-", "--", ":", "-.")


def use_style() -> None:
    """Set the style of every figure in the book."""
    plt.rcParams.update(
        {
            "axes.grid": True,
            "axes.prop_cycle": cycler(color=_PALETTE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "figure.figsize": (7, 3.2),
            "font.size": 11,
            "grid.alpha": 0.3,
            "legend.frameon": False,
            "lines.linewidth": 2,
        }
    )


def learning_curves(runs: Mapping[str, "Run"], *, ylabel: str = "test loss (nats per image)") -> None:
    """Draw the held-out loss of each run after every epoch, in the colour of its likelihood.

    Runs of the same likelihood differ in the dashes.
    """
    _, ax = plt.subplots()
    drawn = Counter()
    for name, run in runs.items():
        losses = run.history.test_loss
        likelihood = type(run.model.head).__module__.rpartition(".")[2]  # one name: that of its file
        color = COLORS.get(likelihood, "#000000")
        dashes = _DASHES[drawn[color] % len(_DASHES)]
        drawn[color] += 1
        ax.plot(range(1, len(losses) + 1), losses, color=color, linestyle=dashes, label=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def image_rows(rows: Mapping[str, Tensor]) -> None:
    """Draw rows of images, each with its label on the left; values are shown on [0, 1].

    Args:
        rows: label to images ``[N, C, H, W]``, the same N in each row.
    """
    columns = len(next(iter(rows.values())))
    fig, axes = plt.subplots(len(rows), columns, figsize=(7, 0.72 * len(rows) * 7 / columns), squeeze=False)
    fig.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    for (label, images), line in zip(rows.items(), axes, strict=True):
        line[0].set_ylabel(label, rotation=0, ha="right", va="center")
        for image, ax in zip(images, line, strict=True):
            _show(ax, image)


def reconstructions(
    models: Mapping[str, "VAE"], x: Tensor, *, show: Sequence[str] = ("mean", "sample"), seed: int = 0
) -> None:
    """Draw images, and what each model claims about them at the mean of its posterior.

    Args:
        models: label to model.
        x: images ``[N, C, H, W]``.
        show: which of "mean", "mode", "median" and "sample" of p(x | z) to draw.
        seed: of the samples.
    """
    rows = {"data": x}
    for name, model in models.items():
        torch.manual_seed(seed)
        with torch.no_grad():
            p_x_given_z = model.decode(model.encode(x.to(next(model.parameters()).device)).mean)
        for what in show:
            rows[f"{name}\n{what}" if name else what] = _image(p_x_given_z, what)
    image_rows(rows)


def _image(p_x_given_z: Distribution, what: str) -> Tensor:
    if what == "sample":
        return p_x_given_z.sample()
    return mean_image(p_x_given_z) if what == "mean" else getattr(p_x_given_z.base_dist, what)


def latent_plane(model: "VAE", *, size: int = 10, extent: float = 2.5) -> None:
    """Draw the mean image on a square grid of two latents, each from ``-extent`` to ``extent``."""
    axis = torch.linspace(-extent, extent, size)
    z = torch.cartesian_prod(-axis, axis).flip(1).to(next(model.parameters()).device)
    with torch.no_grad():
        images = mean_image(model.decode(z))
    canvas = torch.cat([torch.cat(list(row), dim=-1) for row in images.split(size)], dim=-2)
    _, ax = plt.subplots(figsize=(4.6, 4.6))
    ax.imshow(_as_picture(canvas), cmap="gray", vmin=0, vmax=1, extent=(-extent, extent) * 2)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.grid(False)


def _show(ax: plt.Axes, image: Tensor) -> None:
    ax.imshow(_as_picture(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(False)


def _as_picture(image: Tensor) -> np.ndarray:
    return image.detach().cpu().clamp(0, 1).movedim(0, -1).squeeze(-1).numpy()
