"""Exercises that check themselves, and tell the usual mistakes apart.

There is one module per chapter, and an exercise is named `chapter/exercise`.
"""

import importlib
import pkgutil
from textwrap import fill

from ._choice import ChoiceExercise, price
from ._expression import ExpressionExercise
from ._kinds import CodeExercise, Exercise

__all__ = [
    "EXERCISES",
    "ChoiceExercise",
    "CodeExercise",
    "Exercise",
    "ExpressionExercise",
    "check",
    "price",
    "require",
]

AnyExercise = Exercise | ExpressionExercise | CodeExercise | ChoiceExercise

EXERCISES: dict[str, AnyExercise] = {
    f"{chapter.name}/{name}": exercise
    for chapter in pkgutil.iter_modules(__path__)
    if not chapter.name.startswith("_")
    for name, exercise in importlib.import_module(f"{__name__}.{chapter.name}").EXERCISES.items()
}


def check(name: str, answer: object) -> None:
    """Prints whether an answer is right, and if not, what may have gone wrong.

    A number counts as right within 0.5%, so three significant digits are enough. A function must
    agree with the derivation, in value and in gradient, within a relative 1e-6. A head must cost no more
    bits than the best one, up to a margin.

    Args:
        name: A key of `EXERCISES`, such as "reductions/sse".
        answer: A number (a tensor or a sympy number too), the function or the head that the
            exercise asks for; None is no answer yet.

    Raises:
        ValueError: There is no such exercise.

    Example:
        >>> check("reductions/sse", None)
        Replace None by your answer and run the cell again.
        >>> check("reductions/sse", 0.5)
        Correct: SSE/(2σ²) has weight 1 at σ² = 1/2.
        >>> check("elbo/gaussian-kl", lambda loc, scale: (loc**2 + scale**2) / 2 - scale.log())
        Not yet: the value is 0.5 too large at every point. Look at the constant
        terms.
    """
    if name not in EXERCISES:
        chapter = name.partition("/")[0]
        known = [key for key in EXERCISES if key.startswith(f"{chapter}/")] or EXERCISES
        raise ValueError(f"there is no exercise {name!r}: expected one of {', '.join(known)}")
    print(fill(EXERCISES[name].feedback(answer), width=76))  # as wide as code in a chapter


def require(exercise: AnyExercise, answer: object) -> None:
    """Asserts that an answer is right. This is how the tests of an assignment ask.

    Args:
        exercise: The question, with its key.
        answer: What the student has found.

    Raises:
        AssertionError: The answer is wrong, or missing; the message is the feedback.

    Example:
        >>> from sympy import Symbol
        >>> square = ExpressionExercise("The square of n", Symbol("n") ** 2, "n times n.", [], "try n = 3.")
        >>> require(square, Symbol("n") * Symbol("n"))
        >>> require(square, 2 * Symbol("n"))
        Traceback (most recent call last):
        AssertionError: try n = 3.
    """
    verdict = exercise.feedback(answer)
    if not verdict.startswith("Correct: "):
        raise AssertionError(verdict.removeprefix("Not yet: "))
