"""The comparison as a command: what it keeps, what it repeats, and how it ends when something goes wrong."""

import json
import math
import re
from collections import Counter
from importlib.metadata import PackageNotFoundError
from operator import itemgetter
from pathlib import Path

import pytest
import torch

from vaelosses import GaussianHead, compare, data, experiment


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> data.Dataset:
    """A data set of small images, and two epochs."""
    levels = torch.randint(256, (384, 1, 5, 5), generator=torch.Generator().manual_seed(0))
    images = levels.float() / 255
    tiny = data.Dataset("mnist", "noise", images[:256], images[256:], None, None)
    monkeypatch.setattr(compare.data, "load", lambda name, embedded: tiny)
    monkeypatch.setitem(experiment.EPOCHS, "quick", 2)
    return tiny


BASELINES = "mnist-quick-baselines.json"


def run(out: Path, *arguments: str) -> int:
    return compare.main(["--out", str(out), "--jobs", "1", *arguments])


def runs_in(folder: Path) -> list[str]:
    names = {path.name for path in folder.iterdir()}
    assert BASELINES in names
    return sorted(names - {BASELINES})


@pytest.mark.usefixtures("tiny")
def test_a_run_leaves_its_numbers_and_where_they_come_from(tmp_path: Path) -> None:
    assert run(tmp_path, "--likelihoods", "discretized_normal", "--seeds", "5") == 0
    (name,) = runs_in(tmp_path)
    assert name == "mnist-quick-discretized_normal-5.json"
    (result,) = compare.load(tmp_path)
    assert result == json.loads((tmp_path / name).read_text())
    assert result["data"] == "noise"
    assert result["epochs"] == 2
    assert result["versions"]["torch"].startswith(torch.__version__.partition("+")[0])
    assert result["seconds_per_step"] > 0
    # Uniform noise has eight bits, and no model can know less than nothing for long.
    assert 8 < result["bits_per_dim"] < 12
    assert result["importance_weighted_bits"] < result["bits_per_dim"] + 0.1
    assert math.isclose(result["bits_per_dim"], result["bits_in_bins"])  # masses have one number for both


@pytest.mark.usefixtures("tiny")
def test_the_numbers_are_those_of_the_trained_model(tmp_path: Path) -> None:
    job = compare.Job("mnist", "gaussian", 1, "quick")
    run_, result = compare.train(job), compare.measure(job)
    assert result["bits_per_dim"] == run_.evaluation.dequantized_bits_per_dim
    assert result["mse"] == run_.evaluation.mse
    assert result["kl"] == run_.evaluation.kl


def test_the_baselines_are_those_of_the_same_images(tiny: data.Dataset, tmp_path: Path) -> None:
    assert run(tmp_path, "--likelihoods", "gaussian", "--seeds", "0") == 0
    bits = compare.baselines("mnist", "quick", tmp_path)
    assert bits["(uniform)"] == 8
    counts = torch.bincount((tiny.x_train * 255).round().long().flatten(), minlength=256) + 1 / 256
    table = (counts / counts.sum()).log2()
    expected = -table[(tiny.x_test * 255).round().long()].mean().item()
    assert bits["(histogram of all pixels)"] == pytest.approx(expected, rel=1e-6)
    assert json.loads((tmp_path / BASELINES).read_text())["data"] == "noise"


@pytest.mark.usefixtures("tiny")
def test_finished_runs_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(tmp_path, "--likelihoods", "gaussian", "--seeds", "0", "1") == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert run(tmp_path, "--likelihoods", "gaussian", "beta", "--seeds", "0", "1") == 0
    assert "5 results, 3 of them finished before" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(runs_in(tmp_path)) == 4


@pytest.mark.usefixtures("tiny")
def test_a_failure_is_reported_and_does_not_stop_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(channels: int) -> GaussianHead:
        raise RuntimeError("no head for you")

    monkeypatch.setattr(compare, "HEADS", {"broken": broken, **compare.HEADS})
    assert run(tmp_path, "--likelihoods", "broken", "gaussian", "--seeds", "0") == 1
    assert "mnist-quick-broken-0.json: RuntimeError: no head for you" in capsys.readouterr().err
    assert runs_in(tmp_path) == ["mnist-quick-gaussian-0.json"]


