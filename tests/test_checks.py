"""`check_likelihood` passes what is right and names what is wrong: real bugs, rewritten in a few lines."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from likelihood_row import Row
from likelihood_table import ROWS
from torch import Tensor
from torch import distributions as td

import vaelosses as vl
from vaelosses import check_likelihood
from vaelosses.checks import Report

LEVELS_256 = torch.arange(256, dtype=torch.float64) / 255
LEVELS_32 = torch.arange(32, dtype=torch.float64) / 31


def failed(report: Report) -> dict[str, str]:
    return {finding.check: finding.meaning for finding in report.failures}


RIGHT = [
    td.Normal(0.3, 1e-3),
    td.Normal(torch.tensor(1e4), torch.tensor(1e-2)),
    td.Laplace(-2.0, 1e3),
    td.Beta(2.0, 3.0),
    td.Gamma(2.0, 3.0),
    td.Cauchy(0.2, 0.1),
    td.Bernoulli(logits=torch.tensor(0.7)),
    td.Categorical(logits=torch.tensor([0.0, 1.0, 2.0])),
    td.Poisson(3.0),
    td.MixtureSameFamily(
        td.Categorical(torch.ones(2)), td.Normal(torch.tensor([0.0, 3.0]), torch.tensor([0.1, 1.0]))
    ),
]


@pytest.mark.parametrize("likelihood", RIGHT, ids=str)
def test_torch_distributions_pass(likelihood: td.Distribution) -> None:
    report = check_likelihood(likelihood)
    assert report.ok, str(report)
    assert [f.result for f in report.findings if f.check in ("mass", "samples", "shapes")] == ["pass"] * 3


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_ours_pass(row: Row) -> None:
    middle = row.parameters[len(row.parameters) // 2]
    report = check_likelihood(row, parameters=middle)
    assert report.ok, str(report)
    assert {f.result for f in report.findings} == {"pass"}


@settings(max_examples=15, deadline=None)
@given(st.floats(-100, 100), st.floats(-3, 3), st.sampled_from([vl.Gaussian, vl.Laplace]))
def test_any_location_and_scale_pass(loc: float, log_scale: float, cls: type) -> None:
    report = check_likelihood(cls(torch.tensor(loc), torch.tensor(10**log_scale)))
    assert report.ok, str(report)


def test_a_colour_pixel_passes_with_its_values() -> None:
    levels = torch.arange(4) / 3
    torch.manual_seed(0)
    d = vl.RGBLogisticMixture(
        torch.randn(2), torch.rand(2, 3), torch.full((2, 3), 0.3), torch.randn(2, 3), num_levels=4
    )
    report = check_likelihood(d, values=torch.cartesian_prod(levels, levels, levels))
    assert report.ok, str(report)
    assert {f.check for f in report.findings if f.result == "not checked"} == {"moments"}


# The bugs of public code.


def logit_laplace_without_jacobian(loc: Tensor, scale: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: -(x.logit() - loc).abs() / scale - (2 * scale).log()


def bce_on_grey_pixels(logits: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: -F.binary_cross_entropy_with_logits(logits.expand_as(x), x, reduction="none")


def five_bits_with_wide_bins(loc: Tensor, scale: Tensor) -> Callable[[Tensor], Tensor]:
    """Half bins of 1/31 on levels that are 8/127.5 apart, on [-1, 1]."""

    def log_prob(x: Tensor) -> Tensor:
        u = torch.round(x * 31) * 8 / 127.5 - 1
        above = torch.sigmoid((u - loc + 1 / 31) / scale)
        below = torch.sigmoid((u - loc - 1 / 31) / scale)
        return (above - torch.where(u < -0.999, 0.0, below)).log()

    return log_prob


def both_white_levels_take_the_tail(loc: Tensor, scale: Tensor) -> Callable[[Tensor], Tensor]:
    def log_prob(x: Tensor) -> Tensor:
        u = 2 * x - 1
        above = torch.where(u > 0.99, 1.0, torch.sigmoid((u - loc + 1 / 255) / scale))
        below = torch.where(u < -0.99, 0.0, torch.sigmoid((u - loc - 1 / 255) / scale))
        return (above - below).log()

    return log_prob


def squared_error_whatever_the_scale(loc: Tensor, scale: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: -(x - loc).square()


def test_a_missing_jacobian() -> None:
    report = check_likelihood(
        logit_laplace_without_jacobian, parameters={"loc": 0.0, "scale": math.exp(-5)}, support=(0, 1)
    )
    assert "Jacobian" in failed(report)["mass"]
    # The mean of x (1 - x), which is 1/4 less a quarter of the variance of x, here b^2 / 8.
    assert report.findings[0].measured == f"{0.25 - math.exp(-10) / 8:.6g}"


@pytest.mark.parametrize(("logits", "mass"), [(0.0, "0.5"), (4.0, "0.241007"), (-8.0, "0.124916")])
def test_binary_cross_entropy_on_grey_pixels(logits: float, mass: str) -> None:
    """The mass is tanh(eta / 2) / eta."""
    report = check_likelihood(bce_on_grey_pixels, parameters={"logits": logits}, support=(0, 1))
    assert report.findings[0].measured == mass
    assert "normaliser" in failed(report)["mass"]


def test_bins_that_overlap() -> None:
    report = check_likelihood(
        five_bits_with_wide_bins, parameters={"loc": 0.0, "scale": 0.1}, values=LEVELS_32
    )
    assert "bins overlap" in failed(report)["mass"]
    assert report.findings[0].measured.startswith("1.02")


def test_two_levels_that_take_one_tail() -> None:
    report = check_likelihood(
        both_white_levels_take_the_tail, parameters={"loc": 1.0, "scale": 0.05}, values=LEVELS_256
    )
    assert "a tail counts twice" in failed(report)["mass"]
    assert 1.35 < float(report.findings[0].measured) < 2


def test_continuous_bernoulli_of_torch_at_logit_20() -> None:
    report = check_likelihood(td.ContinuousBernoulli(logits=torch.tensor(20.0)))
    assert {"mass", "float32"} <= set(failed(report))
    assert "in float64" in failed(report)["float32"]
    assert check_likelihood(vl.ContinuousBernoulli(20.0)).ok


def test_a_scale_that_is_ignored() -> None:
    report = check_likelihood(
        squared_error_whatever_the_scale, parameters={"loc": 0.4, "scale": 0.1}, support=(-math.inf, math.inf)
    )
    assert report.findings[0].measured == f"{math.sqrt(math.pi):.6g}"
    assert "does not depend on scale" in failed(report)["gradient"]


class Floors(vl.DiscretizedLogistic):
    """It truncates where it should round, as a cast to integers does."""

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        u = torch.rand(sample_shape, dtype=self.loc.dtype)
        return ((self.loc + self.scale * u.logit()) * 255).floor().clamp(0, 255) / 255


def test_a_sampler_that_floors() -> None:
    report = check_likelihood(Floors(torch.tensor(0.5), torch.tensor(0.02)))
    assert set(failed(report)) == {"samples"}
    assert "levels: the sampler floors where log_prob rounds" in failed(report)["samples"]


# One fault for each of the other checks.


class WrongMoments(vl.Gaussian):
    @property
    def variance(self) -> Tensor:
        return self.scale

    @property
    def mode(self) -> Tensor:
        return self.loc + self.scale

    @property
    def median(self) -> Tensor:
        return self.loc + self.scale


def test_moments_that_are_not_those_of_log_prob() -> None:
    words = failed(check_likelihood(WrongMoments(torch.tensor(0.5), torch.tensor(0.3))))["moments"]
    assert "the variance is 0.3 and that of log_prob 0.09" in words
    assert "84.1% of the mass lies below the median" in words
    assert "at the mode" in words


def test_a_mean_that_is_the_parameter() -> None:
    class MeanIsProbs(vl.ContinuousBernoulli):
        mean = property(lambda self: torch.sigmoid(self.logits))

    words = failed(check_likelihood(MeanIsProbs(torch.tensor(3.0).log())))["moments"]
    assert "the mean is 0.75" in words


def test_a_clamp_that_kills_the_gradient() -> None:
    def clamped(logits: Tensor) -> Callable[[Tensor], Tensor]:
        def log_prob(x: Tensor) -> Tensor:
            p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
            return x * p.log() + (1 - x) * torch.log1p(-p)

        return log_prob

    report = check_likelihood(clamped, parameters={"logits": 20.0}, values=torch.tensor([0.0, 1.0]))
    assert "does not depend on logits" in failed(report)["gradient"]


def test_a_gradient_that_is_cut() -> None:
    def detached(loc: Tensor, scale: Tensor) -> td.Normal:
        return td.Normal(loc, scale.detach())

    report = check_likelihood(detached, parameters={"loc": 0.0, "scale": 1.0})
    assert "d/dscale is 0" in failed(report)["gradient"]


def test_an_overflow_in_float32() -> None:
    def exponentials(loc: Tensor) -> Callable[[Tensor], Tensor]:
        """The textbook's logistic density: its exponential overflows in float32 beyond 88."""

        def log_prob(x: Tensor) -> Tensor:
            e = torch.exp((x - loc).abs())
            return (e / (1 + e).square()).log()

        return log_prob

    report = check_likelihood(exponentials, parameters={"loc": 0.0}, support=(-math.inf, math.inf))
    assert "log_prob is nan" in failed(report)["float32"] or "-inf" in failed(report)["float32"]


