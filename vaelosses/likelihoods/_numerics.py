"""Stable building blocks: differences of logarithms and of tails without cancellation."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution

__all__ = [
    "at_least_float32",
    "bernoulli_numbers",
    "draw_index",
    "integral",
    "invert_cdf",
    "log1mexp",
    "log1mexp_of_exp",
    "log_ndtr",
    "log_ndtr_interval",
    "log_softplus",
    "log_weights",
    "softplus",
    "standardize",
    "widest",
]


def at_least_float32(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Promote half precision to float32; leave float32 and float64 alone.

    A log-likelihood is a sum of thousands of terms: rounding each of them to 8 or 11 bits loses it.
    """
    return tuple(t.float() if t.dtype in (torch.bfloat16, torch.float16) else t for t in tensors)


def bernoulli_numbers(count: int) -> list[Fraction]:
    """Return B_0, ..., B_count, by their recurrence."""
    numbers = [Fraction(1)]
    for n in range(1, count + 1):
        numbers.append(-sum(math.comb(n + 1, k) * b for k, b in enumerate(numbers)) / (n + 1))
    return numbers


def widest(x: Tensor) -> Tensor:
    """Return float64 where the device has it, for what cancels and is not trained."""
    return x if x.device.type == "mps" else x.double()


def standardize(value: Tensor, loc: Tensor | float, scale: Tensor) -> Tensor:
    """Return ``(value - loc) / scale``; an infinite value stays what it is, with gradient zero."""
    infinite = torch.isinf(value)
    # Dividing infinity would send 0 * inf into the gradient.
    return torch.where(infinite, value, (torch.where(infinite, 0.0, value) - loc) / scale)


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + exp(x))``; torch's default puts ``x`` in its place beyond 20, 1e-10 off in float64."""
    return F.softplus(x, threshold=40)


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


def log1mexp_of_exp(t: Tensor) -> Tensor:
    """Return ``log1mexp(exp(t))``, also where ``exp(t)`` underflows.

    >>> log1mexp_of_exp(torch.tensor([-1000.0, 1.0]))
    tensor([-1.0000e+03, -6.8266e-02])
    """
    tiny = t < -20
    return torch.where(tiny, t - 0.5 * t.exp(), log1mexp(torch.where(tiny, 0.0, t).exp()))


def log_softplus(x: Tensor) -> Tensor:
    """Return ``log(log(1 + exp(x)))``, also where ``exp(x)`` underflows.

    >>> log_softplus(torch.tensor([-1000.0, 1.0]))
    tensor([-1.0000e+03,  2.7251e-01])
    """
    tiny = x < -20
    return torch.where(tiny, x - 0.5 * x.exp(), softplus(torch.where(tiny, 0.0, x)).log())


def log_ndtr(x: Tensor) -> Tensor:
    r"""Return :math:`\log\Phi(x)` of the standard normal, with its gradient at any distance.

    The gradient of ``torch.special.log_ndtr`` is 4% off at ``x = -1000`` in float32, and zero further out.

    >>> log_ndtr(torch.tensor([-1e5, 0.0]))
    tensor([-5.0000e+09, -6.9315e-01])
    """
    left = x < -1
    tail, rest = torch.where(left, -x, 1.0), torch.where(left, 0.0, x)
    by_mills = torch.log(_mills_ratio(tail)) - 0.5 * math.log(2 * math.pi) + (-0.5 * tail) * tail
    return torch.where(left, by_mills, torch.log1p(-0.5 * torch.erfc(rest / math.sqrt(2))))


