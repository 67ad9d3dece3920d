"""Densities on the unit interval: what the table of likelihoods does not cover."""

import itertools
import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import torch
from scipy import integrate, optimize, special
from tolerances import EXACT, QUADRATURE
from torch import distributions as td
from torch.distributions import kl_divergence

from vaelosses import Beta, ContinuousBernoulli, Kumaraswamy, LogitLaplace, LogitNormal, TruncatedNormal

SQUEEZED = [LogitNormal, LogitLaplace, Beta, Kumaraswamy]


def double(number: float) -> torch.Tensor:
    return torch.tensor(number, dtype=torch.float64)


@pytest.mark.parametrize("cls", SQUEEZED)
def test_the_squeeze_is_a_change_of_variables(cls: type) -> None:
    x = torch.linspace(0.0, 1.0, 7, dtype=torch.float64)
    plain, squeezed = cls(double(1.2), double(0.8)), cls(double(1.2), double(0.8), squeeze=0.1)
    y = 0.1 + 0.8 * x
    torch.testing.assert_close(squeezed.log_prob(x), plain.log_prob(y) + math.log(0.8))
    torch.testing.assert_close(squeezed.cdf(x), plain.cdf(y))
    torch.testing.assert_close(squeezed.mean, (plain.mean - 0.1) / 0.8)
    torch.testing.assert_close(squeezed.stddev, plain.stddev / 0.8)
    assert (squeezed.support.lower_bound, squeezed.support.upper_bound) == pytest.approx((-0.125, 1.125))


@pytest.mark.parametrize("cls", SQUEEZED)
def test_black_and_white_are_refused_without_a_squeeze(cls: type) -> None:
    for pixel in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"support \(OpenInterval\(0.0, 1.0\)\)"):
            cls(1.0, 1.0).log_prob(torch.tensor(pixel))
        assert torch.isfinite(cls(1.0, 1.0, squeeze=0.1).log_prob(torch.tensor(pixel)))


@pytest.mark.parametrize("cls", SQUEEZED)
@pytest.mark.parametrize("squeeze", [-0.1, 0.5, math.nan])
def test_a_bad_squeeze_is_refused(cls: type, squeeze: float) -> None:
    with pytest.raises(ValueError, match=r"squeeze: got .*, expected 0 <= squeeze < 0.5"):
        cls(1.0, 1.0, squeeze=squeeze)


@pytest.mark.parametrize("cls", SQUEEZED)
def test_samples_stay_inside_of_the_open_support(cls: type) -> None:
    for squeeze in (0.0, 0.1):
        d = cls(torch.tensor(0.02), torch.tensor(0.03), squeeze=squeeze)
        if cls in (LogitNormal, LogitLaplace):
            d = cls(torch.tensor(10.0), torch.tensor(30.0), squeeze=squeeze)
        samples = d.sample((20_000,))
        assert d.support.check(samples).all()
        assert torch.isfinite(samples).all()


@pytest.mark.parametrize("cls", [LogitNormal, LogitLaplace, Beta])
def test_divergences_need_the_same_squeeze(cls: type) -> None:
    assert kl_divergence(cls(1.0, 1.0, squeeze=0.1), cls(1.0, 1.0, squeeze=0.1)) == 0
    with pytest.raises(NotImplementedError, match=r"squeeze: got 0.1 and 0.0"):
        kl_divergence(cls(1.0, 1.0, squeeze=0.1), cls(1.0, 1.0))


@pytest.mark.parametrize(
    ("scale", "loc"), [(0.3, 0.0), (1.41, 0.0), (1.42, 0.0), (2.0, 1.06), (2.0, 1.07), (3.0, -2.0)]
)
def test_the_mode_of_the_logit_normal_is_the_highest_point(scale: float, loc: float) -> None:
    """Two modes exist for scale^2 > 2 and small loc; at scale 2 the threshold is 1.0657."""
    d = LogitNormal(double(loc), double(scale))
    y = torch.linspace(-20, 20, 200_001, dtype=torch.float64).sigmoid()
    log_prob = d.log_prob(y)
    assert d.log_prob(d.mode) >= log_prob.max() - EXACT[torch.float64]
    peaks = int(((log_prob[1:-1] > log_prob[:-2]) & (log_prob[1:-1] > log_prob[2:])).sum())
    threshold = 0.0
    if scale**2 > 2:
        root = math.sqrt(1 - 2 / scale**2)
        threshold = scale**2 * root - 2 * math.atanh(root)
    assert peaks == (2 if abs(loc) < threshold else 1)


