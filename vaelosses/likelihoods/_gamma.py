"""Combinations of gamma functions whose parts are huge and cancel."""

import math

import torch
from torch import Tensor

from ._numerics import bernoulli_numbers, integral, log1mexp

__all__ = ["excess_over_log", "log_betainc", "log_gamma_half_step", "stirling_remainder"]

_SHIFT = 8
_NUMBERS = bernoulli_numbers(20)
_EVEN = range(2, 21, 2)
# Both series in odd powers of 1 / x reach the last bit of float64 from x = 8 on.
_STIRLING = [float(_NUMBERS[n] / (n * (n - 1))) for n in _EVEN]
_HALF_STEP = [(2.0 ** (1 - n) - 2) * c for n, c in zip(_EVEN, _STIRLING, strict=True)]


def _odd_series(coefficients: list[float], x: Tensor) -> Tensor:
    inverse, total = 1 / x, torch.zeros_like(x)
    for c in reversed(coefficients):
        total = total * inverse.square() + c
    return total * inverse


def _rising(x: Tensor) -> Tensor:
    """Return ``x (x + 1) ... (x + 7)``, which is ``gamma(x + 8) / gamma(x)``."""
    total = x
    for k in range(1, _SHIFT):
        total = total * (x + k)
    return total


def log_gamma_half_step(x: Tensor) -> Tensor:
    r"""Return :math:`\log\Gamma(x + \frac12) - \log\Gamma(x) - \frac12\log x`, about ``-1 / (8 x)``.

    >>> log_gamma_half_step(torch.tensor([0.5, 5e7]))
    tensor([-2.2579e-01, -2.5000e-09])
    """
    large = x >= _SHIFT
    near = torch.where(large, 1.0, x)
    ratio = _rising(near) / _rising(near + 0.5) * torch.sqrt((near + _SHIFT) / near)
    series = _odd_series(_HALF_STEP, torch.where(large, x, x + _SHIFT))
    return series + torch.where(large, 0.0, ratio.log())


def stirling_remainder(x: Tensor) -> Tensor:
    r"""Return :math:`\log\Gamma(x) - (x - \frac12)\log x + x - \frac12\log 2\pi`, about ``1 / (12 x)``.

    >>> stirling_remainder(torch.tensor([1.0, 1e7]))
    tensor([8.1061e-02, 8.3333e-09])
    """
    large = x >= _SHIFT
    near = torch.where(large, 1.0, x)
    above = near + _SHIFT
    step = (near + _SHIFT - 0.5) * above.log() - (near - 0.5) * near.log() - _SHIFT - _rising(near).log()
    return _odd_series(_STIRLING, torch.where(large, x, x + _SHIFT)) + torch.where(large, 0.0, step)


def excess_over_log(d: Tensor, a: Tensor, log1p: Tensor) -> Tensor:
    """Return ``d - a log(1 + d / a)`` where ``log1p`` is that logarithm; it is never negative.

    >>> excess_over_log(torch.tensor(1.0), torch.tensor(1e4), torch.tensor(1e-4).log1p())
    tensor(4.9997e-05)
    """
    small = d.abs() < 0.4 * a
    near = torch.where(small, d, 0.0) / a
    # log(1 + x) = 2 artanh(s), and x - 2 s = x s.
    s = near / (2 + near)
    square, total = s.square(), torch.zeros_like(s)
    for k in range(27, 1, -2):
        total = (total + 1 / k) * square
    return torch.where(small, a * s * (near - 2 * total), d - a * log1p)


