"""Every key is found a second time, by quadrature, by a search or by an experiment with torch."""

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from scipy import integrate, optimize, stats
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from vaelosses.exercises import EXERCISES, CodeExercise, Exercise, check

NUMBERS = {name: item for name, item in EXERCISES.items() if isinstance(item, Exercise)}
FUNCTIONS = {name: item for name, item in EXERCISES.items() if isinstance(item, CodeExercise)}

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of pixels, their means, and the KL of each latent."""


def integral(function: Callable[[float], float], lower: float = -30, upper: float = 30) -> float:
    return integrate.quad(function, lower, upper, epsabs=1e-11, limit=500)[0]


def divergence(q: stats.rv_continuous, p: stats.rv_continuous) -> float:
    return integral(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -12, 12)


class OnePixel:
    """z ~ N(0, 1) and x | z ~ N(z, 1), at x = 1; all integrals over z are quadratures."""

    prior = stats.norm(0, 1)

    @classmethod
    def moment(cls, power: int) -> float:
        return integral(lambda z: z**power * cls.prior.pdf(z) * stats.norm.pdf(1, z, 1))

    @classmethod
    def posterior(cls) -> stats.rv_continuous:
        evidence, first, second = map(cls.moment, range(3))
        mean = first / evidence
        return stats.norm(mean, math.sqrt(second / evidence - mean**2))

    @classmethod
    def excess(cls, q: stats.rv_continuous, beta: float) -> float:
        """E_q log p(x | z) - beta KL(q || p(z)) - log p(x)."""
        fit = integral(lambda z: q.pdf(z) * stats.norm.logpdf(1, z, 1), -12, 12)
        return fit - beta * divergence(q, cls.prior) - math.log(cls.moment(0))


def slopes(loss: Loss, pixels: int, latents: int) -> np.ndarray:
    """What one pixel's error and one latent's KL weigh in the gradient of a loss."""
    x = torch.zeros(pixels, dtype=torch.float64)
    x_hat = torch.rand_like(x).requires_grad_()
    kl = torch.rand(latents, dtype=torch.float64, requires_grad=True)
    by_pixel, by_kl = torch.autograd.grad(loss(x, x_hat, kl), [x_hat, kl])
    return np.array([(by_pixel[0] / x_hat[0]).item(), by_kl[0].item()])


def parameter(vae: Callable[[float], Loss], written: Loss, pixels: int, latents: int = 1) -> float:
    """The parameter with which a VAE's loss points in the direction of the written loss."""
    target = slopes(written, pixels, latents)

    def mismatch(log_parameter: float) -> float:
        ratio = slopes(vae(math.exp(log_parameter)), pixels, latents) / target
        return math.log(ratio[0] / ratio[1])

    return math.exp(optimize.brentq(mismatch, -12, 12, xtol=1e-12))


def with_variance(v: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, math.sqrt(v)).log_prob(x).sum() + kl.sum()


def with_beta(beta: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, 1).log_prob(x).sum() + beta * kl.sum()


def with_beta_norm(beta: float) -> Loss:
    return lambda x, x_hat, kl: -Normal(x_hat, 1).log_prob(x).mean() + beta * kl.mean()


def linear_vae(eigenvalues: list[float], k: int, beta: float, v: float | None = None) -> tuple:
    """Weights and variance of a linear beta-VAE in the eigenbasis, by a search over all of it.

    Per direction: decoder x | z ~ N(w z, v), encoder z | x ~ N(m x, s).
    """
    learned = v is None
    kept, rest = np.array(eigenvalues[:k]), np.array(eigenvalues[k:])

    def loss(parameters: np.ndarray) -> float:
        w, m, log_s = parameters[:-1].reshape(3, k)
        log_v = parameters[-1] if learned else math.log(v)
        square = (kept * (1 - w * m) ** 2 + w**2 * np.exp(log_s)).sum() + rest.sum()
        kl = (kept * m**2 + np.exp(log_s) - 1 - log_s).sum() / 2
        return square * math.exp(-log_v) / 2 + len(eigenvalues) * log_v / 2 + beta * kl

    start = np.concatenate([np.full(k, 0.9), np.full(k, 0.5), np.full(k, -1.0), [-0.5]])
    best = optimize.minimize(loss, start, options={"gtol": 1e-9, "maxiter": 5000}).x
    return best[:k], math.exp(best[-1])


def gaussian_nll(residuals: list[float], log_sigma: float) -> float:
    return -stats.norm.logpdf(residuals, scale=math.exp(log_sigma)).sum()


def bce(x: float, p: float) -> float:
    return -stats.bernoulli.logpmf(1, p) * x - stats.bernoulli.logpmf(0, p) * (1 - x)


