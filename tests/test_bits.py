"""Bits per dimension: masses that sum to one, and what each way of counting gives."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.distributions import Cauchy, Independent

from vaelosses import Bernoulli, Gaussian, bits_per_dim, grid_log_prob
from vaelosses.bits import bin_edges, nats_to_bits_per_dim, pixel_levels

PARAMETERS = [(0.5, 1e-4), (0.3, 0.01), (-2.0, 0.1), (0.0, 1.0), (40.0, 3.0), (0.5, 1e5)]


def all_levels(loc: float, scale: float, num_levels: int = 256) -> tuple[Independent, torch.Tensor]:
    x = torch.arange(num_levels, dtype=torch.float32).reshape(-1, 1) / (num_levels - 1)
    return Independent(Gaussian(torch.full_like(x, loc), scale), 1), x


@pytest.mark.parametrize("num_levels", [2, 32, 256])
@pytest.mark.parametrize(("loc", "scale"), PARAMETERS)
def test_masses_of_all_levels_sum_to_one(loc: float, scale: float, num_levels: int) -> None:
    p, x = all_levels(loc, scale, num_levels)
    mass = grid_log_prob(p, x, num_levels=num_levels).exp()
    assert abs(mass.sum().item() - 1) < 1e-12


@pytest.mark.parametrize(("loc", "scale"), [(0.3, 0.01), (-2.0, 0.1), (0.0, 1.0)])
def test_masses_equal_differences_of_the_distribution_function(loc: float, scale: float) -> None:
    p, x = all_levels(loc, scale)
    oracle = stats.norm(torch.tensor(loc).item(), torch.tensor(scale).item())
    edges = (torch.arange(255).double() + 0.5) / 255
    cdf = torch.tensor([0.0, *oracle.cdf(edges), 1.0])
    torch.testing.assert_close(grid_log_prob(p, x).exp(), cdf.diff(), rtol=1e-9, atol=1e-15)


def test_masses_of_the_open_bins_have_the_exact_gradient() -> None:
    for pixel, sign in ((0.0, 1), (1.0, -1)):
        loc = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
        scale = torch.tensor([[0.2]], dtype=torch.float64, requires_grad=True)
        x = torch.full((1, 1), pixel)
        grid_log_prob(Independent(Gaussian(loc, scale), 1), x).sum().backward()
        z = ((0.5 / 255 if pixel == 0 else 254.5 / 255) - 0.3) / 0.2
        hazard = sign * stats.norm.pdf(z) / stats.norm.cdf(sign * z)
        assert loc.grad.item() == pytest.approx(-hazard / 0.2, rel=1e-12)
        assert scale.grad.item() == pytest.approx(-hazard * z / 0.2, rel=1e-12)


def test_density_times_width_earns_bits_that_a_mass_does_not() -> None:
    x = torch.zeros(1, 4)
    p = Independent(Gaussian(x, 0.001), 1)
    assert bits_per_dim(p, x, how="density") < 0 < bits_per_dim(p, x)


def test_dequantisation_is_a_bound_of_the_exact_mass() -> None:
    """By integration the noise costs 1 / (24 v) nats, with the variance v in units of the bin."""
    x = torch.full((200_000, 1), 100 / 255)
    loc, scale = 101.3 / 255, 1.5 / 255
    p = Independent(Gaussian(torch.full_like(x, loc), scale), 1)
    noisy = grid_log_prob(p, x, how="dequantize").double()
    exact = grid_log_prob(p, x)[0].item()
    centre = -(1.3**2) / (2 * 1.5**2) - math.log(1.5 * math.sqrt(2 * math.pi))
    assert abs(noisy.mean().item() - (centre - 1 / (24 * 1.5**2))) < 5 * noisy.std().item() / math.sqrt(
        len(x)
    )
    assert noisy.mean().item() < exact


def test_a_discrete_likelihood_keeps_its_mass() -> None:
    x = torch.tensor([[0.0, 1.0, 1.0]])
    p = Independent(Bernoulli(torch.tensor([[0.3, -2.0, 1.0]])), 1)
    torch.testing.assert_close(grid_log_prob(p, x), p.log_prob(x))
    with pytest.raises(ValueError, match="support"):
        grid_log_prob(p, torch.full((1, 3), 0.5))


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 300), st.data())
def test_levels_and_edges_of_any_grid(num_levels: int, draw: st.DataObject) -> None:
    k = draw.draw(st.integers(0, num_levels - 1))
    x = torch.tensor([k / (num_levels - 1)])
    assert pixel_levels(x, num_levels).item() == k
    lower, upper = (edge.item() for edge in bin_edges(x, num_levels))
    assert lower == (-math.inf if k == 0 else pytest.approx((k - 0.5) / (num_levels - 1)))
    assert upper == (math.inf if k == num_levels - 1 else pytest.approx((k + 0.5) / (num_levels - 1)))


def test_uniform_costs_eight_bits() -> None:
    assert nats_to_bits_per_dim(784 * math.log(256), 784) == 8


@pytest.mark.parametrize("x", [torch.tensor([0.3]), torch.tensor([-1 / 255]), torch.tensor([256 / 255])])
def test_pixels_off_the_grid_are_refused(x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"x: got values between .* levels off the grid"):
        pixel_levels(x)
    with pytest.raises(ValueError, match="off the grid"):
        bits_per_dim(Independent(Gaussian(torch.zeros(1, 1), 1.0), 1), x.reshape(1, 1))


def test_other_bad_arguments() -> None:
    p, x = all_levels(0.0, 1.0)
    with pytest.raises(TypeError, match=r"x: got torch.bfloat16"):
        pixel_levels(x.bfloat16())
    with pytest.raises(ValueError, match="num_levels: got 1"):
        pixel_levels(x, 1)
    with pytest.raises(ValueError, match="how: got 'exact', expected one of"):
        grid_log_prob(p, x, how="exact")
    with pytest.raises(ValueError, match=r"x: got shape \(255, 1\)"):
        grid_log_prob(p, x[1:])
    with pytest.raises(ValueError, match="expected Independent over pixels"):
        grid_log_prob(p.base_dist, x)
    with pytest.raises(ValueError, match="Cauchy has no log_interval_prob"):
        grid_log_prob(Independent(Cauchy(torch.zeros(256, 1), 1.0), 1), x)