@pytest.mark.usefixtures("tiny")
def test_a_missing_origin_is_found_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(compare, "version", not_installed)
    monkeypatch.setattr(experiment.Lab, "train", lambda *_, **__: pytest.fail("trained"))
    assert run(tmp_path, "--likelihoods", "gaussian", "--seeds", "0") == 1
    assert "gaussian-0.json: PackageNotFoundError" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny")
def test_a_number_that_is_not_finite_is_reported_and_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "importance_weighted_bound", lambda *_, **__: math.nan)
    assert run(tmp_path, "--likelihoods", "gaussian", "--seeds", "0") == 1
    assert "gaussian-0.json: importance_weighted_bits is nan, expected finite" in capsys.readouterr().err
    assert runs_in(tmp_path) == []


@pytest.mark.usefixtures("tiny")
def test_an_interrupt_keeps_what_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = compare.measure

    def interrupted(job: compare.Job, device: str) -> dict:
        if job.likelihood == "beta":
            raise KeyboardInterrupt
        return measure(job, device)

    monkeypatch.setattr(compare, "measure", interrupted)
    names = ("--likelihoods", "gaussian", "beta", "laplace", "--seeds", "0")
    assert run(tmp_path, *names) == 130
    assert "Finished runs are kept" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mnist-quick-gaussian-0.json"]
    monkeypatch.setattr(compare, "measure", measure)
    assert run(tmp_path, *names) == 0
    assert len(runs_in(tmp_path)) == 3


@pytest.mark.usefixtures("tiny")
def test_the_chain_of_colours_needs_colours(tmp_path: Path) -> None:
    assert run(tmp_path, "--likelihoods", "rgb_logistic_mixture") == 0
    assert runs_in(tmp_path) == []
    assert compare.Job("photos", "rgb_logistic_mixture", 0, "quick").fits()


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        compare.main(["--likelihoods", "gauss"])
    message = capsys.readouterr().err
    assert "'gauss'" in message
    assert "discretized_logistic" in message


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(compare.HEADS))
def test_every_head_is_built_for_its_channels(name: str, channels: int) -> None:
    if name == "rgb_logistic_mixture" and channels == 1:
        return
    assert compare.HEADS[name](channels).channels == channels


def test_every_likelihood_but_the_binary_one_has_a_row() -> None:
    rows = {type(head(3)).__module__.rpartition(".")[2] for head in compare.HEADS.values()}
    files = Path(compare.vl.__file__).parent.glob("[!_]*.py")
    assert rows == {file.stem for file in files} - {"bernoulli"}


# The results that come with the package.

RESULTS = compare.load()
JOB = ("dataset", "likelihood", "seed", "budget")


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: compare.Job(*itemgetter(*JOB)(result)).file)
def test_a_result_says_where_it_comes_from(result: dict) -> None:
    job = compare.Job(*itemgetter(*JOB)(result))
    assert json.loads((compare.FOLDER / job.file).read_text()) == result
    assert re.fullmatch("[0-9a-f]{12}", result["commit"]), "of a commit, with no file changed"
    assert result["epochs"] == experiment.EPOCHS[job.budget]
    # 100 samples of the latents: a tighter bound, on the first 1,000 test images only.
    assert result["importance_weighted_bits"] < result["bits_per_dim"] * 1.02
    assert 0 < result["mse"] < 1


def test_the_data_of_every_result_have_baselines() -> None:
    for dataset, budget, source in {(r["dataset"], r["budget"], r["data"]) for r in RESULTS}:
        file = json.loads((compare.FOLDER / f"{dataset}-{budget}-baselines.json").read_text())
        assert file["data"] == source
        assert compare.baselines(dataset, budget) == file["bits_per_dim"]
        assert compare.baselines(dataset, budget)["(uniform)"] == 8
        assert re.fullmatch("[0-9a-f]{12}", file["commit"])


def test_results_have_three_seeds() -> None:
    seeds = Counter((r["dataset"], r["budget"], r["likelihood"]) for r in RESULTS)
    assert seeds
    assert min(seeds.values()) >= 3
