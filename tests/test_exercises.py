"""Every key is found a second time, in exercise_keys; every mistake has its sentence."""

import importlib
import math
import pkgutil
from collections.abc import Callable
from itertools import combinations

import exercise_keys
import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli

from vaelosses.exercises import EXERCISES, CodeExercise, Exercise, check

NUMBERS = {name: item for name, item in EXERCISES.items() if isinstance(item, Exercise)}
FUNCTIONS = {name: item for name, item in EXERCISES.items() if isinstance(item, CodeExercise)}


def each_chapter(kind: str) -> dict[str, Callable]:
    """Gather one of the dictionaries of the files in exercise_keys."""
    return {
        f"{chapter.name}/{name}": entry
        for chapter in pkgutil.iter_modules(exercise_keys.__path__)
        for name, entry in getattr(importlib.import_module(f"exercise_keys.{chapter.name}"), kind).items()
    }


PROOFS: dict[str, Callable[[], float]] = each_chapter("PROOFS")
"""Of numbers: by quadrature, by a search or by an experiment with torch."""

SOLUTIONS = each_chapter("SOLUTIONS")
"""Of functions: by torch's own distributions, so each specification is found another way as well."""


@pytest.mark.parametrize("name", NUMBERS)
def test_key_is_found_another_way(name):
    assert PROOFS[name]() == pytest.approx(NUMBERS[name].key, rel=1e-4)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_right_function_passes(name):
    assert FUNCTIONS[name].feedback(SOLUTIONS[name]).startswith("Correct: ")


@pytest.mark.parametrize("name", NUMBERS)
def test_three_digits_are_enough_and_every_mistake_has_its_sentence(name):
    exercise = NUMBERS[name]
    assert exercise.feedback(float(f"{exercise.key:.3g}")) == f"Correct: {exercise.why}"
    for value, sentence in exercise.mistakes:
        assert exercise.feedback(float(f"{value:.3g}")) == f"Not yet: {sentence}"
    assert exercise.feedback(-exercise.key) == "Not yet: only the sign is wrong."
    assert exercise.feedback(1.7 * exercise.key) == f"Not yet: {exercise.hint}"


@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_near_two_answers(name):
    exercise = NUMBERS[name]
    answers = [exercise.key, -exercise.key, *(value for value, _ in exercise.mistakes)]
    for a, b in combinations(answers, 2):
        assert abs(a - b) > 0.01 * max(abs(a), abs(b)), (a, b)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_wrong_function_has_its_sentence(name):
    exercise = FUNCTIONS[name]
    for function, sentence in exercise.mistakes:
        assert exercise.feedback(function) == f"Not yet: {sentence}"


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_without_an_answer_runs(name, capsys):
    check(name, None)
    assert capsys.readouterr().out.startswith("Replace None by your ")


@pytest.mark.parametrize(
    "answer",
    [1 / 2, sp.Rational(1, 2), torch.tensor(0.5), torch.tensor(0.5, requires_grad=True), np.float32(0.5)],
)
@pytest.mark.filterwarnings("error")  # nbgrader takes a warning for a failure
def test_any_kind_of_number_is_an_answer(answer, capsys):
    check("reductions/sse", answer)
    assert capsys.readouterr().out == "Correct: SSE/(2σ²) has weight 1 at σ² = 1/2.\n"


@pytest.mark.parametrize(
    "answer", ["half", sp.Symbol("v"), torch.ones(2), torch.tensor(1j), [1], 1j, math.sin]
)
def test_what_is_no_number_gets_a_sentence(answer, capsys):
    check("reductions/sse", answer)
    assert "is one real number" in capsys.readouterr().out


def kl(loc: Tensor, scale: Tensor) -> Tensor:
    return (loc**2 + scale**2 - 1) / 2 - scale.log()


@pytest.mark.parametrize(
    ("function", "feedback"),
    [
        (3, "the answer is a function, and 3 is not."),
        (lambda loc: loc, "the call ends with TypeError: "),
        (lambda loc, scale: kl(loc, scale).sum(), "expected one number per point"),
        (lambda loc, scale: kl(loc, scale).float(), "expected a float64 tensor"),
        (lambda loc, scale: -kl(loc, scale), "only the sign is wrong."),
        (lambda loc, scale: 2 * kl(loc, scale), "the value is 2 times the right one"),
        (lambda loc, scale: kl(loc, scale) - 0.25, "the value is 0.25 too small at every point"),
        (lambda loc, scale: kl(loc, scale) + 0.25, "the value is 0.25 too large at every point"),
        (lambda loc, scale: kl(loc, scale) + (loc > 0.5) * 0.1, "At 12 of 16 points it is right"),
        (lambda loc, scale: kl(loc, scale) / (loc != 0), "At loc = 0.0, scale = 0.01 the value is"),
        (
            lambda loc, scale: kl(loc.detach(), scale),
            "the value is right, the gradient is not. At loc = -3.0, scale = 0.01 the d/dloc is 0 "
            "instead of -3. No gradient arrives",
        ),
        (
            lambda loc, scale: kl(loc, scale) + loc.abs() - loc.abs().detach(),
            "At loc = 0.2, scale = 0.01 the d/dloc is 1.2 instead of 0.2. At 4 of 16 points",
        ),
    ],
)
def test_feedback_says_which_part_is_wrong(function, feedback):
    assert feedback in FUNCTIONS["elbo/gaussian-kl"].feedback(function)


def test_a_constant_in_float32_is_forgiven():
    def optimal_sigma_loss(e: Tensor) -> Tensor:
        return (torch.log(torch.tensor(2 * math.pi * math.e)) + e.square().mean().log()) / 2

    exercise = FUNCTIONS["gaussian/optimal-sigma-loss"]
    assert exercise.feedback(optimal_sigma_loss).startswith("Correct: ")


