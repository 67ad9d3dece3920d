"""`assert_implements` must pass what is right and report what is wrong, in value and gradient."""

import math
from fractions import Fraction
from itertools import product

import mpmath
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from torch import Tensor

from vaelosses.symbolic import assert_implements, compare

x, mu, eta = sp.symbols("x mu eta", real=True)
sigma = sp.Symbol("sigma", positive=True)
gaussian_nll = sp.log(sigma) + sp.log(2 * sp.pi) / 2 + (x - mu) ** 2 / (2 * sigma**2)
gaussian_points = list(product([0, 0.3, 1], [-0.2, 0.31, 1], [0.01, 0.5, 3]))


def gaussian(x: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    return sigma.log() + math.log(2 * math.pi) / 2 + ((x - mu) / sigma).square() / 2


def test_right_code_passes_and_says_what_was_checked():
    report = assert_implements(gaussian_nll, [x, mu, sigma], gaussian, gaussian_points, rtol=1e-14)
    assert repr(report) == ("value and 3 gradients agree with the derivation at 27 points within 1e-14")
    assert 0 < report.worst_error <= 1e-14


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x, mu, sigma: gaussian(x, mu, sigma) + 1e-7,
        lambda x, mu, sigma: gaussian(x, mu, sigma) * (1 + 1e-7),
        lambda x, mu, sigma: gaussian(x, mu, sigma * (1 + 1e-7)),
        lambda x, mu, sigma: gaussian(x, mu, sigma) + 1e-7 * (x - 0.5),
    ],
)
def test_a_mutation_of_one_part_in_ten_million_is_caught(mutant):
    with pytest.raises(AssertionError, match="value differs"):
        assert_implements(gaussian_nll, [x, mu, sigma], mutant, gaussian_points)


def test_message_names_the_quantity_the_point_and_both_numbers():
    def detached(x, mu, sigma):
        return gaussian(x, mu.detach(), sigma)

    with pytest.raises(AssertionError) as failure:
        assert_implements(gaussian_nll, [x, mu, sigma], detached, [(0, 0, 1), (1, 0, 0.5)])
    # d/dmu = -(x - mu)/sigma^2: 0 at the first point, where nothing is lost, and -4 at the second.
    assert str(failure.value) == (
        "The code is not the expression.\n"
        "value agrees at all 2 points\n"
        "d/dx agrees at all 2 points\n"
        "d/dmu differs at 1 of 2 points, most at x = 1.0, mu = 0.0, sigma = 0.5\n"
        "  got   0.0\n"
        "  exact -4.0\n"
        "  relative error 2.5e-01\n"
        "d/dsigma agrees at all 2 points"
    )


def test_code_without_any_gradient_fails_in_the_gradient_only():
    value, slope = compare(sp.exp(x), [x], lambda x: x.detach().exp(), [0.3])
    assert value.error.item() < 1e-15
    assert (slope.got.item(), slope.quantity) == (0, "d/dx")
    assert slope.error.item() > 0.1


def test_nan_is_an_infinite_error():
    expression = sp.log(1 + sp.exp(eta))
    with pytest.raises(AssertionError, match="got   inf"):
        assert_implements(expression, [eta], lambda eta: eta.exp().log1p(), [0, 800])
    with pytest.raises(AssertionError, match="got   nan"):
        assert_implements(expression, [eta], lambda eta: F.softplus(eta) + 0 * eta.exp(), [0, 800])


def test_the_oracle_uses_the_float64_numbers_that_the_code_sees():
    value, _ = compare(x - sp.Rational(1, 10), [x], lambda x: x - 0.1, [Fraction(1, 10)])
    assert value.places == ["x = 0.1"]
    assert value.exact.item() == float(Fraction(0.1) - Fraction(1, 10))  # 5.6e-18, not zero


def test_digits_grow_until_a_cancelled_tail_is_resolved():
    # The mass of [40, 41] under a standard normal is 3.7e-350: 50 digits see log(0).
    tail = sp.log(sp.erf((x + 1) / sp.sqrt(2)) / 2 - sp.erf(x / sp.sqrt(2)) / 2)

    def leading_term(x: Tensor) -> Tensor:
        return -x.square() / 2 - x.log() - math.log(2 * math.pi) / 2

    (value, _) = compare(tail, [x], leading_term, [40])
    with mpmath.workdps(1000):
        mass = (mpmath.erfc(40 / mpmath.sqrt(2)) - mpmath.erfc(41 / mpmath.sqrt(2))) / 2
        assert value.exact.item() == float(mpmath.log(mass))
    assert value.exact.item() == pytest.approx(value.got.item(), abs=1e-3)


