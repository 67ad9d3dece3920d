"""Continuous Bernoulli: what binary cross-entropy on grey pixels becomes once it is normalised."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, constraints, register_kl

from ._base import Head, Likelihood
from ._numerics import bernoulli_numbers, log1mexp

__all__ = ["ContinuousBernoulli", "ContinuousBernoulliHead"]


# log(sinh(eta / 2) / (eta / 2)) = sum_n B_2n / (2n (2n)!) eta^2n, which converges up to 2 pi. For |eta| < 1
# eleven terms reach the last bit of float64.
_NUMBERS = bernoulli_numbers(22)
_COEFFICIENTS = [float(_NUMBERS[2 * n] / (2 * n * math.factorial(2 * n))) for n in range(1, 12)]


def _series(logits: Tensor, derivative: int = 0) -> Tensor:
    """Return the series above, or one of its derivatives, for ``|logits| < 1``."""
    square, total = logits.square(), torch.zeros_like(logits)
    for n in range(len(_COEFFICIENTS), 0, -1):
        total = total * square + _COEFFICIENTS[n - 1] * math.perm(2 * n, derivative)
    return total * (square, logits, 1.0)[derivative]


class ContinuousBernoulli(Likelihood):
    r"""The exponential family on [0, 1] whose density is proportional to that of binary cross-entropy.

    .. math::
        \log p(x) = \eta x - \log\frac{e^\eta - 1}{\eta}, \qquad 0 \le x \le 1

    **As a loss**: :math:`-\log p` is the binary cross-entropy of the logit, minus
    :math:`\log\bigl(\eta \coth\frac\eta2\bigr)`, the logarithm of the normaliser that binary cross-entropy on
    grey pixels lacks. Nothing is dropped.

    The parameter is not the mean: :math:`\mathrm{sigmoid}(\eta) = 0.75` has the mean 0.590. It has no
    ``probs``, because a probability rounded to 1 has lost its logit:
    :class:`torch.distributions.ContinuousBernoulli` is wrong in float32 beyond :math:`|\eta| = 15`.

    Args:
        logits: :math:`\eta`, any real number; 0 is the uniform distribution.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``logits`` has shape ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The closed interval [0, 1]. A density per unit of intensity, in nats.

    Raises:
        TypeError: if a value is not a floating-point tensor.
        ValueError: if ``logits`` is not a number, or a value lies outside of [0, 1] (when validating).

    Source:
        Loaiza-Ganem and Cunningham (2019), equations (6) and (7), written in the logit.

    Example:
        >>> d = ContinuousBernoulli(torch.tensor([0.0, 20.0]))
        >>> d.log_prob(torch.tensor([1.0, 1.0]))
        tensor([0.0000, 2.9957])
    """

    arg_constraints = {"logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(logits=logits, validate_args=validate_args)

    def _split(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return where the series holds, logits for it, and their size for the closed form."""
        small = logits.abs() < 1
        # Each formula sees harmless input where the other is taken, so no NaN enters the gradient.
        return small, torch.where(small, logits, 0.0), torch.where(small, 1.0, logits).abs()

    @property
    def mean(self) -> Tensor:
        (logits,) = self._promoted()
        small, near, size = self._split(logits)
        # How far from the likelier end.
        away = 1 / size + torch.exp(-size) / torch.expm1(-size)
        return torch.where(small, 0.5 + _series(near, 1), torch.where(logits > 0, 1 - away, away))

    @property
    def variance(self) -> Tensor:
        small, near, size = self._split(*self._promoted())
        far = 1 / size.square() - torch.exp(-size) / torch.expm1(-size).square()
        return torch.where(small, _series(near, 2), far)

    @property
    def mode(self) -> Tensor:
        """Black or white, whatever the mean; white where all values are equally likely."""
        return (self.logits >= 0).to(self.logits.dtype)

    @property
    def median(self) -> Tensor:
        return self.icdf(torch.full_like(self.logits, 0.5))

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device))

    def log_prob(self, value: Tensor) -> Tensor:
        value, logits = self._checked(value)
        small, near, size = self._split(logits)
        away = torch.where(logits > 0, 1 - value, value)
        far = size.log() - size * away - torch.log1p(-torch.exp(-size))
        return torch.where(small, near * (value - 0.5) - _series(near), far)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value)."""
        return self.log_interval_prob(torch.zeros_like(value), value)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile."""
        value, logits = torch.broadcast_tensors(*self._promoted(value))
        flat = logits.abs() < 1e-8
        size = torch.where(flat, 1.0, logits).abs()
        from_end = torch.where(logits > 0, 1 - value, value)
        away = -torch.log1p(from_end * torch.expm1(-size)) / size
        tilted = torch.where(logits > 0, 1 - away, away)
        return torch.where(flat, value + logits * value * (1 - value) / 2, tilted).clamp(0, 1)

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; the ends may lie outside of [0, 1], or be infinite.

        >>> d = ContinuousBernoulli(torch.tensor(0.0))
        >>> d.log_interval_prob(torch.tensor(0.25), torch.tensor(math.inf)).exp()
        tensor(0.7500)
        """
        lower, upper, logits = self._promoted(lower.clamp(0, 1), upper.clamp(0, 1))
        empty = lower >= upper
        lower, upper = torch.where(empty, 0.0, lower), torch.where(empty, 1.0, upper)
        width, centre = upper - lower, (lower + upper) / 2
        small, near, size = self._split(logits)
        tilted = near * (centre - 0.5) + width.log() + _series(near * width) - _series(near)
        away = torch.where(logits > 0, 1 - upper, lower)
        far = log1mexp(size * width) - log1mexp(size) - size * away
        return torch.where(empty, -math.inf, torch.where(small, tilted, far))

    def entropy(self) -> Tensor:
        small, near, size = self._split(*self._promoted())
        decay = torch.exp(-size)
        far = 1 + size * decay / torch.expm1(-size) - size.log() + torch.log1p(-decay)
        return torch.where(small, _series(near) - near * _series(near, 1), far)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    # The log-density is linear in x, so that its mean is its value at the mean.
    return -p.entropy() - q.log_prob(p.mean)


class ContinuousBernoulliHead(Head):
    """Decoder features as logits.

    Args:
        channels: number of image channels.

    Raises:
        ValueError: if the features have the wrong shape.

    Example:
        >>> ContinuousBernoulliHead()(torch.zeros(8, 1, 28, 28)).mean.unique()
        tensor([0.5000])
    """

    num_params = 1

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        (logits,) = self.split(features)
        return Independent(ContinuousBernoulli(logits), 3)
