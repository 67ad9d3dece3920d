"""Is this a likelihood at all? A conformance test for anyone's distribution or loss."""

import inspect
import math
from collections.abc import Callable, Mapping
from numbers import Number

import torch
from torch import Tensor
from torch.distributions import Distribution

from ._checks import CHECKS, Subject
from ._report import Finding, Report

__all__ = ["Finding", "Report", "check_likelihood"]


def check_likelihood(
    likelihood: Distribution | Callable[..., Distribution | Tensor],
    *,
    parameters: Mapping[str, Tensor | float] | None = None,
    support: tuple[float, float] | None = None,
    values: Tensor | None = None,
    seed: int = 0,
) -> Report:
    """Check a distribution, or a loss that claims to be one, and say in words what is wrong with it.

    The mass is one, by quadrature or by summing all values. Samples follow ``log_prob``, and mean, variance,
    mode and median are its own. The score has mean zero and the gradient is that of finite differences.
    Float32 agrees with float64. Shapes are kept, by ``log_prob``, ``expand`` and ``Independent``. What an
    object lacks is "not checked", which is not a pass; what raises an error is a finding.

    Args:
        likelihood: a distribution in the style of ``torch.distributions``, with ``batch_shape == ()``. Or,
            with ``parameters``, a function that makes one of them: a class will do. Instead of a
            distribution it may return a function of a tensor ``[N]``, the log-probability; so a loss can be
            checked. Without ``parameters`` a function is that log-probability itself.
        parameters: numbers or tensors, passed by name. By default they are read from the distribution.
        support: lower and upper end of a density, instead of what the distribution says.
        values: all values of a discrete likelihood, ``[N]`` or ``[N, *event_shape]``, instead of what the
            distribution says.
        seed: of the samples. The caller's random state is left alone.

    Returns:
        A report; ``report.ok``, ``report.failures`` and ``report.findings`` hold what it prints.

    Raises:
        TypeError: if ``likelihood`` is neither a distribution nor a function, or ``parameters`` is no
            dictionary of numbers.
        ValueError: if it has a batch, or its support is neither given nor known.

    Example:
        >>> import torch.nn.functional as F
        >>> def loss_of(logits):  # binary cross-entropy on grey pixels
        ...     return lambda x: -F.binary_cross_entropy_with_logits(
        ...         logits.expand_as(x), x, reduction="none"
        ...     )
        >>> report = check_likelihood(loss_of, parameters={"logits": 4.0}, support=(0, 1))
        >>> [finding.check for finding in report.failures]
        ['mass', 'score']
        >>> print(report.failures[0].measured)
        0.241007
    """
    if support is not None and values is not None:
        raise ValueError("support, values: got both, expected one")
    if not callable(likelihood) and not hasattr(likelihood, "log_prob"):
        raise TypeError(f"likelihood: got {type(likelihood).__name__}, expected a distribution or a function")
    make, given = _constructor(likelihood, parameters)
    target = (
        make(**{name: torch.tensor(float(number)) for name, number in given.items()})
        if parameters
        else likelihood
    )
    batch_shape = tuple(getattr(target, "batch_shape", ()))
    if batch_shape:
        raise ValueError(f"likelihood: got batch_shape {batch_shape}, expected (): pass one distribution")
    subject = Subject(target, make, given, *_domain(target, support, values))
    findings = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, check in CHECKS.items():
            try:
                findings.append(check(subject))
            except Exception as error:  # a finding, whatever it is: the report must not be lost
                message = str(error).strip().splitlines() or [""]
                findings.append(
                    Finding(name, "FAIL", type(error).__name__, "no error", f"raised: {message[0]}")
                )
    return Report(_name(likelihood), tuple(findings))


def _name(likelihood: object) -> str:
    return getattr(likelihood, "__name__", type(likelihood).__name__)


def _constructor(
    likelihood: object, parameters: Mapping[str, Tensor | float] | None
) -> tuple[Callable[..., object] | None, dict[str, Tensor]]:
    """Return what makes such a likelihood from its parameters, and the parameters that it has."""
    if parameters is not None:
        if not isinstance(parameters, Mapping):
            raise TypeError(f"parameters: got {type(parameters).__name__}, expected a dictionary of numbers")
        for name, value in parameters.items():
            if not isinstance(value, (Tensor, Number)):
                raise TypeError(f"parameters: got {value!r} for {name!r}, expected a number or a tensor")
        return likelihood, {name: torch.as_tensor(value) for name, value in parameters.items()}
    if not hasattr(likelihood, "log_prob"):
        return None, {}
    accepted = inspect.signature(type(likelihood).__init__).parameters
    names = [name for name in getattr(likelihood, "arg_constraints", {}) if name in accepted]
    # Of two parametrisations one was given, and is in the instance; the other one is computed on demand.
    names = [name for name in names if name in vars(likelihood)] or names
    given = {name: torch.as_tensor(getattr(likelihood, name)) for name in names}
    fixed = {
        name: getattr(likelihood, name)
        for name in accepted
        if name not in given and isinstance(getattr(likelihood, name, None), (int, float, str))
    }

    def make(**tensors: Tensor) -> object:
        return type(likelihood)(**tensors, **fixed)

    return (make, given) if given else (None, {})


def _domain(
    target: object, support: tuple[float, float] | None, values: Tensor | None
) -> tuple[tuple[float, float] | None, Tensor | None]:
    """Return the interval of a density, or all values of a discrete likelihood."""
    if support is not None:
        return (float(support[0]), float(support[1])), None
    if values is not None:
        return None, values
    known = getattr(target, "support", None)
    if known is None:
        raise ValueError("support: got None and no support of the likelihood, expected (lower, upper)")
    if not known.is_discrete:
        lower, upper = getattr(known, "lower_bound", -math.inf), getattr(known, "upper_bound", math.inf)
        return (float(lower), float(upper)), None
    if getattr(target, "has_enumerate_support", False):
        return None, target.enumerate_support()
    lower = float(getattr(known, "lower_bound", -math.inf))
    if not math.isfinite(lower) or tuple(getattr(target, "event_shape", ())):
        raise ValueError(f"values: got None for {known}, expected all values of the discrete likelihood")
    # The integers from the lower end on, as long as they matter.
    values = lower + torch.arange(100_000, dtype=torch.float64)
    return None, values[target.log_prob(values) > -80]
