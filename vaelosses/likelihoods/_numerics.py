"""Stable building blocks: differences of logarithms and of tails without cancellation."""

import math

import numpy as np
import torch
from torch import Tensor

__all__ = ["at_least_float32", "log1mexp", "log_ndtr_interval", "standardize"]

# Gauss-Legendre on [0, 1]; eight nodes integrate the narrow intervals below to the last bit of float64.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


def at_least_float32(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Promote half precision to float32; leave float32 and float64 alone.

    A log-likelihood is a sum of thousands of terms: rounding each of them to 8 or 11 bits loses it.
    """
    return tuple(t.float() if t.dtype in (torch.bfloat16, torch.float16) else t for t in tensors)


def standardize(value: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """Return ``(value - loc) / scale``; an infinite value stays what it is, with gradient zero."""
    infinite = torch.isinf(value)
    # Dividing infinity would send 0 * inf into the gradient.
    return torch.where(infinite, value, (torch.where(infinite, 0.0, value) - loc) / scale)


def log1mexp(x: Tensor) -> Tensor:
    """Return ``log(1 - exp(-x))`` for ``x > 0``, accurate at both ends.

    Source: Maechler (2012), *Accurately computing log(1 - exp(-|a|))*, equation (7).

    >>> log1mexp(torch.tensor([1e-10, 50.0], dtype=torch.float64))
    tensor([-2.3026e+01, -1.9287e-22], dtype=torch.float64)
    """
    small = x < math.log(2)
    # Each branch sees harmless input where the other is taken, so no NaN enters the gradient.
    near_zero = torch.where(small, x, 1.0)
    large = torch.where(small, 1.0, x)
    return torch.where(small, torch.log(-torch.expm1(-near_zero)), torch.log1p(-torch.exp(-large)))


def log_ndtr_interval(lower: Tensor, upper: Tensor) -> Tensor:
    r"""Return :math:`\log(\Phi(b) - \Phi(a))` of the standard normal for ``lower = a < b = upper``.

    Either end may be infinite. In a tail the difference is taken between logarithms, after a reflection
    that makes it the left one. A narrow interval is integrated instead:
    :math:`\Phi(b) - \Phi(a) = 2\varphi(m)\int_0^{w/2}\cosh(mu)\,e^{-u^2/2}\,du` with midpoint *m* and
    width *w*, where nothing cancels.

    >>> log_ndtr_interval(torch.tensor([-1.0, 3.0]), torch.tensor([1.0, float("inf")]))
    tensor([-0.3817, -6.6077])
    """
    right = lower + upper > 0
    a, b = torch.where(right, -upper, lower), torch.where(right, -lower, upper)
    open_end = torch.isinf(a)
    a = torch.where(open_end, 0.0, a)
    narrow = ~open_end & ((b - a) * (a + b).abs().clamp(min=2) < 1)

    # Harmless input for the branch that is not taken (see log1mexp).
    m = torch.where(narrow, (a + b) / 2, 0.0)
    half = torch.where(narrow, (b - a) / 2, 1.0)
    u = half.unsqueeze(-1) * m.new_tensor(_NODES)
    integrand = torch.cosh(m.unsqueeze(-1) * u) * torch.exp(-u.square() / 2)
    mean = (m.new_tensor(_WEIGHTS) * integrand).sum(-1)
    by_quadrature = torch.log(2 * half * mean) - m.square() / 2 - math.log(2 * math.pi) / 2

    log_upper = torch.special.log_ndtr(b)
    log_ratio = torch.where(narrow | open_end, 1.0, log_upper - torch.special.log_ndtr(a))
    by_tails = log_upper + torch.where(open_end, 0.0, log1mexp(log_ratio))
    return torch.where(narrow, by_quadrature, by_tails)
