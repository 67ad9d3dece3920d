"""What follows from log_prob, for all likelihoods: its gradients, integrals, bins and divergences."""

import itertools
import math

import numpy as np
import pytest
import torch
from likelihood_row import Row, nodes_and_weights
from likelihood_table import each_point, each_row
from tolerances import QUADRATURE
from torch.distributions import Independent, kl_divergence

from vaelosses import grid_log_prob


def step_of(parameters: dict) -> float:
    """How far a parameter may move, relative to one: the smallest of them, within reason."""
    return min(1.0, *(abs(v) for v in parameters.values() if abs(v) > 1e-5), 1.0)


@each_point
def test_cdf_and_intervals_equal_the_oracle(row: Row, parameters: dict) -> None:
    d, oracle = row.build(parameters), row.oracle(**parameters)
    if row.discrete:
        assert not hasattr(d, "log_interval_prob")
        return
    values = torch.tensor(sorted(row.values), dtype=torch.float64)
    close = {"rtol": QUADRATURE, "atol": 1e-15}
    torch.testing.assert_close(d.cdf(values), torch.tensor(oracle.cdf(values.numpy())), **close)
    if hasattr(oracle, "logcdf"):
        expected = torch.tensor(oracle.logcdf(values.numpy()))
        reached = torch.isfinite(expected)  # some of scipy's logarithms underflow where ours do not
        torch.testing.assert_close(d.log_cdf(values)[reached], expected[reached], **close)
    if "icdf" not in row.undefined:
        probs = torch.tensor([1e-6, 0.1, 0.5, 0.9, 0.999], dtype=torch.float64)
        torch.testing.assert_close(d.icdf(probs), torch.tensor(oracle.ppf(probs.numpy())), **close)
    infinity = torch.tensor(math.inf, dtype=torch.float64)
    assert d.log_interval_prob(-infinity, infinity) == 0
    from_left, to_right = d.log_interval_prob(-infinity, values), d.log_interval_prob(values, infinity)
    torch.testing.assert_close(from_left.exp(), torch.tensor(oracle.cdf(values.numpy())), **close)
    torch.testing.assert_close(to_right.exp(), torch.tensor(oracle.sf(values.numpy())), **close)
    between = d.log_interval_prob(values[:-1], values[1:]).exp()
    by_cdf, by_sf = np.diff(oracle.cdf(values.numpy())), -np.diff(oracle.sf(values.numpy()))
    expected = np.where(oracle.cdf(values.numpy())[:-1] < 0.5, by_cdf, by_sf)
    torch.testing.assert_close(between, torch.tensor(expected), rtol=QUADRATURE, atol=1e-14)


@each_point
def test_masses_of_the_grey_levels_sum_to_one(row: Row, parameters: dict) -> None:
    if row.discrete:
        return
    x = torch.arange(256, dtype=torch.float64)[:, None] / 255
    mass = grid_log_prob(Independent(row.build(parameters).expand((256, 1)), 1), x).exp()
    assert abs(mass.sum().item() - 1) < QUADRATURE


@each_row
def test_gradients_of_interval_masses(row: Row) -> None:
    if row.discrete:
        return
    x = torch.tensor([0, 1, 100, 254, 255], dtype=torch.float64)[:, None] / 255
    for parameters in row.parameters[::3]:

        def mass(*tensors: torch.Tensor, names: tuple = tuple(parameters)) -> torch.Tensor:
            d = row(**dict(zip(names, tensors, strict=True)))
            return grid_log_prob(Independent(d.expand((5, 1)), 1), x)

        inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in parameters.values()]
        step = 1e-6 * step_of(parameters)
        assert torch.autograd.gradcheck(mass, inputs, eps=step, rtol=1e-4, atol=1e-5)


@each_row
def test_kl_divergence_is_the_mean_of_the_log_ratio(row: Row) -> None:
    for one, other in itertools.pairwise(row.parameters):
        p, q = row.build(one), row.build(other)
        if "kl" in row.undefined:
            with pytest.raises(NotImplementedError):
                kl_divergence(p, q)
            continue
        kink = [] if row.discrete else [row.oracle(**other).ppf(0.5)]
        nodes, weights = map(torch.tensor, nodes_and_weights(row, one, cuts=kink))
        log_p, log_q = p.log_prob(nodes), q.log_prob(nodes)
        expected = (weights * log_p.exp() * (log_p - log_q)).sum()
        torch.testing.assert_close(kl_divergence(p, q), expected, rtol=QUADRATURE, atol=QUADRATURE)


@each_row
def test_gradcheck_first_and_second(row: Row) -> None:
    values = torch.tensor(row.values[:: max(1, len(row.values) // 8)], dtype=torch.float64)
    for parameters in row.parameters:

        def log_prob(*tensors: torch.Tensor, names: tuple = tuple(parameters)) -> torch.Tensor:
            return row(**dict(zip(names, tensors, strict=True))).log_prob(values)

        inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in parameters.values()]
        step = 1e-6 * step_of(parameters)
        assert torch.autograd.gradcheck(log_prob, inputs, eps=step, rtol=1e-4, atol=1e-5)
        if step > 1e-8:
            assert torch.autograd.gradgradcheck(log_prob, inputs, eps=step, rtol=1e-3, atol=1e-4)


@each_point
def test_expected_score_is_zero(row: Row, parameters: dict) -> None:
    """If log_prob is normalised for all parameters, the mean of its gradient vanishes."""
    inputs = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in parameters.items()}
    nodes, weights = map(torch.tensor, nodes_and_weights(row, parameters))
    log_prob = row(**inputs).log_prob(nodes)
    weights = weights * log_prob.detach().exp()
    scores = torch.autograd.grad((weights * log_prob).sum(), list(inputs.values()))
    assert all(abs(score.item()) * step_of(parameters) < QUADRATURE for score in scores)