class LosesItsScale(td.Normal):
    def expand(self, batch_shape: torch.Size, _instance: td.Distribution | None = None) -> td.Normal:
        return td.Normal(self.loc.expand(batch_shape), torch.ones(()).expand(batch_shape))


def test_expand_that_loses_a_parameter() -> None:
    assert "expand changes log_prob" in failed(check_likelihood(LosesItsScale(0.3, 0.2)))["shapes"]


class Reduces(td.Normal):
    def log_prob(self, value: Tensor) -> Tensor:
        return super().log_prob(value).mean() + torch.zeros(len(value))


def test_log_prob_that_reduces() -> None:
    assert {"shapes", "mass"} <= set(failed(check_likelihood(Reduces(0.3, 0.2))))


class WrongSampler(td.Normal):
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        return super().sample(sample_shape) * 1.1


class OutsideSampler(td.Beta):
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        return super().sample(sample_shape) + 0.5


def test_samplers_of_something_else() -> None:
    assert set(failed(check_likelihood(WrongSampler(0.0, 0.2)))) == {"samples"}
    assert "no probability" in failed(check_likelihood(OutsideSampler(2.0, 2.0)))["samples"]


# The report, and the caller.


class Raises(td.Normal):
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        raise RuntimeError("no samples today")


def test_an_error_is_a_finding_and_the_rest_is_kept() -> None:
    report = check_likelihood(Raises(0.0, 1.0))
    assert failed(report) == {"samples": "raised: no samples today"}
    assert next(f.check for f in report.findings if f.result == "pass") == "mass"


