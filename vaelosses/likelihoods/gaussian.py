"""Gaussian: the likelihood behind every squared-error loss."""

import math

from torch import Tensor
from torch.distributions import Normal

from ._base import Likelihood, LocationScaleHead
from ._numerics import log_ndtr, log_ndtr_interval, standardize

__all__ = ["Gaussian", "GaussianHead"]


class Gaussian(Likelihood, Normal):
    r"""A normal distribution for each pixel.

    .. math::
        \log p(x) = -\frac{(x - \mu)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi

    **As a loss**: :math:`-\log p` is half the squared error over :math:`\sigma^2` plus
    :math:`\log\sigma + \frac12\log 2\pi`. With :math:`\sigma = 1` and the constant dropped it is
    ``0.5 * F.mse_loss(mu, x, reduction="sum")``; with :math:`\sigma^2 = \frac12`, the plain sum of squares.
    Nothing is dropped here.

    It is :class:`torch.distributions.Normal` with a ``log_prob`` that neither overflows before its result
    does nor rounds to half precision, and with the logarithms of its tails.

    Args:
        loc: the mean :math:`\mu`, in units of intensity.
        scale: the standard deviation :math:`\sigma > 0`, in the same unit.
        validate_args: check parameters and values; the default is torch's.

    Shapes:
        ``loc`` and ``scale`` broadcast to ``batch_shape``; ``event_shape`` is ``()``. ``log_prob`` maps
        ``sample_shape + batch_shape`` to the same shape.

    Support and unit:
        The whole line. A density per unit of intensity, in nats.

    Raises:
        ValueError: if ``scale`` is not positive, or a value is not a number (when validating).

    Source:
        Kingma and Welling (2014), appendix C.2. Deviation: they let a network produce
        :math:`\log\sigma^2`; we take the scale and leave the link to the head.

    Example:
        >>> import torch
        >>> d = Gaussian(torch.tensor(0.5), torch.tensor(0.1))
        >>> d.log_prob(torch.tensor([0.5, 0.7]))
        tensor([ 1.3836, -0.6164])
    """

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    @property
    def median(self) -> Tensor:
        """The mean, by symmetry."""
        return self.loc

    def log_prob(self, value: Tensor) -> Tensor:
        value, loc, scale = self._checked(value)
        z = (value - loc) / scale
        # (-z / 2) * z, not -(z * z) / 2: the square alone may overflow where the result does not.
        return (-0.5 * z) * z - scale.log() - 0.5 * math.log(2 * math.pi)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return log P(X <= value), finite in the far left tail."""
        return log_ndtr(standardize(*self._checked(value)))

    def log_interval_prob(self, lower: Tensor, upper: Tensor) -> Tensor:
        """Return log P(lower < X <= upper) in nats; either end may be infinite.

        >>> import torch
        >>> d = Gaussian(torch.tensor(0.0), torch.tensor(1.0))
        >>> d.log_interval_prob(torch.tensor(-1.0), torch.tensor(1.0)).exp()
        tensor(0.6827)
        """
        lower, upper, loc, scale = self._checked(lower, upper)
        width = standardize(upper - lower, 0.0, scale)
        return log_ndtr_interval(standardize(lower, loc, scale), standardize(upper, loc, scale), width)


class GaussianHead(LocationScaleHead):
    r"""Decoder features as means, with a scale that is fixed, learned or optimal.

    The arguments are those of :class:`LocationScaleHead`. With ``"optimal"`` the scale is the root mean
    square of the residuals, so that the loss is :math:`\frac D2\log\mathrm{MSE}` plus a constant.

    Source:
        "optimal": Rybkin, Daniilidis and Levine (2021), equation (5); they use one batch, also for
        evaluation.

    Example:
        >>> import torch
        >>> head = GaussianHead(channels=3, scale="pixel")
        >>> head.num_params
        2
        >>> p_x_given_z = head(torch.zeros(8, 6, 32, 32))
        >>> p_x_given_z.batch_shape, p_x_given_z.event_shape
        (torch.Size([8]), torch.Size([3, 32, 32]))
    """

    power = 2

    def likelihood(self, loc: Tensor, scale: Tensor) -> Gaussian:
        return Gaussian(loc, scale)
