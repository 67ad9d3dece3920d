"""Two kinds of exercise: one asks for a number, the other for a function."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from torch import Tensor

from ..symbolic import Comparison, Point, compare

_TOLERANCE = 5e-3  # what rounding to three significant digits can change
_CODE_TOLERANCE = 1e-6  # forgives a constant in float32, and no more

Function = Callable[..., object]


@dataclass(frozen=True)
class Exercise:
    """A question whose answer is a number.

    Attributes:
        question: What is asked, in one line.
        key: The right answer.
        why: What is said after the right answer.
        mistakes: Wrong answers, each with the sentence that names the mistake.
        hint: What is said after any other answer.
    """

    question: str
    key: float
    why: str
    mistakes: Sequence[tuple[float, str]]
    hint: str

    def feedback(self, answer: object) -> str:
        """One sentence for the student."""
        if answer is None:
            return "Replace None by your answer and run the cell again."
        try:
            number = float(answer.detach() if isinstance(answer, Tensor) else answer)
        except (TypeError, ValueError, RuntimeError):
            return f"Not yet: the answer is one real number, and {answer!r} is not."
        if _near(number, self.key):
            return f"Correct: {self.why}"
        for value, sentence in [*self.mistakes, (-self.key, "only the sign is wrong.")]:
            if _near(number, value):
                return f"Not yet: {sentence}"
        return f"Not yet: {self.hint}"


@dataclass(frozen=True)
class CodeExercise:
    """A question whose answer is a function.

    Attributes:
        question: What is asked, in one line.
        expression: What the function computes, as in `symbolic.assert_implements`.
        symbols: The symbols of the expression.
        points: Where it is tried.
        why: What is said after the right answer.
        mistakes: Wrong functions, each with the sentence that names the mistake.
        adapt: Makes the function that is asked for an elementwise one of the symbols.
        with_gradient: Whether the gradient counts.
        data: Those of the symbols that are data: the gradient by them does not count.
    """

    question: str
    expression: sp.Expr
    symbols: Sequence[sp.Symbol]
    points: Sequence[Point]
    why: str
    mistakes: Sequence[tuple[Function, str]] = ()
    adapt: Callable[[Function], Callable[..., Tensor]] = lambda function: function
    with_gradient: bool = True
    data: Sequence[sp.Symbol] = ()

    def feedback(self, answer: object) -> str:
        """One sentence or two for the student."""
        if answer is None:
            return "Replace None by your function and run the cell again."
        if not callable(answer):
            return f"Not yet: the answer is a function, and {answer!r} is not."
        try:
            value, *gradients = self._compare(answer)
        except Exception as error:  # whatever a student's function raises is feedback, not a crash
            return f"Not yet: the call ends with {type(error).__name__}: {error}"
        if _wrong(value).any():
            return f"Not yet: {self._diagnose(value)}"
        for symbol, gradient in zip(self.symbols, gradients, strict=True) if self.with_gradient else []:
            if symbol not in self.data and _wrong(gradient).any():
                return f"Not yet: the value is right, the gradient is not. {_describe(gradient)}"
        what = "value and gradient agree" if self.with_gradient else "the numbers agree"
        return f"Correct: {what} with the derivation at {len(value.error)} points. {self.why}"

    def _compare(self, function: Function) -> list[Comparison]:
        return compare(self.expression, self.symbols, self.adapt(function), self.points)

    def _diagnose(self, value: Comparison) -> str:
        got, exact = value.got, value.exact
        if not np.isfinite(got).all():
            return _describe(value)
        for function, sentence in self.mistakes:
            if _equal(got, self._compare(function)[0].got):
                return sentence
        constant = (got - exact)[0]
        if _equal(got - exact, constant):
            much = f"{abs(constant):.4g} too {'large' if constant > 0 else 'small'}"
            return f"the value is {much} at every point. Look at the constant terms."
        factor = np.dot(got, exact) / np.dot(exact, exact)
        if _equal(got, -exact):
            return "only the sign is wrong."
        if _equal(got, factor * exact):
            return f"the value is {factor:.4g} times the right one at every point."
        return _describe(value)


def _near(number: float, value: float) -> bool:
    return math.isclose(number, value, rel_tol=_TOLERANCE, abs_tol=1e-9)


def _equal(a: np.ndarray, b: np.ndarray | float) -> bool:
    return np.allclose(a, b, rtol=_CODE_TOLERANCE, atol=1e-9)


def _wrong(comparison: Comparison) -> np.ndarray:
    return comparison.error > _CODE_TOLERANCE


def _describe(comparison: Comparison) -> str:
    """Where it is worst, and how many points are right."""
    got, exact, error = comparison.got, comparison.exact, comparison.error
    worst = int(np.argmax(error))
    text = (
        f"At {comparison.places[worst]} the {comparison.quantity} is {got[worst]:.7g} "
        f"instead of {exact[worst]:.7g}."
    )
    if comparison.quantity != "value" and not got.any():
        return f"{text} No gradient arrives: is there a detach, an item or a no_grad on its way?"
    if right := int((~_wrong(comparison)).sum()):
        return f"{text} At {right} of {len(error)} points it is right."
    return text