def test_what_is_lacking_is_not_checked() -> None:
    report = check_likelihood(lambda x: -x.abs() - math.log(2), support=(-math.inf, math.inf))
    assert report.ok
    results = {f.check: f.result for f in report.findings}
    assert results["mass"] == results["shapes"] == "pass"
    assert set(results.values()) == {"pass", "not checked"}


def test_the_report_prints_and_escapes() -> None:
    report = check_likelihood(Floors(torch.tensor(0.5), torch.tensor(0.02)))
    lines = str(report).splitlines()
    assert lines[0] == "Floors: 1 check failed."
    assert lines[-1].startswith("samples: Samples do not follow log_prob.")
    page = report._repr_html_()
    assert "p &gt; 1e-06" in page
    assert page.count("<tr>") == len(report.findings) + 1


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check_likelihood(td.Normal(0.0, 1.0))
    torch.testing.assert_close(torch.rand(2), expected)


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="likelihood: got str, expected a distribution or a function"):
        check_likelihood("normal")
    with pytest.raises(ValueError, match=r"likelihood: got batch_shape \(3,\)"):
        check_likelihood(td.Normal(torch.zeros(3), 1.0))
    with pytest.raises(TypeError, match="parameters: got list, expected a dictionary of numbers"):
        check_likelihood(td.Normal, parameters=[0.0, 1.0])
    with pytest.raises(TypeError, match="parameters: got '1' for 'scale', expected a number or a tensor"):
        check_likelihood(td.Normal, parameters={"loc": 0.0, "scale": "1"})
    with pytest.raises(ValueError, match="support: got None"):
        check_likelihood(lambda x: x)
    with pytest.raises(ValueError, match="support, values: got both"):
        check_likelihood(lambda x: x, support=(0, 1), values=LEVELS_32)
    with pytest.raises(ValueError, match="values: got None"):
        check_likelihood(td.Multinomial(3, torch.ones(2)))
