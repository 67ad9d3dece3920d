"""The bridge from derivation to code: a sympy expression specifies a torch function."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import SupportsFloat

import mpmath
import numpy as np
import sympy as sp
import torch
from torch import Tensor

Point = SupportsFloat | tuple[SupportsFloat, ...]

# Decimal digits, tried in turn until two neighbours agree. 350 digits hold 1 + 5e-324, hence the
# sum of any two float64 numbers; the later ones are for intermediate results below that range.
_DIGITS = (50, 350, 700, 1400, 2800, 5600)


@dataclass(frozen=True)
class Comparison:
    """One quantity, the value or a partial derivative, at all points: float64 arrays [points]."""

    quantity: str
    places: list[str]
    exact: np.ndarray
    got: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """What `assert_implements` returns; it prints what was checked, not the last measured digit."""

    points: int
    gradients: int
    rtol: float
    worst_error: float = field(repr=False)

    def __repr__(self) -> str:
        gradients = f"{self.gradients} gradient{'s' * (self.gradients != 1)}"
        points = f"{self.points} point{'s' * (self.points != 1)}"
        return f"value and {gradients} agree with the derivation at {points} within {self.rtol:g}"


def assert_implements(
    expression: sp.Expr,
    symbols: Sequence[sp.Symbol],
    implementation: Callable[..., Tensor],
    points: Iterable[Point],
    *,
    rtol: float = 1e-12,
) -> Agreement:
    """Asserts that torch code computes a sympy expression and its gradient.

    The value and the autograd gradient with respect to every symbol are compared with the
    expression and its sympy derivatives, evaluated by mpmath at the very float64 numbers that the
    implementation receives, with as many digits as it takes.

    With `f` the value or a derivative, an implementation may be wrong by `rtol` times
    `|f| + sum_i |x_i df/dx_i|`: code that rounds its inputs can do no better, and code that loses
    a tail does not pass. Where that sum is below 0.001, 0.001 takes its place: terms of order one
    may cancel to zero.

    Args:
        expression: Real expression. A `Piecewise` is differentiated branch by branch: leave out
            a point that has a branch of its own.
        symbols: The symbols of the expression, in the order of the implementation's arguments.
        implementation: Elementwise function of one float64 tensor [points] per symbol.
        points: One tuple of numbers per point, in the order of `symbols`; for a single symbol
            plain numbers. Exact numbers (sympy, fractions) are rounded to float64 first.
        rtol: Largest error allowed, relative as above.

    Returns:
        The numbers of points and of gradients; the attribute `worst_error` is the largest error.

    Raises:
        AssertionError: The implementation differs; the message shows where and by how much.
        ValueError: The expression has no finite real value at a point, or a shape is wrong.
        TypeError: The implementation does not return a float64 tensor.

    Example:
        >>> import sympy as sp, torch
        >>> x = sp.Symbol("x")
        >>> assert_implements(sp.log(1 + sp.exp(x)), [x], torch.nn.functional.softplus, [-3, 0, 3])
        value and 1 gradient agree with the derivation at 3 points within 1e-12
    """
    comparisons = compare(expression, symbols, implementation, points)
    worst = max(comparison.error.max() for comparison in comparisons)
    if worst > rtol:
        verdicts = [_verdict(comparison, rtol) for comparison in comparisons]
        raise AssertionError("\n".join(["The code is not the expression.", *verdicts]))
    return Agreement(len(comparisons[0].error), len(symbols), rtol, float(worst))


def compare(
    expression: sp.Expr,
    symbols: Sequence[sp.Symbol],
    implementation: Callable[..., Tensor],
    points: Iterable[Point],
) -> list[Comparison]:
    """Compares value and gradients as `assert_implements` does, and returns what it finds.

    Args:
        expression: As in `assert_implements`.
        symbols: As in `assert_implements`.
        implementation: As in `assert_implements`.
        points: As in `assert_implements`.

    Returns:
        One comparison for the value, then one per symbol. Where the implementation is not a
        number, the error is infinite; where autograd finds no path, the gradient is zero.

    Raises:
        ValueError: As in `assert_implements`.
        TypeError: As in `assert_implements`.
    """
    inputs = _float64(points, symbols)
    exact, scale = _oracle(expression, tuple(symbols), tuple(map(tuple, inputs.tolist())))
    got = _value_and_gradients(implementation, inputs)
    error = np.abs(got - exact) / np.maximum(scale, 1e-3)
    error = np.where(np.isnan(error), np.inf, error)
    quantities = ["value", *(f"d/d{symbol}" for symbol in symbols)]
    places = [_place(symbols, point) for point in inputs]
    return [
        Comparison(quantity, places, *row)
        for quantity, *row in zip(quantities, exact, got, error, strict=True)
    ]


def _float64(points: Iterable[Point], symbols: Sequence[sp.Symbol]) -> np.ndarray:
    rows = [point if isinstance(point, tuple) else (point,) for point in points]
    if not rows:
        raise ValueError("points is empty: expected at least one point")
    for row in rows:
        if len(row) != len(symbols):
            raise ValueError(f"point {row} has {len(row)} numbers: expected one for each {symbols}")
    return np.array([[float(number) for number in row] for row in rows])


@lru_cache(maxsize=32)  # an answer is often checked again, and beside every mistake that has a name
def _oracle(
    expression: sp.Expr, symbols: tuple[sp.Symbol, ...], points: tuple[tuple[float, ...], ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Exact value and gradients, and the scale of each: two arrays [1 + symbols, points]."""
    inputs = np.array(points)
    unknown = expression.free_symbols - set(symbols)
    if unknown:
        raise ValueError(f"expression contains {unknown}: expected only {list(symbols)}")
    # sympy splits the derivative of abs() into real and imaginary parts unless told otherwise.
    real = [s if s.is_extended_real else sp.Dummy(s.name, real=True) for s in symbols]
    expression = expression.xreplace(dict(zip(symbols, real, strict=True)))
    quantities = [expression, *(sp.diff(expression, symbol) for symbol in real)]
    slopes = [sp.diff(quantity, symbol) for quantity in quantities for symbol in real]
    # The slope of a jump is infinite on the jump only, and zero beside it.
    slopes = [slope.replace(sp.DiracDelta, lambda *_: sp.Integer(0)) for slope in slopes]
    evaluate = sp.lambdify(real, [*quantities, *slopes], "mpmath")

    results = np.stack([_evaluate(evaluate, symbols, point) for point in inputs])
    exact, slope = np.split(results, [len(quantities)], axis=1)
    slope = slope.reshape(len(inputs), len(quantities), len(symbols))
    scale = np.abs(exact) + np.abs(slope * inputs[:, None]).sum(-1)
    return exact.T, scale.T


