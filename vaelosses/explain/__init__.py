"""What does this loss really optimise? Anyone's training loss, probed and read as a likelihood."""

import math
import operator
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import baselines
from ._code import code
from ._evidence import gather
from ._numbers import Numbers
from ._point import Shape
from ._report import Explanation
from ._warnings import warnings
from ._words import answer, findings

__all__ = ["Explanation", "explain_loss"]


def explain_loss(
    loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    *,
    image_shape: Sequence[int],
    latent_dim: int,
    pixel_range: tuple[float, float] = (0, 1),
    eigenvalues: Tensor | None = None,
    batch_size: int = 8,
) -> Explanation:
    r"""Say which likelihood a training loss stands for, with which scale and which beta.

    A loss :math:`a\,R + w\,\mathrm{KL}` with *R* minus a log-likelihood at scale 1 is a VAE with
    :math:`\beta = w/a`, or one with :math:`\beta = 1` and :math:`\sigma^2 = w/a` (Gaussian), :math:`b = w/a`
    (Laplace). We measure *a* and *w* in double precision: by the gradients with respect to ``x_hat``,
    ``mu`` and ``logvar`` at random points, at this shape and at shapes that are larger by one. What the
    gradients do not show, constants and Jacobians, the value shows. The loss is called about fifty
    times.

    Args:
        loss: a function of ``(x, x_hat, mu, logvar)`` that returns the scalar to minimise, with torch
            operations. Images are ``[batch, *image_shape]``, latents ``[batch, latent_dim]``.
        image_shape: ``(C, H, W)``; or ``(H, W, C)``, ``(H, W)``, ``(D,)``, if the loss expects that.
        latent_dim: number of latents.
        pixel_range: lowest and highest pixel. Probes stay inside, and ``x_hat`` too, at first.
        eigenvalues: of the covariance of the data, in the squared unit of the pixels; or the data
            themselves, ``[N, *image_shape]``. Then the report says how many latents a linear VAE keeps.
        batch_size: how many images, at least 2. It matters only if the report says so.

    Returns:
        A report. Its attributes hold what it prints.

    Raises:
        TypeError: if ``loss`` is not callable, or another argument is of the wrong type.
        ValueError: if an argument is out of range, or the loss does not return a scalar.

    Source:
        The surviving latents are those of Lucas et al. (2019), section 4.

    Example:
        >>> import torch.nn.functional as F
        >>> def kl(mu, logvar):
        ...     return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(1)
        >>> def loss(x, x_hat, mu, logvar):  # the mean over the pixels, the sum over the latents
        ...     return F.mse_loss(x_hat, x) + kl(mu, logvar).mean()
        >>> report = explain_loss(loss, image_shape=(1, 28, 28), latent_dim=20)
        >>> report.family, round(report.sigma2, 6), report.kl
        ('squared', 392.0, 'right')

        Another order of arguments, or two functions, need a lambda; distributions need a wrapper:

        >>> from torch.distributions import Normal
        >>> from vaelosses import BetaVAELoss
        >>> theirs = BetaVAELoss(beta=4)  # (x, p, q) to a dictionary, as in nidl
        >>> report = explain_loss(
        ...     lambda x, x_hat, mu, logvar: theirs(x, x_hat, Normal(mu, (0.5 * logvar).exp()))["loss"],
        ...     image_shape=(1, 28, 28),
        ...     latent_dim=20,
        ... )
        >>> round(report.sigma2, 6), round(report.beta, 6)
        (4.0, 4.0)
    """
    if not callable(loss):
        raise TypeError(f"loss: got {type(loss).__name__}, expected a function of (x, x_hat, mu, logvar)")
    image = _read("image_shape", image_shape, _sizes, "positive sizes such as (1, 28, 28)")
    if not image or min(image) < 1:
        raise ValueError(f"image_shape: got {image}, expected positive sizes such as (1, 28, 28)")
    latent_dim = _read("latent_dim", latent_dim, operator.index, "a whole number")
    if latent_dim < 1:
        raise ValueError(f"latent_dim: got {latent_dim}, expected at least 1")
    batch_size = _read("batch_size", batch_size, operator.index, "a whole number")
    if batch_size < 2:
        raise ValueError(f"batch_size: got {batch_size}, expected at least 2")
    low, high = _read("pixel_range", pixel_range, _pair, "(lowest, highest)")
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"pixel_range: got {pixel_range}, expected (lowest, highest)")
    eigenvalues = None if eigenvalues is None else torch.as_tensor(eigenvalues)
    spectrum = None if eigenvalues is None else _spectrum(eigenvalues, image)
    found = gather(loss, Shape(batch_size, image, latent_dim), (low, high))
    if eigenvalues is not None:
        found.notes += _in_another_unit(eigenvalues, low, high)
    numbers = Numbers(found, spectrum)
    return Explanation(
        name=_name(loss),
        answer=answer(found, numbers),
        family=numbers.family,
        sigma2=numbers.sigma2,
        b=numbers.b,
        beta=numbers.beta,
        kl=found.divergence.verdict,
        reductions=numbers.reductions,
        separates=found.separates,
        bounded=numbers.bounded,
        scale=numbers.scale,
        constant=numbers.constant,
        surviving_latents=numbers.surviving_latents,
        findings=tuple(findings(found, numbers)),
        warnings=tuple(warnings(found, numbers)),
        code=code(numbers),
    )


def _read(name: str, given: object, read: Callable[[object], object], expected: str) -> object:
    try:
        return read(given)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: got {given!r}, expected {expected}") from None


def _sizes(given: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(operator.index, given))


def _pair(given: tuple[float, float]) -> tuple[float, float]:
    low, high = map(float, given)
    return low, high


def _name(loss: object) -> str:
    name = getattr(loss, "__name__", type(loss).__name__)
    return "This loss" if name == "<lambda>" else name


def _in_another_unit(given: Tensor, low: float, high: float) -> list[str]:
    """Say so if these are images with pixels that the loss does not get."""
    lowest, highest = given.min().item(), given.max().item()
    room = 0.01 * (high - low)
    if given.ndim == 1 or low - room <= lowest <= highest <= high + room:
        return []
    return [
        f"The images given as eigenvalues lie between {lowest:.4g} and {highest:.4g}, pixel_range is "
        f"({low:g}, {high:g}): if that is another unit, the surviving latents are not those of the loss."
    ]


def _spectrum(given: Tensor, image: tuple[int, ...]) -> Tensor:
    """Return the eigenvalues, of the covariance if these are images."""
    if given.ndim > 1:
        if given.shape[1:] != image:
            raise ValueError(f"eigenvalues: got images of shape {tuple(given.shape[1:])}, expected {image}")
        given = baselines.eigenvalues(given)
    if given.ndim != 1 or len(given) > math.prod(image) or not bool(given.isfinite().all()):
        raise ValueError(
            f"eigenvalues: got shape {tuple(given.shape)}, expected up to {math.prod(image)} finite numbers, "
            f"or images [N, {', '.join(map(str, image))}]"
        )
    return given
