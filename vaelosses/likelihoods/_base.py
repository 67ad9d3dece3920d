"""What every head shares: decoder features in, one distribution per image out."""

from torch import Tensor, nn
from torch.distributions import Independent

__all__ = ["Head"]


class Head(nn.Module):
    """Turns decoder features into the distribution of an image.

    A head is the only place where unconstrained numbers become valid parameters: links such as softplus,
    lower bounds and learned scales live here. Subclasses set :attr:`num_params` and define ``forward``.

    Args:
        channels: number of image channels ``C``, a positive integer.

    Raises:
        ValueError: if ``channels`` is not positive.
    """

    num_params: int
    """How many feature maps the decoder must produce per image channel."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels: got {channels}, expected a positive integer")
        self.channels = channels

    def forward(self, features: Tensor, target: Tensor | None = None) -> Independent:
        """Return ``p(x | z)``.

        Args:
            features: decoder output, ``[B, num_params * C, H, W]``.
            target: the images ``[B, C, H, W]`` that will be scored. Only a head that profiles its scale
                from the residuals looks at them, and only while it trains.

        Returns:
            A distribution with ``batch_shape == (B,)`` and ``event_shape == (C, H, W)``.
        """
        raise NotImplementedError

    def split(self, features: Tensor) -> tuple[Tensor, ...]:
        """Check the shape of the features and cut them into ``num_params`` maps ``[B, C, H, W]``."""
        expected = self.num_params * self.channels
        if features.ndim != 4 or features.shape[1] != expected:
            raise ValueError(
                f"features: got shape {tuple(features.shape)}, expected [B, {expected}, H, W] "
                f"({self.num_params} per channel, {self.channels} channels)"
            )
        return features.chunk(self.num_params, dim=1)
