"""The one experiment of the book: the same network, data and budget in every chapter; the head changes."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import matplotlib
import numpy as np
import pandas as pd
import sympy
import torch

from . import baselines, data, plots
from .evaluation import Evaluation, evaluate
from .likelihoods import Head
from .models import MLPVAE
from .training import History, Loss, fit, negative_elbo

__all__ = ["EPOCHS", "FORMATS", "Lab", "Run", "start"]

EPOCHS = {"quick": 12, "full": 20}
"""Passes over the training images in each budget."""

FORMATS = {
    "bits/dim": "{:.3f}",
    "in bins": "{:.3f}",
    "ELBO (nats)": "{:.1f}",
    "KL (nats)": "{:.1f}",
    "active latents": "{:.0f}",
    "MSE": "{:.4f}",
}
"""The columns of the table."""


@dataclass(frozen=True)
class Run:
    """A trained model, how it got there, and what it is worth on the held-out images."""

    model: MLPVAE
    history: History
    evaluation: Evaluation


@dataclass
class Lab:
    """The data, the device and the budget of a chapter, and what trains and compares there."""

    budget: Literal["quick", "full"]
    device: torch.device
    digits: data.Dataset
    _baselines: dict[str, float] = field(default_factory=dict)

    def train(
        self,
        head: Head,
        *,
        loss: Loss = negative_elbo,
        digits: data.Dataset | None = None,
        latent_dim: int = 20,
        epochs: int | None = None,
        num_levels: int = 256,
        seed: int = 0,
    ) -> Run:
        """Train the book's network (two hidden layers of 500, ReLU, Adam) with the given head.

        Args:
            head: the likelihood.
            loss: what to minimise.
            digits: other data than the chapter's.
            latent_dim: number of latents.
            epochs: other than the budget's.
            num_levels: how many grey levels the digits have.
            seed: of the weights, the order of the images and the noise.
        """
        digits = digits or self.digits
        torch.manual_seed(seed)
        model = MLPVAE(head, tuple(digits.x_train.shape[1:]), latent_dim).to(self.device)
        history = fit(
            model,
            digits.x_train,
            epochs=epochs or EPOCHS[self.budget],
            loss=loss,
            x_test=digits.x_test,
            seed=seed,
        )
        return Run(model, history, evaluate(model, digits.x_test, num_levels=num_levels))

    def table(self, runs: Mapping[str, Run]) -> pd.DataFrame:
        """Return the runs beside the baselines that use no network, cheapest code first.

        "bits/dim" is the bound with uniform noise inside the bins, the currency of every row. "in bins" is
        the exact mass where the first and the last bin also take the tails. A discrete likelihood and a
        histogram have one number for both; the density of the linear VAE has no exact mass.
        """
        rows = {name: _row(run.evaluation) for name, run in runs.items()}
        rows |= {name: {"bits/dim": bits} for name, bits in self.baselines().items()}
        table = pd.DataFrame.from_dict(rows, orient="index").sort_values("bits/dim")
        for column, form in FORMATS.items():
            table[column] = table[column].map(form.format, na_action="ignore").astype(object).fillna("")
        return table

    def baselines(self) -> dict[str, float]:
        """Return the bits per dimension of the baselines, fitted on the training images."""
        if not self._baselines:
            train, test = self.digits.x_train, self.digits.x_test
            self._baselines = {
                "(uniform)": baselines.uniform_bits(),
                "(histogram of all pixels)": baselines.iid_histogram_bits(train, test),
                "(histogram per pixel)": baselines.pixel_histogram_bits(train, test),
                "(linear VAE, 20 latents, exact)": baselines.linear_vae_bits(train, test, 20),
            }
        return self._baselines


def start() -> Lab:
    """Begin a chapter: choose device and budget, load the digits, set the figure style, and say so.

    The budget is ``quick`` (minutes on a CPU, 5,000 embedded digits) or ``full`` (all of MNIST). A GPU gets
    ``full``; the environment variable ``VAELOSSES_BUDGET`` overrides.

    Raises:
        ValueError: if ``VAELOSSES_BUDGET`` is neither word.
    """
    device = torch.device(
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    )
    budget = os.environ.get("VAELOSSES_BUDGET") or ("quick" if device.type == "cpu" else "full")
    if budget not in EPOCHS:
        raise ValueError(f"VAELOSSES_BUDGET: got {budget!r}, expected one of {', '.join(EPOCHS)}")
    torch.manual_seed(0)
    plots.use_style()
    digits = data.load("mnist", embedded=budget == "quick")
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    modules = {"torch": torch, "numpy": np, "sympy": sympy, "matplotlib": matplotlib}
    versions = ", ".join(f"{key} {module.__version__}" for key, module in modules.items())
    print(f"device    {device.type} ({name})")
    print(f"versions  Python {platform.python_version()}, {versions}")
    print(f"data      {digits.source}")
    print(f"budget    {budget}: {EPOCHS[budget]} epochs")
    return Lab(budget, device, digits)


def _row(e: Evaluation) -> dict[str, float]:
    numbers = (e.dequantized_bits_per_dim, e.bits_per_dim, e.elbo, e.kl, e.active_latents, e.mse)
    return dict(zip(FORMATS, numbers, strict=True))
