"""The benchmarks run, and leave no likelihood out; nothing is timed here."""

from pathlib import Path

import pytest
import torch

import vaelosses.likelihoods
from benchmarks import accuracy, speed
from benchmarks.cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ours_and_the_peer_compute_the_same(case: Case) -> None:
    """Where the peer is right, that is: not for what is improbable, for which many have a floor."""
    inputs = case.inputs(8, 4)
    ours, peer = case.ours(*inputs), case.peer(*inputs)
    assert ours.shape == peer.shape
    limit = 24 if case.colour else 8
    harmless = (peer.abs() < limit) & (ours.abs() < limit)
    assert harmless.float().mean() > 0.3
    torch.testing.assert_close(ours[harmless], peer[harmless], rtol=5e-3, atol=5e-3)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(ours.sum(), inputs[1:]))
    assert speed.peak_memory(case.ours, inputs) >= 1


def test_no_likelihood_is_left_out() -> None:
    files = Path(vaelosses.likelihoods.__file__).parent.glob("[!_]*.py")
    assert {case.name for case in CASES} == {file.stem for file in files}


def test_accuracy_counts_what_is_wrong() -> None:
    table = accuracy.rows()
    case = next(case for case in CASES if case.name == "continuous_bernoulli")
    cells = accuracy.measure(case, table[case.name], 30).split("|")
    ours_wrong, peer_wrong = int(cells[3]), int(cells[8])
    assert ours_wrong == 0 < peer_wrong