def test_the_mode_of_the_logit_laplace_is_an_end_when_it_is_wide() -> None:
    d = LogitLaplace(torch.tensor([-1.0, 0.5, 0.5]), torch.tensor([1.5, 1.5, 1.0]))
    torch.testing.assert_close(d.mode, torch.tensor([0.0, 1.0, torch.sigmoid(torch.tensor(0.5))]))


@pytest.mark.parametrize("scale", [1e-3, 0.7, 1.0, 1.3, 40.0, 1e4])
@pytest.mark.parametrize("loc", [-5.0, 0.0, 0.3])
def test_means_and_variances_of_logit_densities(loc: float, scale: float) -> None:
    for cls, pdf in ((LogitNormal, td.Normal), (LogitLaplace, td.Laplace)):
        d, of_logit = cls(double(loc), double(scale)), pdf(double(loc), double(scale))

        def moment(order: int, of_logit: td.Distribution = of_logit) -> float:
            # The mean of g(T) is the integral of g' times the upper tail, split where that has a kink.
            def integrand(t: float) -> float:
                y = special.expit(t)
                return order * y**order * (1 - y) * (1 - of_logit.cdf(double(t)).item())

            cuts = np.unique(np.clip([-45.0, loc - 9 * scale, loc, loc + 9 * scale, 45.0], -45.0, 45.0))
            parts = itertools.pairwise(cuts)
            return sum(integrate.quad(integrand, a, b, epsabs=1e-13, limit=200)[0] for a, b in parts)

        mean = moment(1)
        assert d.mean.item() == pytest.approx(mean, abs=QUADRATURE)
        assert d.variance.item() == pytest.approx(moment(2) - mean**2, abs=QUADRATURE)


def test_the_parameter_of_the_continuous_bernoulli_is_not_its_mean() -> None:
    assert ContinuousBernoulli(double(0.75).logit()).mean.item() == pytest.approx(0.58976, abs=1e-5)
    logits = optimize.brentq(lambda eta: 1 / (1 - math.exp(-eta)) - 1 / eta - 0.75, 1, 9)
    assert ContinuousBernoulli(double(logits)).mean.item() == pytest.approx(0.75, rel=1e-9)
    assert special.expit(logits) == pytest.approx(0.973, abs=5e-4)


def test_the_continuous_bernoulli_is_that_of_torch_where_torch_is_right() -> None:
    logits = double(3.0) * torch.linspace(-1, 1, 6, dtype=torch.float64)
    x = torch.rand(6, dtype=torch.float64)
    ours, theirs = ContinuousBernoulli(logits), td.ContinuousBernoulli(logits=logits)
    for one, other in (
        (ours.log_prob(x), theirs.log_prob(x)),
        (ours.mean, theirs.mean),
        (ours.variance, theirs.variance),
        (ours.entropy(), theirs.entropy()),
        (ours.icdf(x), theirs.icdf(x)),
    ):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_mass_of_a_beta_does_not_depend_on_what_else_is_in_the_batch(dtype: torch.dtype) -> None:
    # Its continued fraction takes ten steps for some of these and thousands for others.
    a = torch.logspace(-1, 7, 30, dtype=dtype)
    p = Beta(a, a.flip(0), squeeze=1e-3)
    alone = [
        Beta(x, y, squeeze=1e-3).log_cdf(torch.tensor(0.3, dtype=dtype))
        for x, y in zip(a, a.flip(0), strict=True)
    ]
    torch.testing.assert_close(
        p.log_cdf(torch.full_like(a, 0.3)), torch.stack(alone), rtol=32 * torch.finfo(dtype).eps, atol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("squeeze", [0.0, 1e-3, 0.007, 0.03, 0.1])
@pytest.mark.parametrize("cls", SQUEEZED)
def test_all_mass_lies_between_the_ends_of_the_support(cls: type, squeeze: float, dtype: torch.dtype) -> None:
    """Much of it within a rounding error of them: an end that is missed by 1e-17 costs a third."""
    wide = (0.0, 30.0) if cls in (LogitNormal, LogitLaplace) else (0.01, 0.01)
    d = cls(*torch.tensor(wide, dtype=dtype), squeeze=squeeze)
    edges = torch.tensor([-math.inf, 0.3, 0.6, math.inf], dtype=dtype)
    masses = d.log_interval_prob(edges[:-1], edges[1:]).exp()
    assert masses.sum().item() == pytest.approx(1, abs=EXACT[dtype])
    assert d.log_interval_prob(edges[0], edges[-1]) == 0


def exact_beta(a: mpmath.mpf, b: mpmath.mpf, y0: mpmath.mpf, y1: mpmath.mpf) -> mpmath.mpf:
    if y0 > a / (a + b):  # from the end that has less
        return exact_beta(b, a, 1 - y1, 1 - y0)
    return mpmath.log(mpmath.betainc(a, b, y0, y1, regularized=True))


def exact_kumaraswamy(a: mpmath.mpf, b: mpmath.mpf, y0: mpmath.mpf, y1: mpmath.mpf) -> mpmath.mpf:
    log_tail = b * mpmath.log1p(-(y0**a))
    return log_tail + mpmath.log(1 if y1 == 1 else -mpmath.expm1(b * mpmath.log1p(-(y1**a)) - log_tail))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("cls", "exact"), [(Beta, exact_beta), (Kumaraswamy, exact_kumaraswamy)])
