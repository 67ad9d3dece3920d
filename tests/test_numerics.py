"""The stable building blocks against sixty digits."""

import itertools
import math

import mpmath
import pytest
import torch
from tolerances import EXACT

from vaelosses.likelihoods._numerics import log1mexp, log_ndtr, log_ndtr_interval


@pytest.mark.parametrize("x", [1e-300, 1e-17, 1e-8, 0.3, math.log(2), 0.7, 5.0, 40.0, 700.0])
def test_log1mexp(x: float) -> None:
    tensor = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = log1mexp(tensor)
    value.backward()
    with mpmath.workdps(400):
        exact, slope = mpmath.log(1 - mpmath.exp(-mpmath.mpf(x))), 1 / (mpmath.exp(mpmath.mpf(x)) - 1)
        assert abs(value.item() / exact - 1) < 1e-15
        assert abs(tensor.grad.item() / slope - 1) < 1e-15


def exact_interval(lower: float, upper: float) -> mpmath.mpf:
    """The logarithm of the mass between; call it with digits to spare."""
    a, b = mpmath.mpf(lower), mpmath.mpf(upper)
    a, b = (-b, -a) if a + b > 0 else (a, b)
    tail = [mpmath.erfc(-end / mpmath.sqrt(2)) / 2 if end != -mpmath.inf else mpmath.mpf(0) for end in (a, b)]
    return mpmath.log(tail[1] - tail[0])


@pytest.mark.parametrize("dtype", EXACT, ids=str)
@pytest.mark.parametrize("x", [-1e6, -81377.0, -1e3, -20.0, -1.01, -0.99, 0.0, 5.0])
def test_log_ndtr(x: float, dtype: torch.dtype) -> None:
    tensor = torch.tensor(x, dtype=dtype, requires_grad=True)
    value = log_ndtr(tensor)
    value.backward()
    with mpmath.workdps(200):
        exact = exact_interval(-mpmath.inf, tensor.item())
        slope = mpmath.exp(mpmath.log(mpmath.npdf(tensor.item())) - exact)
        assert abs(value.item() / exact - 1) <= EXACT[dtype]
        assert abs(tensor.grad.item() / slope - 1) <= EXACT[dtype]


MIDPOINTS = [-1e4, -40.0, -3.0, -0.2, 0.0, 1e-9, 0.9, 8.0, 37.0, 1e3]
WIDTHS = [1e-8, 1e-3, 0.2, 0.499, 0.501, 0.999, 1.001, 3.0, 50.0]


@pytest.mark.parametrize(("midpoint", "width"), list(itertools.product(MIDPOINTS, WIDTHS)))
def test_interval_of_the_standard_normal(midpoint: float, width: float) -> None:
    lower, upper = midpoint - width / 2, midpoint + width / 2
    ends = [torch.tensor(end, dtype=torch.float64, requires_grad=True) for end in (lower, upper)]
    value = log_ndtr_interval(*ends)
    value.backward()
    scaled = log_ndtr_interval(*ends, scaled=True)
    nearest = 0.0 if lower <= 0 <= upper else min(abs(lower), abs(upper))
    with mpmath.workdps(200):
        exact = exact_interval(lower, upper)
        slopes = [
            sign * mpmath.exp(mpmath.log(mpmath.npdf(x)) - exact) for sign, x in ((-1, lower), (1, upper))
        ]
        exact_scaled = exact - mpmath.log(mpmath.npdf(nearest))
        # The rounding of the ends alone moves the result by about eps * |end| / width.
        tolerance = EXACT[torch.float64] + 4e-16 * max(abs(lower), abs(upper)) / width
        assert abs(value.item() - exact) <= tolerance * max(1, abs(exact))
        assert abs(scaled.item() - exact_scaled) <= tolerance * max(1, abs(exact_scaled))
        for end, slope in zip(ends, slopes, strict=True):
            assert abs(end.grad.item() - slope) <= tolerance * max(1, abs(slope))


@pytest.mark.parametrize("distance", [0.5, 11.999, 12.001, 1e3, 1e7])
def test_scaled_tail_keeps_its_gradient(distance: float) -> None:
    """Far out the slope of the Mills ratio is a small difference of large numbers."""
    end = torch.tensor(distance, dtype=torch.float64, requires_grad=True)
    log_ndtr_interval(end, torch.tensor(math.inf, dtype=torch.float64), scaled=True).backward()
    with mpmath.workdps(60):
        slope = distance - mpmath.exp(
            mpmath.log(mpmath.npdf(distance)) - exact_interval(distance, mpmath.inf)
        )
        assert abs(end.grad.item() / slope - 1) <= EXACT[torch.float64]


@pytest.mark.parametrize("end", [-50.0, -1.0, 0.0, 2.0, 30.0])
def test_open_intervals_and_their_gradients(end: float) -> None:
    for lower, upper in ((-math.inf, end), (end, math.inf)):
        ends = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (lower, upper)]
        value = log_ndtr_interval(*ends)
        value.backward()
        sign = 1 if upper == end else -1
        with mpmath.workdps(60):
            exact = exact_interval(lower, upper)
            hazard = sign * mpmath.npdf(end) / mpmath.exp(exact)
        assert abs(value.item() - exact) <= EXACT[torch.float64] * max(1, abs(exact))
        finite = ends[1] if upper == end else ends[0]
        assert abs(finite.grad.item() - hazard) <= EXACT[torch.float64] * max(1, abs(hazard))