def _evaluate(evaluate: Callable[..., list], symbols: Sequence[sp.Symbol], point: np.ndarray) -> np.ndarray:
    """The numbers on which two precisions agree to 25 digits."""
    previous: list[mpmath.mpc] = []
    problem = "its digits do not settle"
    for digits in _DIGITS:
        with mpmath.workdps(digits):
            try:
                numbers = [mpmath.mpmathify(number) for number in evaluate(*map(mpmath.mpf, point))]
            except (ArithmeticError, ValueError):
                numbers = [mpmath.nan]
            if not all(map(mpmath.isfinite, numbers)):  # log(0), say: more digits may help
                previous, problem = [], "it is infinite or undefined"
                continue
            if previous and all(map(_agree, previous, numbers)):
                result = np.array([complex(number) for number in numbers])
                if np.isfinite(result).all() and (result.imag == 0).all():
                    return result.real
                problem = "it is complex or exceeds float64"
                break
            previous = numbers
    place = _place(symbols, point)
    raise ValueError(f"expression or its gradient has no real number at {place}: {problem}")


def _agree(a: mpmath.mpc, b: mpmath.mpc) -> bool:
    return abs(a - b) <= 1e-25 * abs(b) + mpmath.mpf("1e-330")  # far below the smallest float64


def _value_and_gradients(implementation: Callable[..., Tensor], inputs: np.ndarray) -> np.ndarray:
    arguments = [torch.tensor(column, requires_grad=True) for column in inputs.T]
    value = implementation(*arguments)
    if not isinstance(value, Tensor) or value.dtype != torch.float64:
        given = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"implementation returned {given}: expected a float64 tensor, as the arguments are")
    if value.shape != arguments[0].shape:
        raise ValueError(
            f"implementation returned shape {list(value.shape)} for arguments of shape "
            f"{list(arguments[0].shape)}: expected one number per point, without reduction"
        )
    gradients: Sequence[Tensor] = [torch.zeros_like(value)] * len(arguments)
    if value.requires_grad:
        gradients = torch.autograd.grad(value.sum(), arguments, allow_unused=True, materialize_grads=True)
    return torch.stack([value, *gradients]).detach().numpy()


def _verdict(comparison: Comparison, rtol: float) -> str:
    error = comparison.error
    wrong = int((error > rtol).sum())
    if not wrong:
        return f"{comparison.quantity} agrees at all {len(error)} points"
    worst = int(np.argmax(error))
    return (
        f"{comparison.quantity} differs at {wrong} of {len(error)} points, "
        f"most at {comparison.places[worst]}\n"
        f"  got   {float(comparison.got[worst])!r}\n"
        f"  exact {float(comparison.exact[worst])!r}\n"
        f"  relative error {error[worst]:.1e}"
    )


def _place(symbols: Sequence[sp.Symbol], point: np.ndarray) -> str:
    numbers = zip(symbols, point, strict=True)
    return ", ".join(f"{symbol} = {float(number)!r}" for symbol, number in numbers)