@pytest.mark.parametrize(
    ("function", "feedback"),
    [
        (lambda e, x: e.exp().log1p() - e * x, "the value is inf instead of 800. At 24 of 27"),
        (
            lambda e, x: F.binary_cross_entropy(e.sigmoid(), x, reduction="none"),
            "the value is 100 instead of",
        ),
        (lambda e, x: -Bernoulli(probs=x).log_prob(e.sigmoid()), "ValueError"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_overflow_is_named(function, feedback):
    assert feedback in FUNCTIONS["bernoulli/bce-with-logits"].feedback(function)


@pytest.mark.parametrize(
    ("at_zero", "feedback"),
    [
        (lambda logits: logits + 5, "At logits = 0.0 the value is 5 instead of 0"),
        (lambda logits: logits / 0, "At logits = 0.0 the value is nan instead of 0"),
        (torch.zeros_like, "At logits = 0.0 the d/dlogits is 0 instead of 0.5"),
        (torch.relu, "At logits = 0.0 the d/dlogits is 0 instead of 0.5"),
        (lambda logits: logits.square().sqrt(), "At logits = 0.0 the d/dlogits is nan instead of 0.5"),
    ],
)
def test_the_one_point_of_0_over_0_is_looked_at(at_zero, feedback):
    right = SOLUTIONS["continuous_bernoulli/log-normaliser"]

    def function(logits: Tensor) -> Tensor:
        zero = logits == 0
        there = at_zero(torch.where(zero, logits, 0.0))
        return torch.where(zero, there, right(torch.where(zero, 1.0, logits)))

    assert feedback in FUNCTIONS["continuous_bernoulli/log-normaliser"].feedback(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda logits, counts: -(counts.detach() * logits.log_softmax(-1)).sum(-1),
        lambda logits, counts: -torch.where(counts > 0, counts * logits.log_softmax(-1), 0.0).sum(-1),
    ],
)
def test_the_gradient_by_data_does_not_count(function):
    assert FUNCTIONS["categorical/cross-entropy"].feedback(function).startswith("Correct: ")


@pytest.mark.parametrize(
    "function",
    [
        lambda x, h, m, s: (0.5 * (x - h).square().sum(-1)).mean() + kl_of(m, s).sum(1).mean(),
        lambda x, h, m, s: x.shape[-1] / 2 * F.mse_loss(h, x) + kl_of(m, s).sum(1).mean(),
        lambda x, h, m, s: 12 * F.mse_loss(h, x) + kl_of(m, s).sum(0).mean(),
        lambda x, h, m, s: 12 * F.mse_loss(h, x) + kl_of(m, s).sum() / m.shape[1],
        lambda x, h, m, s: 12 * F.mse_loss(h, x) + kl_of(m[0], s[0]).sum(),
        lambda x, h, m, s: 12 * F.mse_loss(h, x) + kl_of(m, s).clamp(min=0.1).sum(1).mean(),
        lambda x, h, m, s: 0.5 * ((x - h).flatten(1).sum(1) ** 2).mean() / 24 + kl_of(m, s).sum(1).mean(),
    ],
)
def test_a_repair_of_one_shape_is_none(function):
    assert FUNCTIONS["other_losses/repaired"].feedback(function).startswith("Not yet: ")


def kl_of(mu: Tensor, logvar: Tensor) -> Tensor:
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1)


def overflowing_normaliser(logits: Tensor) -> Tensor:
    """Right at 0, and infinite far from it."""
    half = torch.where(logits == 0, 1.0, logits / 2)
    return logits / 2 + torch.where(logits == 0, 0.0, torch.log(torch.sinh(half) / half))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("choosing/poisson-loss", lambda e, k: (e.exp() - k * e + torch.lgamma(k + 1)).detach()),
        ("beta_vae/tempered-posterior", lambda p, ll, b: torch.log((p + ll / b).softmax(1) + 1e-300)),
        ("continuous_bernoulli/log-normaliser", overflowing_normaliser),
        ("errata/log-sigma", lambda m, h: kl_of(m, 2 * h.clamp(-10, 2))),
        (
            "logistic_mixture/mix",
            lambda e, a, b: torch.logaddexp(e.sigmoid().log() + a, (-e).sigmoid().log() + b),
        ),
    ],
)
def test_what_holds_in_the_middle_only_is_refused(name, function):
    assert FUNCTIONS[name].feedback(function).startswith("Not yet: ")


@pytest.mark.parametrize(
    "probe",
    [
        lambda value: float(value),
        lambda value: np.full(1, value),
        lambda value: torch.tensor(value),
        lambda value: torch.tensor([value, 0.0]),
    ],
)
def test_a_loss_may_be_probed_with_any_number(probe):
    def implied_variance(loss: Callable[..., Tensor]) -> Tensor:
        zero, one = probe(0.0), probe(1.0)
        rest = loss(zero, zero, zero)
        return (loss(zero, zero, one) - rest) / (2 * (loss(zero, one, zero) - rest))

    assert FUNCTIONS["reductions/implied-variance"].feedback(implied_variance).startswith("Correct: ")


def test_a_batch_is_one_number():
    exercise = FUNCTIONS["gaussian/optimal-sigma-loss"]
    per_image = exercise.feedback(lambda e: e.square().mean(1).log())
    assert "expected one number for the whole batch, got [2]" in per_image
    assert "got float" in exercise.feedback(lambda e: e.square().mean().item())


def test_feedback_is_as_wide_as_code(capsys):
    check("elbo/gaussian-kl", kl)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 76


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(ValueError, match="no exercise 'elbo/typo': expected one of elbo/kl, "):
        check("elbo/typo", None)