def lowest(function: Callable[[float], float], lower: float, upper: float) -> tuple[float, float]:
    found = optimize.minimize_scalar(
        function, bounds=(lower, upper), method="bounded", options={"xatol": 1e-10}
    )
    return found.x, found.fun


def excess_of_wrong_variance() -> float:
    def mean_nll(v: float) -> float:
        data, model = stats.norm(0, 0.1), stats.norm(0, math.sqrt(v))
        return integral(lambda e: -data.pdf(e) * model.logpdf(e), -1.5, 1.5)

    return mean_nll(0.5) - lowest(mean_nll, 1e-3, 1)[1]


def second_derivative(function: Callable[[float], float], at: float, step: float = 1e-4) -> float:
    return (function(at - step) - 2 * function(at) + function(at + step)) / step**2


PROOFS: dict[str, Callable[[], float]] = {
    "elbo/kl": lambda: divergence(stats.norm(1, 0.5), stats.norm(0, 1)),
    "elbo/kl-reversed": lambda: divergence(stats.norm(0, 1), stats.norm(1, 0.5)),
    "elbo/gap": lambda: -OnePixel.excess(stats.norm(0, 1), 1),
    "elbo/beta-below-one": lambda: OnePixel.excess(OnePixel.posterior(), 0.5),
    "reductions/sse": lambda: parameter(
        with_variance, lambda x, x_hat, kl: F.mse_loss(x_hat, x, reduction="sum") + kl.sum(), 784
    ),
    "reductions/mean-mse": lambda: parameter(
        with_variance, lambda x, x_hat, kl: F.mse_loss(x_hat, x) + kl.sum(), 784
    ),
    "reductions/equivalent-beta": lambda: parameter(
        with_beta, lambda x, x_hat, kl: F.mse_loss(x_hat, x, reduction="sum") + 4 * kl.sum(), 784
    ),
    "reductions/mean-mean": lambda: parameter(with_beta, with_beta_norm(1), 3 * 32 * 32, 128),
    "reductions/beta-norm": lambda: parameter(with_beta_norm, with_beta(4), 3 * 64 * 64, 10),
    "reductions/survivors": lambda: float(
        (abs(linear_vae([5.1, 3.2, 1.4, 0.7, 0.3], k=5, beta=1, v=0.5)[0]) > 1e-2).sum()
    ),
    "gaussian/negative-loss": lambda: -stats.norm.logpdf(0.4, 0.4, 0.01),
    "gaussian/bits": lambda: -math.log2(math.exp(1.2) / 256),
    "gaussian/optimal-sigma": lambda: lowest(
        lambda log_sigma: gaussian_nll([0.1, 0.2, 0.2], log_sigma), -5, 1
    )[1],
    "gaussian/wrong-variance": excess_of_wrong_variance,
    "gaussian/misprint": lambda: lowest(lambda v: math.log(v) / 2 + 0.3**2 / v, 1e-3, 2)[0],
    "gaussian/ppca": lambda: linear_vae([5, 3, 0.5, 0.3, 0.2], k=2, beta=1)[1],
    "gaussian/ppca-beta": lambda: linear_vae([5, 3, 0.5, 0.3, 0.2], k=2, beta=1.25)[1],
    "bernoulli/floor": lambda: lowest(lambda p: bce(0.25, p), 0.01, 0.99)[1],
    "bernoulli/uniform-floor": lambda: integral(
        lambda x: lowest(lambda p: bce(x, p), 1e-9, 1 - 1e-9)[1], 0, 1
    ),
    "bernoulli/hidden-variance": lambda: 1 / second_derivative(lambda p: bce(0.02, p), 0.02),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_key_is_found_another_way(name):
    assert PROOFS[name]() == pytest.approx(NUMBERS[name].key, rel=1e-4)


SOLUTIONS = {
    "elbo/gaussian-kl": lambda loc, scale: kl_divergence(Normal(loc, scale), Normal(0.0, 1.0)),
    "bernoulli/bce-with-logits": lambda logits, x: F.binary_cross_entropy_with_logits(
        logits, x, reduction="none"
    ),
    "gaussian/optimal-sigma-loss": lambda e: -Normal(0, e.square().mean().sqrt().detach()).log_prob(e).mean(),
    "reductions/implied-variance": lambda loss: parameter(
        with_variance, lambda x, x_hat, kl: loss(x, x_hat, kl.sum()), 5
    ),
}
"""By torch's own distributions, so each specification is found another way as well."""


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


@pytest.mark.parametrize("answer", [1 / 2, sp.Rational(1, 2), torch.tensor(0.5), np.float32(0.5)])
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
