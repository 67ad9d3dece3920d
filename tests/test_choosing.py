"""Exercises whose answer is a head: right heads pass, wrong ones are priced; the price is a code length."""

import pytest
import torch
from scipy import stats

import vaelosses as vl
from vaelosses.exercises import EXERCISES, ChoiceExercise, price

CHOICES = {name: item for name, item in EXERCISES.items() if isinstance(item, ChoiceExercise)}
RIGHT = {
    "choosing/sensor": [vl.CensoredNormalHead(), vl.DiscretizedNormalHead()],
    "choosing/four-bits": [vl.DiscretizedLogisticHead(num_levels=16), vl.CategoricalHead(num_levels=16)],
    "choosing/outliers": [vl.StudentTHead(), vl.StudentTHead(df="shared")],
}
WRONG = {
    "choosing/sensor": [vl.GaussianHead(), vl.LogitNormalHead(squeeze=1e-3)],
    "choosing/four-bits": [vl.ContinuousBernoulliHead(), vl.LaplaceHead(scale=1.0)],
    "choosing/outliers": [vl.GaussianHead(), vl.LaplaceHead()],
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_right_head_passes(name):
    for head in RIGHT[name]:
        assert CHOICES[name].feedback(head) == f"Correct: {CHOICES[name].why}"


@pytest.mark.parametrize("name", CHOICES)
def test_a_wrong_head_is_told_its_price(name):
    for head in WRONG[name]:
        feedback = CHOICES[name].feedback(head)
        assert "bits per value more than it has to." in feedback
        sentence = CHOICES[name].mistakes.get(type(head).__name__, CHOICES[name].hint)
        assert feedback.endswith(sentence)


@pytest.mark.parametrize("head", [vl.DiscretizedLogisticHead(), vl.CategoricalHead()])
def test_the_number_of_levels_counts(head):
    feedback = CHOICES["choosing/four-bits"].feedback(head)
    assert feedback.endswith("has 256 levels, and the values lie on 16: say so.")


def test_a_right_family_with_wrong_arguments():
    feedback = CHOICES["choosing/sensor"].feedback(vl.CensoredNormalHead(scale=0.05))
    assert feedback.endswith("The family is right: look at its arguments.")


@pytest.mark.parametrize("name", CHOICES)
def test_the_mistakes_are_heads(name):
    assert all(hasattr(vl, head) for head in CHOICES[name].mistakes)


@pytest.mark.parametrize(
    ("answer", "feedback"),
    [
        (vl.BernoulliHead(), "BernoulliHead refuses some of these values: they are outside of its support."),
        (vl.GaussianHead(scale="optimal"), 'take scale="shared"'),
        (vl.RGBLogisticMixtureHead(), "RGBLogisticMixtureHead refuses some of these values: "),
        (vl.GaussianHead, "the answer is a head such as GaussianHead()"),
        ("gaussian", "the answer is a head such as GaussianHead()"),
    ],
)
def test_what_is_no_answer_gets_a_sentence(answer, feedback):
    assert feedback in CHOICES["choosing/sensor"].feedback(answer)


def test_the_price_of_a_coin_is_its_entropy():
    x = (torch.arange(1000) < 300).float()
    assert price(vl.BernoulliHead(), x, num_levels=2) == pytest.approx(
        stats.bernoulli(0.3).entropy() / torch.log(torch.tensor(2.0)).item(), abs=1e-3
    )


def test_the_price_of_a_gaussian_is_its_entropy():
    x = torch.from_numpy(stats.norm(0.5, 0.3).ppf((torch.arange(2000) + 0.5) / 2000)).float()
    exact = stats.norm(x.mean().item(), x.std(correction=0).item()).entropy() / torch.log(torch.tensor(2.0))
    assert price(vl.GaussianHead(), x) == pytest.approx(exact.item(), abs=1e-3)


def test_the_price_leaves_the_head_and_the_random_state_alone():
    head, x = vl.GaussianHead(), torch.rand(50)
    state = torch.get_rng_state()
    price(head, x, steps=3)
    assert head.raw_scale.item() == 0
    assert torch.equal(state, torch.get_rng_state())
