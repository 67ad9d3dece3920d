"""An answer in sympy is right in every form that is equal to the key."""

import numpy as np
import pytest
import sympy as sp
import torch

from vaelosses.exercises import ExpressionExercise, require

D, d = sp.symbols("D d", positive=True)
QUESTION = ExpressionExercise(
    question="β of two means",
    key=D / (2 * d),
    why="because.",
    mistakes=[(D / d, "the half is lost."), (1, "means do not cancel."), (D / sp.Symbol("w"), "no w here.")],
    hint="think again.",
)
NUMBER = ExpressionExercise("a half", sp.Rational(1, 2), "it is.", [], "less than one.")


@pytest.mark.parametrize(
    "answer",
    [
        D / d / 2,
        0.5 * D / d,
        (D**2 + D) / (2 * d * (D + 1)),
        sp.exp(sp.log(D) - sp.log(2 * d)),
        sp.Symbol("D") / sp.Symbol("d", real=True) / 2,
        sp.sqrt(D**2) / sp.Mul(2, d, evaluate=False),
    ],
)
def test_every_equal_form_is_right(answer: sp.Expr) -> None:
    assert QUESTION.feedback(answer) == "Correct: because."
    require(QUESTION, answer)


@pytest.mark.parametrize("answer", [0.5, sp.Rational(1, 2), np.float64(0.5), sp.cos(sp.pi / 3)])
def test_every_kind_of_number_is_right(answer: object) -> None:
    assert NUMBER.feedback(answer) == "Correct: it is."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "Replace None by your expression"),
        (D / d, "the half is lost."),
        (1, "means do not cancel."),
        (-D / (2 * d), "only the sign is wrong."),
        (2 * d / D, "that is one over the right answer."),
        (3 * D / d, "your answer is 6 times the right one. think again."),
        (D / (2 * d) + 1e-6, "think again."),
        (D * d, "think again."),
        (sp.log(-D), "no real value"),
        (1 / (D - D), "no real value"),
        (D / sp.Symbol("B"), "B cannot be in the answer, only D and d and w can."),
        (D / sp.Symbol("w", positive=True), "no w here."),
        (1e-12 * D, "think again."),
        (sp.Function("f")(D), "no real value"),
        (sp.Integral(1 / d, (sp.Symbol("t"), 0, D / 2)), "carry out the integral"),
        ("D/(2*d)", "is one sympy expression"),
        (sp.Eq(d, D), "is one sympy expression"),
        (sp.Matrix([D / (2 * d)]), "is one sympy expression"),
        (torch.ones(2), "is one sympy expression"),
        ([D / (2 * d)], "is one sympy expression"),
    ],
)
def test_feedback_names_the_mistake(answer: object, sentence: str) -> None:
    assert sentence in QUESTION.feedback(answer)
    with pytest.raises(AssertionError, match=r"^(?!Not yet)"):
        require(QUESTION, answer)


def test_a_wrong_number_does_not_give_the_right_one_away() -> None:
    exercise = ExpressionExercise("A number?", sp.Rational(2, 7), why="so.", mistakes=[], hint="look again.")
    assert exercise.feedback(sp.Rational(1, 7)) == "Not yet: look again."
    assert exercise.feedback(sp.Rational(2, 7)) == "Correct: so."


def test_a_lost_symbol_is_named() -> None:
    """A student writes D = 784 in a cell of their own, and the answer is a number."""
    exercise = ExpressionExercise("σ²?", D / 2, why="so.", mistakes=[], hint="look again.")
    said = exercise.feedback(sp.Integer(392))
    assert said == "Not yet: look again. Your answer has no D: has a cell overwritten it?"
    assert "overwritten" not in exercise.feedback(D**2)