def test_a_term_far_below_the_first_precision_is_not_lost():
    # 1 + exp(-300) is 1 to 130 digits: with 50 or 100 of them this is log(1)/exp(-300) = 0, not 1.
    expression = sp.log(1 + sp.exp(eta)) * sp.exp(-eta)
    assert_implements(expression, [eta], lambda eta: eta.exp().log1p() * (-eta).exp(), [-300])


def test_rounding_where_terms_cancel_is_forgiven_and_a_lost_tail_is_not():
    kl = -sp.log(sigma) + (sigma**2 + mu**2) / 2 - sp.Rational(1, 2)
    assert_implements(
        kl,
        [mu, sigma],
        lambda mu, sigma: -sigma.log() + (sigma**2 + mu**2) / 2 - 0.5,
        product([0, 1e-9, 0.3], [1, 1 + 1e-9, 0.7]),
    )
    # d/dsigma of the NLL is (1 - z^2)/sigma: zero within rounding at a residual of one sigma.
    assert_implements(gaussian_nll, [x, mu, sigma], gaussian, [(0.31, 0.3, 0.01)])
    softplus = sp.log(1 + sp.exp(eta))
    with pytest.raises(AssertionError, match="d/deta differs at 1 of 1"):
        assert_implements(softplus, [eta], lambda eta: F.softplus(eta.clamp(min=-25)), [-30])


@pytest.mark.parametrize(
    ("expression", "symbols", "implementation", "points"),
    [
        (
            sp.Abs(x - mu) / sigma + sp.log(2 * sigma),
            [x, mu, sigma],
            lambda x, mu, sigma: (x - mu).abs() / sigma + (2 * sigma).log(),
            [(0, 0.5, 1), (0.5, 0.5, 0.1), (1, 0.2, 3)],
        ),
        (
            sp.Piecewise((x**2 / 2, sp.Abs(x) < 1), (sp.Abs(x) - sp.Rational(1, 2), True)),
            [x],
            lambda x: F.huber_loss(x, torch.zeros_like(x), reduction="none"),
            [-3, -0.5, 0, 0.5, 2],
        ),
        (sp.Max(0, x) ** 2, [x], lambda x: F.relu(x) ** 2, [-1, 0, 2]),
        (sp.log(1 - sp.exp(x)), [x], lambda x: torch.expm1(x).neg().log(), [-1e-9, -0.5, -40]),
        (sp.erf(x), [x], torch.erf, [-5, 0, 1e-300, 0.7]),
        (sp.loggamma(sigma), [sigma], torch.lgamma, [0.01, 1, 2, 30]),
        (sp.sqrt(2) * sp.Symbol("a"), [sp.Symbol("a")], lambda a: math.sqrt(2) * a, [1, -2]),
        (sp.Abs(sp.Symbol("a")), [sp.Symbol("a")], torch.abs, [1, -2]),  # no assumption given
        (sp.Integer(3), [x], lambda x: torch.full_like(x, 3), [0.5, 2]),
    ],
)
def test_the_functions_that_losses_are_made_of(expression, symbols, implementation, points):
    assert_implements(expression, symbols, implementation, points)


@pytest.mark.parametrize(
    ("expression", "point"),
    [
        (sp.log(x), 0.0),
        (sp.log(x), -1.0),
        (1 / x, 0.0),
        (sp.sqrt(x), 0.0),  # the value is 0, the gradient is infinite
        (sp.exp(x), 1000.0),
        (x, math.nan),
        (x, math.inf),
    ],
)
def test_a_point_outside_the_domain_is_named(expression, point):
    with pytest.raises(ValueError, match=f"no real number at x = {point}"):
        assert_implements(expression, [x], lambda x: x, [0.5, point])


def test_a_wrong_call_is_refused():
    def sum_over_points(x):
        return x.sum()

    with pytest.raises(ValueError, match=r"returned shape \[\] for arguments of shape \[2\]"):
        assert_implements(x, [x], sum_over_points, [1, 2])
    with pytest.raises(TypeError, match=r"torch\.float32: expected a float64 tensor"):
        assert_implements(x, [x], Tensor.float, [1, 2])
    with pytest.raises(TypeError, match="returned float: expected a float64 tensor"):
        assert_implements(x, [x], lambda x: 1.0, [1, 2])
    with pytest.raises(ValueError, match=r"expression contains \{mu\}: expected only \[x\]"):
        assert_implements(x + mu, [x], lambda x: x, [1])
    with pytest.raises(ValueError, match=r"point \(1, 2\) has 2 numbers"):
        assert_implements(x, [x], lambda x: x, [(1, 2)])
    with pytest.raises(ValueError, match="at least one point"):
        assert_implements(x, [x], lambda x: x, [])
