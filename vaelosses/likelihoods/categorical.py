"""Categorical: one free probability for each grey level, by a softmax."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Independent, constraints

from ._base import Head
from ._grid import GreyLikelihood
from ._numerics import draw_index

__all__ = ["Categorical", "CategoricalHead"]


class Categorical(GreyLikelihood):
    r"""A table of probabilities over the grey levels, for each pixel.

    .. math::
        P\Bigl(\frac{k}{L - 1}\Bigr) = \frac{e^{\eta_k}}{\sum_{j=0}^{L-1} e^{\eta_j}}

    **As a loss**: :math:`-\log P` is ``F.cross_entropy(logits, levels, reduction="sum")`` with the integer
    level of each pixel as the class. Nothing is dropped. The levels have no order: a miss by one costs as
    much as a miss by a hundred.

    Unlike :class:`torch.distributions.Categorical` its values are the grey values k / (L - 1) and not the
    indices k, so that mean, median and variance mean something, and images go in as they are.

    Args:
        logits: :math:`\eta`, any real numbers, ``[..., L]``; the last axis holds the levels.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``batch_shape`` is that of ``logits`` without the last axis; ``event_shape`` is ``()``. ``log_prob``
        maps ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The numbers k / (L - 1). A probability mass, in nats.

    Raises:
        TypeError: if a value is not float32 or float64.
        ValueError: if there are fewer than two logits, or one is not a number, or a value is not on the
            grid (when validating).

    Source:
        Van den Oord, Kalchbrenner and Kavukcuoglu (2016), *Pixel recurrent neural networks*, section 2.

    Example:
        >>> d = Categorical(torch.tensor([0.0, 0.0, 2.0]))
        >>> d.log_prob(torch.tensor([0.0, 0.5, 1.0])).exp()
        tensor([0.1065, 0.1065, 0.7870])
    """

    arg_constraints = {"logits": constraints.real_vector}

    def __init__(self, logits: Tensor, *, validate_args: bool | None = None) -> None:
        if logits.ndim == 0:
            raise ValueError("logits: got a single number, expected at least one axis, [..., num_levels]")
        super().__init__(logits.shape[-1], logits=logits, validate_args=validate_args)

    def _log_mass(self, level: Tensor, logits: Tensor) -> Tensor:
        shape = torch.broadcast_shapes(level.shape, logits.shape[:-1])
        log_probs = logits.log_softmax(-1).expand(*shape, -1)
        return log_probs.gather(-1, level.expand(shape).long().unsqueeze(-1)).squeeze(-1)

    def _masses(self) -> Iterator[tuple[float, Tensor]]:
        # The normaliser is computed once, and not once for each level.
        (logits,) = self._promoted()
        for k, log_mass in enumerate(logits.log_softmax(-1).unbind(-1)):
            yield k / (self.num_levels - 1), log_mass

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:
        (logits,) = self._promoted()
        logits = logits.expand(*self._extended_shape(sample_shape), -1)
        return draw_index(logits).to(logits) / (self.num_levels - 1)


class CategoricalHead(Head):
    """Decoder features as logits, one for each grey level.

    Args:
        channels: number of image channels.
        num_levels: the number of grey levels, at least 2.

    Raises:
        ValueError: if the features have the wrong shape.

    Example:
        >>> head = CategoricalHead(num_levels=16)
        >>> head.num_features
        16
        >>> head(torch.zeros(8, 16, 28, 28)).mean.unique()
        tensor([0.5000])
    """

    def __init__(self, channels: int = 1, *, num_levels: int = 256) -> None:
        super().__init__(channels)
        self.num_levels = self.num_params = num_levels

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        self._check(features)
        logits = features.unflatten(1, (self.num_params, self.channels)).movedim(1, -1)
        return Independent(Categorical(logits), 3)
