"""Bernoulli: the likelihood of a pixel that is either black or white."""

import torch
from torch import Tensor
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Independent, constraints

from ._base import Head, Likelihood
from ._numerics import softplus

__all__ = ["Bernoulli", "BernoulliHead"]


class Bernoulli(Likelihood, TorchBernoulli):
    r"""A coin for each pixel, with its logit as parameter.

    .. math::
        \log p(x) = -\mathrm{softplus}\bigl((1 - 2x)\,\eta\bigr), \qquad x \in \{0, 1\}

    **As a loss**: :math:`-\log p` is the binary cross-entropy
    ``F.binary_cross_entropy_with_logits(logits, x, reduction="sum")``, with nothing dropped. On grey values
    that expression is not the logarithm of any density, so a value other than 0 and 1 is refused.

    It is :class:`torch.distributions.Bernoulli` in the logit form alone, with a ``log_prob`` that keeps its
    relative accuracy in both tails and does not round to half precision.

    Args:
        logits: :math:`\eta = \log\frac{p}{1-p}`, any real number.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``logits`` has shape ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The two values 0 and 1. A probability mass, in nats.

    Raises:
        ValueError: if ``logits`` is not a number, or a value is neither 0 nor 1 (when validating).

    Source:
        Kingma and Welling (2014), appendix C.1, written in the logit.

    Example:
        >>> d = Bernoulli(torch.tensor([0.0, 20.0]))
        >>> d.log_prob(torch.tensor([1.0, 1.0]))
        tensor([-6.9315e-01, -2.0612e-09])
    """

    arg_constraints = {"logits": constraints.real}

    def __init__(self, logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        # Not Likelihood's: torch's class keeps the parameter under several names.
        TorchBernoulli.__init__(self, logits=logits, validate_args=validate_args)

    def expand(self, batch_shape: torch.Size, _instance: "Bernoulli | None" = None) -> "Bernoulli":
        return TorchBernoulli.expand(self, batch_shape, self.__new__(type(self)))

    @property
    def mode(self) -> Tensor:
        """The likelier value; 1 where both are equally likely."""
        return (self.logits >= 0).to(self.logits.dtype)

    @property
    def median(self) -> Tensor:
        """The smallest value with at least half of the mass at or below it."""
        return (self.logits > 0).to(self.logits.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        value, logits = self._checked(value)
        # One softplus of a signed logit: x * eta - softplus(eta) would cancel for a likely white pixel.
        return -softplus((1 - 2 * value) * logits)


class BernoulliHead(Head):
    """Decoder features as logits.

    Args:
        channels: number of image channels.

    Raises:
        ValueError: if the features have the wrong shape.

    Example:
        >>> BernoulliHead()(torch.zeros(8, 1, 28, 28)).mean.unique()
        tensor([0.5000])
    """

    num_params = 1

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        (logits,) = self.split(features)
        return Independent(Bernoulli(logits), 3)