def log_betainc(a: Tensor, b: Tensor, y: Tensor, z: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logarithms of both tails of the Beta distribution at ``0 < y = 1 - z < 1``, lower first.

    By Gauss' continued fraction, or by a series where the concentration at the near end is small and what
    the fraction misses of one would be lost. The derivatives of both tails are those of what is computed.

    Args:
        a: first concentration.
        b: second concentration.
        y: where to cut.
        z: ``1 - y``.
        log_density: of the distribution at ``y``.
    """
    lower_first = y < (a + 1) / (a + b + 2)
    # The fraction of the other tail, by symmetry, where this one converges slowly.
    a, b = torch.where(lower_first, a, b), torch.where(lower_first, b, a)
    x, rest = torch.where(lower_first, y, z), torch.where(lower_first, z, y)
    fraction = _fraction(*torch.broadcast_tensors(a, b, x, rest))
    by_fraction = log_density + x.log() + rest.log() + fraction.log() - a.log()
    small = a < 0.5
    by_series = _log_tail(
        torch.where(small, a, 0.25), torch.where(small, b, 1.0), torch.where(small, x, 0.25)
    )
    log_tail = torch.where(small, by_series, by_fraction)
    log_rest = log1mexp(-log_tail)
    return torch.where(lower_first, log_tail, log_rest), torch.where(lower_first, log_rest, log_tail)


def _log_tail(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    r"""Return the log of the Beta distribution function at ``x < (a + 1) / (a + b + 2)``, for ``a < 1/2``.

    It is of the order of ``a``, and so is each of the three terms,

    .. math::
        a\log x + \log\frac{\Gamma(a + b)}{\Gamma(b)\,\Gamma(a + 1)}
        + \log\Bigl(1 + a\sum_{k \ge 1}\frac{(1 - b)_k}{k!}\frac{x^k}{a + k}\Bigr),

    the second as the integral of its derivative.
    """
    slope = integral(lambda u: torch.digamma(1 + b + a * u) - torch.digamma(1 + a * u), 0.0, 1.0, 8)
    # log(b / (a + b)), with derivatives that do not overflow.
    rare = a < b
    log_share = torch.where(rare, -torch.log1p(a / torch.where(rare, b, 1.0)), b.log() - (a + b).log())
    power, total = torch.ones_like(x), torch.zeros_like(x)
    for k in range(1, 200):
        power = power * ((k - b) / k) * x
        total = total + power / (a + k)
        if (power.abs() <= torch.finfo(x.dtype).eps * total.abs()).all():
            break
    return a * x.log() + a * slope + log_share + torch.log1p(a * total)


def _fraction(a: Tensor, b: Tensor, x: Tensor, rest: Tensor) -> Tensor:
    """Return the continued fraction, by the modified Lentz algorithm, each element until it stands still.

    It takes some tens of steps, more like the root of the larger concentration where that is in the
    thousands. Elements that stand still are put aside from time to time, since few need many steps. For
    whole concentrations the fraction ends early and its derivatives do not, hence a least number of steps.
    """
    shape, eps, tiny = x.shape, torch.finfo(x.dtype).eps, torch.finfo(x.dtype).tiny ** 0.5
    a, b, x, rest = (part.flatten() for part in (a, b, x, rest))
    least = math.log(eps) / (2 * torch.log((1 - rest.sqrt()) / (1 + rest.sqrt()))).detach()
    c, d = torch.ones_like(x), 1 / (1 - (a + b) * x / (a + 1))
    fraction, where = d, torch.arange(len(x), device=x.device)
    finished, look = [], 8
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d, c = 1 + coefficient * d, 1 + coefficient / c
            d = 1 / torch.where(d.abs() < tiny, tiny, d)
            c = torch.where(c.abs() < tiny, tiny, c)
            step = c * d
            fraction = fraction * step
        if m == look:
            look += look // 4
            moves = ((step - 1).abs() >= 2 * eps) | (m <= least)
            finished.append((where[~moves], fraction[~moves]))
            if not moves.any():
                break
            a, b, x, c, d, fraction, least, where = (
                part[moves] for part in (a, b, x, c, d, fraction, least, where)
            )
    else:
        finished.append((where, fraction))
    where, values = (torch.cat(parts) for parts in zip(*finished, strict=True))
    return values[where.argsort()].reshape(shape)
