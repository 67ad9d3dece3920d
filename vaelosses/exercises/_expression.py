"""The exercise that asks for a sympy expression."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

_UNDONE = (sp.Derivative, sp.Integral, sp.Limit, sp.Product, sp.Sum)


@dataclass(frozen=True)
class ExpressionExercise:
    """A question whose answer is a sympy expression, right in any form that is equal to the key.

    Both are evaluated at random points, so `D/2`, `0.5*D` and `(D**2 + D)/(2*D + 2)` are one answer.
    Symbols are told apart by their names alone.

    Attributes:
        question: What is asked, in one line.
        key: The right answer.
        why: What is said after the right answer.
        mistakes: Wrong answers, each with the sentence that names the mistake.
        hint: What is said after any other answer.
    """

    question: str
    key: sp.Expr
    why: str
    mistakes: Sequence[tuple[sp.Expr, str]]
    hint: str

    def feedback(self, answer: object) -> str:
        """One sentence or two for the student."""
        if answer is None:
            return "Replace None by your expression and run the cell again."
        try:
            expression = sp.sympify(answer, strict=True)
        except (sp.SympifyError, TypeError, ValueError):
            expression = None
        if not isinstance(expression, sp.Expr) or expression.is_Matrix:
            return f"Not yet: the answer is one sympy expression, and {answer!r} is not."
        if undone := expression.atoms(*_UNDONE):
            return f"Not yet: carry out the {type(undone.pop()).__name__.lower()} in your answer."
        used = {symbol.name for symbol in expression.free_symbols}
        if other := used - set(self._names):
            names = " and ".join(self._names) or "a number"
            return f"Not yet: {', '.join(sorted(other))} cannot be in the answer, only {names} can."
        said = self._compare(self._values(expression))
        lost = " and no ".join(sorted({symbol.name for symbol in self.key.free_symbols} - used))
        if lost and said.endswith(self.hint):
            said += f" Your answer has no {lost}: has a cell overwritten it?"
        return said

    @property
    def _names(self) -> list[str]:
        """What the symbols of the key, and of the mistakes, are called."""
        expressions = [self.key, *(sp.sympify(mistake) for mistake, _ in self.mistakes)]
        return sorted({symbol.name for expression in expressions for symbol in expression.free_symbols})

    def _compare(self, got: np.ndarray) -> str:
        exact = self._values(self.key)
        if not np.isfinite(got).all():
            return "Not yet: your answer has no real value at some points."
        if _equal(got, exact):
            return f"Correct: {self.why}"
        for mistake, sentence in [*self.mistakes, (-self.key, "only the sign is wrong.")]:
            if _equal(got, self._values(sp.sympify(mistake))):
                return f"Not yet: {sentence}"
        if _equal(got * exact, 1):
            return "Not yet: that is one over the right answer."
        # Of a key without symbols every number is a multiple, and the factor would give it away.
        if self.key.free_symbols and _equal(got / exact, got[0] / exact[0]):
            return f"Not yet: your answer is {got[0] / exact[0]:.4g} times the right one. {self.hint}"
        return f"Not yet: {self.hint}"

    def _values(self, expression: sp.Expr) -> np.ndarray:
        """The expression at random points; NaN where it is not a real number."""
        draw = random.Random(0)
        points = [{name: sp.Float(draw.uniform(0.5, 3), 30) for name in self._names} for _ in range(5)]
        values = [
            expression.subs({symbol: point[symbol.name] for symbol in expression.free_symbols}).evalf(30)
            for point in points
        ]
        return np.array(
            [float(value) if value.is_Float or value.is_Rational else math.nan for value in values]
        )


def _equal(a: np.ndarray, b: np.ndarray | float) -> bool:
    return np.allclose(a, b, rtol=1e-6, atol=0)