def log_ndtr_interval(
    lower: Tensor, upper: Tensor, width: Tensor | None = None, *, scaled: bool = False
) -> Tensor:
    r"""Return :math:`\log(\Phi(b) - \Phi(a))` of the standard normal for ``lower = a < b = upper``.

    Either end may be infinite. The ``width`` says more than ``upper - lower`` where that cancels. With
    ``scaled`` the largest density in the interval is divided out, which leaves
    :math:`\log\int_a^b e^{(c^2 - t^2)/2}\,dt` with *c* the point of the interval nearest to zero.

    A wide interval in a tail is a difference of two Mills ratios, and a wide one across zero is what is not
    missing. A narrow one, ``m - h`` to ``m + h``, is a sum: by the generating function of the Hermite
    polynomials, :math:`\int_a^b e^{(m^2 - t^2)/2}\,dt = 2h\sum_n \mathrm{He}_{2n}(m)\,h^{2n}/(2n+1)!`.
    Nothing cancels in any of them.

    >>> log_ndtr_interval(torch.tensor([-1.0, 3.0]), torch.tensor([1.0, float("inf")]))
    tensor([-0.3817, -6.6077])
    """
    # By symmetry the interval lies on the right: a + b >= 0, so that only b can be infinite alone.
    flip = lower + upper < 0
    a, b = torch.where(flip, -upper, lower), torch.where(flip, -lower, upper)
    open_end = torch.isinf(b)
    width = torch.where(open_end, 1.0, b - a if width is None else width)
    narrow = ~open_end & (width * (a + b).clamp(min=2) < 1)
    in_tail = ~narrow & (a > 0)
    log_peak = -0.5 * math.log(2 * math.pi)

    # Each formula sees harmless input where it is not used (see log1mexp).
    a_tail = torch.where(in_tail, a, 1.0)
    b_tail = torch.where(in_tail & ~open_end, b, a_tail + 1)
    drop = torch.exp(-0.5 * torch.where(in_tail, width, 1.0) * (a_tail + b_tail))
    beyond = torch.where(open_end, 0.0, drop * _mills_ratio(b_tail))
    tail = torch.log(_mills_ratio(a_tail) - beyond)

    a_across, b_across = torch.where(narrow | in_tail, -1.0, a), torch.where(narrow | in_tail, 1.0, b)
    missing = 0.5 * (torch.erfc(-a_across / math.sqrt(2)) + torch.erfc(b_across / math.sqrt(2)))
    across = torch.log1p(-missing)

    m, h = torch.where(narrow, (a + b) / 2, 0.0), torch.where(narrow, width / 2, 0.25)
    middle = torch.log(2 * h * _mean_by_hermite(m, h))

    if scaled:
        nearest = torch.where(a > 0, a, 0.0)
        middle = middle - 0.5 * (m - nearest) * (m + nearest)
        return torch.where(narrow, middle, torch.where(in_tail, tail, across - log_peak))
    middle, tail = middle + log_peak + (-0.5 * m) * m, tail + log_peak + (-0.5 * a_tail) * a_tail
    return torch.where(narrow, middle, torch.where(in_tail, tail, across))


def _mills_ratio(x: Tensor) -> Tensor:
    """Return ``exp(x^2 / 2)`` times the integral of ``exp(-t^2 / 2)`` beyond ``x >= 0``."""
    # The derivative of erfcx cancels far out; there the asymptotic series is exact to the last bit.
    far = x > 12
    near, inverse = torch.where(far, 1.0, x), 1 / torch.where(far, x, 12.0)
    series = torch.ones_like(x)
    for n in range(23, 0, -2):
        series = 1 - n * inverse.square() * series
    by_erfcx = math.sqrt(math.pi / 2) * torch.special.erfcx(near / math.sqrt(2))
    return torch.where(far, inverse * series, by_erfcx)


def _mean_by_hermite(m: Tensor, h: Tensor) -> Tensor:
    """Return the mean of ``exp((m^2 - t^2) / 2)`` over ``|t - m| < h``, where ``h`` and ``m h`` are small."""
    step, square = m * h, h.square()
    previous, term = torch.ones_like(m), step
    total = previous
    for n in range(1, 13):
        # term is He_n(m) h^n; those of odd n have mean zero.
        if n % 2 == 0:
            total = total + term / math.factorial(n + 1)
        previous, term = term, step * term - n * square * previous
    return total


def log_weights(logits: Tensor, dim: int) -> Tensor:
    """Return ``log_softmax(logits, dim)`` in the memory order of its input, which torch's own gives up."""
    shifted = logits - logits.amax(dim, keepdim=True).detach()
    return shifted - shifted.logsumexp(dim, keepdim=True)


def integral(
    integrand: Callable[[Tensor | float], Tensor], lower: Tensor | float, upper: Tensor | float, count: int
) -> Tensor:
    """Integrate by Gauss and Legendre, one node at a time."""
    rule = zip(*(part.tolist() for part in np.polynomial.legendre.leggauss(count)), strict=True)
    half = (upper - lower) / 2
    return sum(half * weight * integrand(lower + half * (1 + node)) for node, weight in rule)


def draw_index(logits: Tensor) -> Tensor:
    """Draw an index of the last axis with probability ``softmax(logits)``: the largest with Gumbel noise."""
    return (logits - torch.empty_like(logits).exponential_().log()).argmax(-1)


def invert_cdf(distribution: Distribution, probs: Tensor, lower: float, upper: float) -> Tensor:
    """Return the quantiles between ``lower`` and ``upper``, where the distribution function has no inverse.

    Bisection finds them. Their derivatives are those of the implicit function: with F(x; parameters) = p,
    ``dx = (dp - dF) / density``.
    """
    with torch.no_grad():
        shape = torch.broadcast_shapes(probs.shape, distribution.batch_shape)
        low, high = probs.new_full(shape, lower), probs.new_full(shape, upper)
        for _ in range(64):  # down to 1e-19 of the interval: floats are dense near zero
            middle = (low + high) / 2
            below = distribution.cdf(middle) < probs
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        x = (low + high) / 2
        density = distribution.log_prob(x).exp()
    if not torch.is_grad_enabled():
        return x
    residual = probs - distribution.cdf(x)
    return x + (residual - residual.detach()) / density
