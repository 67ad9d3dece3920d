"""Grids of grey levels: what the table of likelihoods does not cover."""

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import EXACT, QUADRATURE
from torch.distributions import Distribution, kl_divergence

from vaelosses import (
    Categorical,
    DiscretizedLogistic,
    DiscretizedNormal,
    LogisticMixture,
    LogisticMixtureHead,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([DiscretizedLogistic, DiscretizedNormal]),
    st.integers(2, 300),
    st.floats(-100, 100),
    st.floats(-12, 12),
)
def test_masses_sum_to_one_on_any_grid(cls: type, num_levels: int, loc: float, log_scale: float) -> None:
    d = cls(torch.tensor(loc).double(), torch.tensor(math.exp(log_scale)).double(), num_levels=num_levels)
    log_mass = d.log_prob(d.enumerate_support())
    assert torch.isfinite(log_mass).all()
    assert abs(log_mass.exp().sum().item() - 1) < QUADRATURE


@pytest.mark.parametrize("cls", [DiscretizedLogistic, DiscretizedNormal])
def test_black_and_white_are_mirror_images(cls: type) -> None:
    loc, scale = torch.tensor([-3.0, 0.2, 0.9]).double(), torch.tensor([0.01, 0.3, 2.0]).double()
    x = torch.arange(256).double().unsqueeze(-1) / 255
    one, other = cls(loc, scale).log_prob(x), cls(1 - loc, scale).log_prob(1 - x)
    torch.testing.assert_close(one, other, rtol=1e-11, atol=0)


@pytest.mark.parametrize("loc", [0.5, 127.5 / 255, 3.5 / 255])
def test_the_derivative_is_right_on_the_edge_of_a_bin(loc: float) -> None:
    """There |a| has a kink that the mass has not."""
    leaf = torch.tensor(loc, dtype=torch.float64, requires_grad=True)
    level = math.floor(loc * 255)
    DiscretizedLogistic(leaf, 0.01).log_prob(torch.tensor(level / 255, dtype=torch.float64)).backward()
    with mpmath.workdps(40):

        def mass(m: mpmath.mpf) -> mpmath.mpf:
            below, above = ((mpmath.mpf(2 * level + s) / 510 - m) / mpmath.mpf(0.01) for s in (-1, 1))
            return mpmath.log(1 / (1 + mpmath.exp(-above)) - 1 / (1 + mpmath.exp(-below)))

        exact = mpmath.diff(mass, mpmath.mpf(loc))
    assert abs(leaf.grad.item() / float(exact) - 1) < 100 * EXACT[torch.float64]


def test_far_bins_keep_value_and_gradient() -> None:
    """Where the difference of sigmoids is 0 in float32, and PixelCNN++ switches to the density."""
    loc = torch.tensor(0.6, requires_grad=True)
    value = DiscretizedLogistic(loc, math.exp(-5) / 2).log_prob(torch.tensor(127 / 255))
    value.backward()
    with mpmath.workdps(60):
        m, s = mpmath.mpf(loc.item()), mpmath.mpf(torch.tensor(math.exp(-5) / 2).item())
        a, b = ((mpmath.mpf(edge) / 255 - m) / s for edge in (127.5, 126.5))
        exact = mpmath.log(1 / (1 + mpmath.exp(-a)) - 1 / (1 + mpmath.exp(-b)))
        slope = -(1 - 1 / (1 + mpmath.exp(-a)) - 1 / (1 + mpmath.exp(-b))) / s
    assert abs(value.item() / exact - 1) < EXACT[torch.float32]
    assert abs(loc.grad.item() / slope - 1) < EXACT[torch.float32]


def test_moments_take_the_memory_of_one_image() -> None:
    d = DiscretizedLogistic(torch.rand(4, 3), torch.rand(4, 3))
    values = d.enumerate_support()
    probs = d.log_prob(values).exp()
    torch.testing.assert_close(d.mean, (values * probs).sum(0))
    torch.testing.assert_close(d.variance, ((values - d.mean).square() * probs).sum(0))
    torch.testing.assert_close(d.entropy(), -(probs * probs.log()).sum(0))
    torch.testing.assert_close(d.cdf(torch.tensor(0.5)), probs[values[:, 0, 0] <= 0.5].sum(0))
    assert values.shape == (256, 4, 3)
    assert d.enumerate_support(expand=False).shape == (256, 1, 1)


def test_categorical_is_the_table_of_any_other_grid() -> None:
    mixture = LogisticMixture(torch.randn(3), torch.rand(3), torch.rand(3), num_levels=32)
    levels = mixture.enumerate_support()
    table = Categorical(mixture.log_prob(levels))
    torch.testing.assert_close(table.log_prob(levels), mixture.log_prob(levels))
    torch.testing.assert_close(kl_divergence(mixture, table), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_a_mixture_head_starts_spread_over_the_greys() -> None:
    p_x_given_z = LogisticMixtureHead(num_components=4)(torch.zeros(1, 12, 2, 2))
    expected = torch.tensor([0.125, 0.375, 0.625, 0.875])
    torch.testing.assert_close(p_x_given_z.base_dist.loc[0, 0, 0, 0], expected)


def test_bad_arguments() -> None:
    for num_levels in (1, 2.0, "256"):
        with pytest.raises(ValueError, match=r"num_levels: got .* expected an integer of at least 2"):
            DiscretizedLogistic(0.0, 1.0, num_levels=num_levels)
    with pytest.raises(ValueError, match="logits: got a single number"):
        Categorical(torch.tensor(0.0))
    d = DiscretizedLogistic(0.0, 1.0)
    with pytest.raises(TypeError, match=r"value: got torch.bfloat16, expected float32 or float64"):
        d.log_prob(torch.zeros(3, dtype=torch.bfloat16))
    with pytest.raises(ValueError, match="num_levels: got 256 and 32"):
        kl_divergence(d, DiscretizedLogistic(0.0, 1.0, num_levels=32))


@pytest.mark.parametrize(
    "tied", [Categorical(torch.zeros(4)), DiscretizedLogistic(torch.tensor(0.5), 0.1, num_levels=2)]
)
def test_of_two_likeliest_values_the_mode_is_the_darker(tied: Distribution) -> None:
    assert tied.mode == 0
