"""Figures hold the data that they were given."""

import itertools
from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import vaelosses.likelihoods
from vaelosses import MLPVAE, GaussianHead, plots
from vaelosses.evaluation import evaluate
from vaelosses.experiment import Run
from vaelosses.training import fit

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    with matplotlib.rc_context():
        plots.use_style()
        yield
        plt.close("all")


def small_run() -> Run:
    torch.manual_seed(0)
    model = MLPVAE(GaussianHead(scale=0.3), (1, 4, 4), latent_dim=2, hidden=(8,))
    x = torch.randint(256, (64, 1, 4, 4)) / 255
    return Run(model, fit(model, x, epochs=3, x_test=x, batch_size=32), evaluate(model, x))


def test_learning_curves() -> None:
    run = small_run()
    plots.learning_curves({"a": run, "b": run})
    lines = plt.gca().lines
    assert [line.get_label() for line in lines] == ["a", "b"]
    assert lines[0].get_ydata().tolist() == run.history.test_loss
    assert {line.get_color() for line in lines} == {plots.COLORS["gaussian"]}
    assert len({line.get_linestyle() for line in lines}) == 2


def test_image_rows_show_the_pixels_between_black_and_white() -> None:
    images = torch.rand(3, 1, 5, 6) * 3 - 1
    plots.image_rows({"first": images, "second": images[:, :, :4].expand(3, 1, 4, 6)})
    axes = plt.gcf().axes
    assert [ax.get_ylabel() for ax in axes if ax.get_ylabel()] == ["first", "second"]
    shown = torch.as_tensor(axes[1].images[0].get_array())
    torch.testing.assert_close(shown, images[1, 0].clamp(0, 1))
    assert all(ax.images[0].get_clim() == (0, 1) for ax in axes)


def test_reconstructions_label_each_model_and_statistic() -> None:
    run = small_run()
    plots.reconstructions({"m": run.model}, torch.rand(2, 1, 4, 4), show=("mean", "mode", "sample"))
    labels = [ax.get_ylabel() for ax in plt.gcf().axes if ax.get_ylabel()]
    assert labels == ["data", "m\nmean", "m\nmode", "m\nsample"]


def test_latent_plane_has_the_first_latent_to_the_right_and_the_second_upwards() -> None:
    model = small_run().model
    plots.latent_plane(model, size=3, extent=2.0)
    picture = torch.as_tensor(plt.gca().images[0].get_array())
    assert picture.shape == (12, 12)
    with torch.no_grad():
        bottom_right = model.decode(torch.tensor([[2.0, -2.0]])).mean[0, 0].clamp(0, 1)
    torch.testing.assert_close(picture[-4:, -4:], bottom_right)


def test_every_likelihood_has_a_colour_of_its_own() -> None:
    files = Path(vaelosses.likelihoods.__file__).parent.glob("[!_]*.py")
    assert set(plots.COLORS) == {file.stem for file in files}
    for a, b in itertools.combinations(plots.COLORS.values(), 2):
        assert sum(abs(x - y) for x, y in zip(to_rgb(a), to_rgb(b), strict=True)) > 0.3