def test_masses_of_bins_for_all_concentrations(cls: type, exact: Callable, dtype: torch.dtype) -> None:
    """From e^-60, which a softplus of -60 is, to e^8, in bins that hold 1e-4000 of the mass, or all of it."""
    sizes = torch.tensor([-60.0, -40.0, -18.0, -5.0, -0.7, 0.3, 3.0, 8.0], dtype=torch.float64).exp()
    ends = torch.tensor([0.0, 0.003, 0.007, 0.3, 0.304, 0.9, 0.997, 1.0], dtype=torch.float64)
    grid = torch.cartesian_prod(sizes, sizes, torch.arange(len(ends) - 1).double()).to(dtype)
    a, b, cell = grid.unbind(-1)
    y0, y1 = ends.to(dtype)[cell.long()], ends.to(dtype)[cell.long() + 1]
    a, b = a.requires_grad_(), b.requires_grad_()
    masses = cls(a, b).log_interval_prob(y0, y1)
    assert (masses <= 0).all()
    for gradient in torch.autograd.grad(masses.sum(), (a, b)):
        assert gradient.isfinite().all()
    with mpmath.workdps(100):
        points = zip(*(part.tolist() for part in (a, b, y0, y1, masses)), strict=True)
        for *point, mass in points:
            assert mass == pytest.approx(
                float(exact(*map(mpmath.mpf, point))), rel=EXACT[dtype], abs=EXACT[dtype]
            )


@pytest.mark.parametrize("logits", [-1e4, -50.0, -1e-9, 0.0, 1e-3, 50.0, 1e4])
def test_extreme_continuous_bernoullis_have_finite_moments_and_samples(logits: float) -> None:
    for dtype in (torch.float32, torch.float64):
        d = ContinuousBernoulli(torch.tensor(logits, dtype=dtype, requires_grad=True))
        for value in (d.mean, d.variance, d.entropy(), d.median, d.rsample()):
            (gradient,) = torch.autograd.grad(value, d.logits)
            assert torch.isfinite(value)
            assert torch.isfinite(gradient)
        assert 0 <= d.mean <= 1
        assert 0 < d.variance <= 1 / 12 + 1e-6


def test_a_truncated_normal_far_outside_is_an_exponential() -> None:
    """With the mean 100 scales below zero, the density falls by a factor e over scale^2 / |loc|."""
    d = TruncatedNormal(double(-100.0), double(0.01))
    rate = 100 / 0.01**2
    x = torch.tensor([0.0, 1e-7, 1e-6], dtype=torch.float64)
    torch.testing.assert_close(d.log_prob(x), math.log(rate) - rate * x, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(d.mean, double(1 / rate), rtol=1e-6, atol=0)


@pytest.mark.parametrize("cls", [TruncatedNormal, Kumaraswamy, ContinuousBernoulli, LogitNormal])
def test_samples_carry_the_gradient_of_their_distribution_function(cls: type) -> None:
    """A sample moves so that its rank stays: dx = -dF / density."""
    parameters = [double(0.7).requires_grad_(), double(0.4).requires_grad_()][: len(cls.arg_constraints)]
    d = cls(*parameters)
    x = d.rsample()
    got = torch.autograd.grad(x, parameters)
    fixed = x.detach()
    slopes = torch.autograd.grad(d.cdf(fixed), parameters)
    for one, slope in zip(got, slopes, strict=True):
        expected = -slope / d.log_prob(fixed).exp()
        assert one.item() == pytest.approx(expected.item(), rel=1e-6)
        assert np.isfinite(one.item())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_white_is_inside_the_smallest_squeeze_in_every_precision(dtype: torch.dtype) -> None:
    d = LogitLaplace(0.0, 1.0, squeeze=1e-7)
    assert d.log_prob(torch.ones((), dtype=dtype)).isfinite()
    with pytest.raises(ValueError, match="value"):
        d.log_prob(torch.tensor(1.01, dtype=dtype))
