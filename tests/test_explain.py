"""`explain_loss` against arithmetic by hand: any combination of terms, and the losses of public code."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from museum import MNIST, MUSEUM, Exhibit, kl, sse
from tolerances import EXPLAINED
from torch import Tensor, nn
from torch.distributions import Independent, Normal

import vaelosses as vl
from vaelosses import explain_loss
from vaelosses.explain import Explanation

FAST = {"deadline": None, "phases": (Phase.explicit, Phase.reuse, Phase.generate)}
"""A failure is reported as it was found: to shrink it would take minutes."""

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def explain(
    loss: Loss, image_shape: tuple[int, ...] = (1, 4, 5), latent_dim: int = 3, **more: object
) -> Explanation:
    return explain_loss(loss, image_shape=image_shape, latent_dim=latent_dim, **more)


def arguments(image: tuple[int, ...], latents: int, batch: int) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(7)
    x, x_hat = (torch.rand(batch, *image, generator=random, dtype=torch.float64) for _ in range(2))
    mu, logvar = (torch.randn(batch, latents, generator=random, dtype=torch.float64) for _ in range(2))
    names = {"x": x, "x_hat": 0.01 + 0.98 * x_hat, "mu": mu, "logvar": logvar}
    return {name: tensor.requires_grad_(name != "x") for name, tensor in names.items()}


def assert_code_trains_the_same(
    report: Explanation, loss: Loss, image: tuple[int, ...], latents: int, batch: int
) -> None:
    """The lines run; `scale` times their gradient is that of the loss, their value less by `constant`."""
    given = arguments(image, latents, batch)
    if "Independent(Bernoulli(" in report.code:  # which refuses grey
        given["x"] = given["x"].round()
    scope = dict(given)
    exec(report.code, scope)
    theirs = loss(*given.values())
    leaves = [given[name] for name in ("x_hat", "mu", "logvar")]
    options = {"allow_unused": True, "materialize_grads": True}
    ours = torch.autograd.grad(report.scale * scope["loss"], leaves, **options)
    expected = torch.autograd.grad(theirs, leaves, **options)
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=EXPLAINED, atol=EXPLAINED * other.abs().max().item())
    if report.constant is not None:
        size = max(1.0, abs(scope["loss"].item()), abs(theirs.item() / report.scale))
        excess = theirs.item() / report.scale - scope["loss"].item()
        assert excess == pytest.approx(report.constant, abs=EXPLAINED * size)


# Any combination.


@dataclass(frozen=True)
class Term:
    """A loss of each pixel, and how many natural units of it are one nat at scale one."""

    of_pixels: Callable[[Tensor, Tensor], Tensor]
    unit: float = 1.0
    parameter: str | None = None


TERMS = {
    "squared": Term(lambda x, h: (x - h) ** 2, 2.0, "sigma2"),
    "absolute": Term(lambda x, h: (x - h).abs(), 1.0, "b"),
    "BCE on probabilities": Term(lambda x, h: F.binary_cross_entropy(h, x, reduction="none")),
    "BCE on logits": Term(lambda x, h: F.binary_cross_entropy_with_logits(h, x, reduction="none")),
    "continuous Bernoulli on logits": Term(lambda x, h: -vl.ContinuousBernoulli(h).log_prob(x)),
    "continuous Bernoulli on probabilities": Term(
        lambda x, h: -vl.ContinuousBernoulli(h.logit()).log_prob(x)
    ),
    "logit-Laplace": Term(lambda x, h: ((0.1 + 0.8 * x).logit() - h).abs(), 1.0, "b"),
    "logit-normal": Term(lambda x, h: (torch.logit(x, 1e-6) - h) ** 2, 2.0, "sigma2"),
}

weights = st.floats(-6, 6).map(lambda exponent: 10.0**exponent)
sizes = st.integers(1, 6)
what = st.sampled_from(["sum", "mean"])


def reduced(values: Tensor, axes: list[str]) -> Tensor:
    """Sum or average over each axis."""
    for axis in reversed(axes):
        values = values.sum(-1) if axis == "sum" else values.mean(-1)
    return values


@settings(max_examples=100, **FAST)
@given(
    st.sampled_from(sorted(TERMS)),
    weights,
    weights,
    st.tuples(st.integers(1, 3), sizes, sizes),
    st.integers(2, 5),
    st.integers(1, 7),
    st.lists(what, min_size=4, max_size=4),
    st.lists(what, min_size=2, max_size=2),
)
def test_any_combination(
    name: str,
    a: float,
    w: float,
    image: tuple[int, int, int],
    batch: int,
    latents: int,
    over_images: list[str],
    over_latents: list[str],
) -> None:
    term = TERMS[name]

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        reconstruction = reduced(term.of_pixels(x, x_hat), over_images)
        return a * reconstruction + w * reduced(kl(mu, logvar), over_latents)

    report = explain(loss, image, latents, batch_size=batch)
    images = math.prod(n for n, how in zip((batch, *image), over_images, strict=True) if how == "mean")
    codes = math.prod(n for n, how in zip((batch, latents), over_latents, strict=True) if how == "mean")
    beta = (w / codes) / (a * term.unit / images)
    assert report.family == name
    assert report.beta == pytest.approx(beta, rel=EXPLAINED)
    assert report.sigma2 == (pytest.approx(beta, rel=EXPLAINED) if term.parameter == "sigma2" else None)
    assert report.b == (pytest.approx(beta, rel=EXPLAINED) if term.parameter == "b" else None)
    assert (report.kl, report.separates, report.bounded) == ("right", True, True)
    axes = ("batch", "channels", "height", "width")
    # With the channels last where they must be.
    if image[2] in (1, 3, 4) and image[0] not in (1, 3, 4):
        axes = ("batch", "height", "width", "channels")
    assert report.reductions == {
        "reconstruction": dict(zip(axes, over_images, strict=True)),
        "kl": dict(zip(("batch", "latents"), over_latents, strict=True)),
    }
    assert_code_trains_the_same(report, loss, image, latents, batch)
    assert str(report)


@settings(max_examples=25, **FAST)
@given(weights, weights, st.sampled_from([(1, 3, 4), (5,), (2, 2, 2)]), st.booleans())
def test_log_mse(a: float, w: float, image: tuple[int, ...], of_batch: bool) -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        squared = (x - x_hat).square().flatten(1)
        mean = squared.mean() if of_batch else squared.mean(1)
        return a * mean.log().mean() + w * kl(mu, logvar).sum(1).mean()

    report = explain(loss, image)
    # a log MSE of an image is (2 a / D) times D/2 log MSE.
    assert report.beta == pytest.approx(w * math.prod(image) / (2 * a), rel=EXPLAINED)
    assert (report.family, report.sigma2, report.bounded) == ("log-MSE", None, False)
    assert f"best sigma of each {'batch' if of_batch else 'image'}" in report.answer
    assert_code_trains_the_same(report, loss, image, 3, 8)


@settings(max_examples=25, **FAST)
@given(
    st.floats(-3, 3),
    st.floats(-3, 3),
    st.sampled_from(["Gaussian", "Laplace", "LogitLaplace", "LogitNormal"]),
)
def test_a_complete_negative_elbo(log_scale: float, log_beta: float, name: str) -> None:
    """Its constants are found: at beta = 1 all are there, and with a Jacobian at any beta."""
    scale, beta = 10**log_scale, 10**log_beta if name.startswith("Logit") else 1.0
    likelihood = getattr(vl, name)

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        p = Independent(likelihood(x_hat, scale), 3)
        return -vl.elbo(x, p, Independent(Normal(mu, (0.5 * logvar).exp()), 1), beta=beta).elbo.mean()

    report = explain(loss)
    assert report.constant == 0
    assert report.scale == pytest.approx(1, rel=EXPLAINED)
    of_scale = scale**2 if name in ("Gaussian", "LogitNormal") else scale
    assert report.beta == pytest.approx(beta * of_scale, rel=EXPLAINED)
    assert "nothing is dropped" in dict(report.findings)["constants"]


@settings(max_examples=25, **FAST)
@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from(["sum", "mean"]))
def test_a_complete_loss_with_a_scale_and_a_beta(log_scale: float, log_beta: float, over: str) -> None:
    """Two numbers, and the loss has one ratio of weights: the constant says which two."""
    scale, beta = 10**log_scale, 10**log_beta

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        nll = -Normal(x_hat, scale).log_prob(x).flatten(1).sum(1)
        return reduced(nll + beta * kl(mu, logvar).sum(1), [over])

    report = explain(loss)
    assert report.constant == 0
    assert report.scale == pytest.approx({"sum": 8, "mean": 1}[over], rel=EXPLAINED)
    assert report.sigma2 == pytest.approx(beta * scale**2, rel=EXPLAINED)
    assert_code_trains_the_same(report, loss, (1, 4, 5), 3, 8)


def test_a_scale_is_named_where_a_constant_is_counted_in_it() -> None:
    report = explain(lambda x, h, m, s: 3 * (sse(x, h) + 1 + kl(m, s).sum(1)).mean())
    # 1 is above 0, and -10 log(pi) is dropped.
    assert report.constant == pytest.approx(1 - 10 * math.log(math.pi), rel=EXPLAINED)
    assert "the loss, divided by its scale, is 10.4473 nats" in dict(report.findings)["constants"]


def test_a_constant_that_is_lost_in_rounding() -> None:
    """Errors of up to 255 squared, over 0.00025: to a few thousand nats no value shows a constant."""

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return sse(x.float(), x_hat.float()).mean() + 2.5e-4 * kl(mu, logvar).sum(1).mean()

    report = explain(loss, (3, 64, 64), pixel_range=(0, 255))
    assert report.constant is None
    assert dict(report.findings)["constants"].startswith("cannot tell: the value is in single precision")


def test_a_constant_in_single_precision() -> None:
    constant = 0.5 * torch.tensor(2 * math.pi * 0.01).log()  # 1e-8 off
    report = explain(lambda x, h, mu, logvar: (50 * (x - h) ** 2 + constant).sum() + kl(mu, logvar).sum())
    assert report.constant != 0
    assert report.constant == pytest.approx(0, abs=2e-5)
    assert "nothing is dropped, to" in dict(report.findings)["constants"]


@pytest.mark.parametrize("epsilon", [0.0, 1e-7, 1e-3, 0.1])
@pytest.mark.parametrize("how", ["squeeze", "clamp"])
@pytest.mark.parametrize("jacobian", [False, True])
def test_logit_laplace(epsilon: float, how: str, jacobian: bool) -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        y = x.clamp(epsilon, 1 - epsilon) if how == "clamp" else epsilon + (1 - 2 * epsilon) * x
        nll = (y.logit() - x_hat).abs() / 0.2
        nll = nll + math.log(0.4) + (y.log() + (1 - y).log() if jacobian else 0)
        return nll.sum() + kl(mu, logvar).sum()

    report = explain(loss)
    assert report.family == "logit-Laplace"
    assert report.b == pytest.approx(0.2, rel=EXPLAINED)
    words = dict(report.findings)["family"]
    assert words == "logit-Laplace" + (
        f", pixels {how}{'d' if how[-1] == 'e' else 'ed'} by {epsilon:g}" if epsilon else ""
    )
    assert any("Jacobian" in text for text in report.warnings) != jacobian
    assert any("infinite logits" in text for text in report.warnings) == (epsilon == 0)
    if jacobian and how == "squeeze":
        # The density of y, not of the pixel: log(1 - 2 epsilon) is missing for each.
        assert report.constant == pytest.approx(20 * math.log1p(-2 * epsilon), abs=EXPLAINED)
    assert_code_trains_the_same(report, loss, (1, 4, 5), 3, 8)


# The losses of public code.


@pytest.mark.parametrize("exhibit", MUSEUM, ids=str)
def test_museum(exhibit: Exhibit) -> None:
    report = explain(exhibit.loss, exhibit.image_shape, exhibit.latent_dim, **exhibit.options)
    for name, value in exhibit.expected.items():
        expected = pytest.approx(value, rel=EXPLAINED) if isinstance(value, float) else value
        assert getattr(report, name) == expected, f"{name}\n{report}"
    assert exhibit.warning in " ".join(report.warnings)
    if report.scale is not None:
        batch = exhibit.options.get("batch_size", 8)
        assert_code_trains_the_same(report, exhibit.loss, exhibit.image_shape, exhibit.latent_dim, batch)


# What else is no likelihood, and what is said of it.


def with_kl(reconstruction: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    return lambda x, x_hat, mu, logvar: reconstruction(x, x_hat) + kl(mu, logvar).sum()


bce = F.binary_cross_entropy_with_logits
TWO = torch.tensor(2.0)
FOVEA = torch.linspace(1, 3, 20, dtype=torch.float64).reshape(1, 4, 5)

UNKNOWN = [
    ("beyond it is not, as in a Huber loss", lambda x, h: F.smooth_l1_loss(h, x, reduction="sum")),
    ("at an error of about 0.1, as a Huber", lambda x, h: F.huber_loss(h, x, reduction="mean", delta=0.1)),
    ("at an error of about 1, as a Huber", lambda x, h: (h - x).cosh().log().sum()),
    ("at an error of about 0.01, as a Huber", lambda x, h: ((h - x) ** 2 + 1e-4).sqrt().mean()),
    ("", lambda x, h: (1 - (-((h - x) ** 2)).exp()).sum()),
    (
        "It is the sum 2 x squared + 0.5 x absolute, over the 8 images of the batch; squared is half the",
        lambda x, h: ((h - x) ** 2 + 0.5 * (h - x).abs()).sum(),
    ),
    ("with a weight for each pixel, from 1 to 3", lambda x, h: (0.5 * FOVEA * (h - x) ** 2).sum()),
    ("the root of the mean squared error of the batch", lambda x, h: F.mse_loss(h, x).sqrt()),
    ("the root of the mean squared error of each image", lambda x, h: (h - x).flatten(1).norm(dim=1).mean()),
    ("a function of the mean squared error of the batch", lambda x, h: F.mse_loss(h, x).sinh()),
    ("a function of the mean squared error of each image", lambda x, h: sse(x, h).add(0.1).log().sum()),
    (
        "Its gradient is that of log-MSE, its value is not: a detach does that.",
        lambda x, h: F.mse_loss(h, x) / F.mse_loss(h, x).detach(),
    ),
    ("", lambda x, h: (h - x - 0.1).abs().sum()),
    ("With x and x_hat exchanged it is BCE on probabilities", lambda x, h: F.binary_cross_entropy(x, h)),
    ("The loss does not depend on x_hat", lambda x, h: x.sum()),
    ("", lambda x, h: (h**2).sum()),
    ("no gradient goes there", lambda x, h: F.mse_loss(h.detach(), x)),
    ("The loss moves x to [-1, 1], where it is squared", lambda x, h: F.mse_loss(h, 2 * x - 1)),
    (
        "The loss moves x and x_hat to [0, 1], where it is BCE on probabilities",
        lambda x, h: F.binary_cross_entropy((h + 1) / 2, (x + 1) / 2),
    ),
    ("For large errors it is absolute", lambda x, h: F.huber_loss(h, x, delta=1e-4)),
    ("BCE on logits with a weight of 2 for white against 1", lambda x, h: bce(h, x, pos_weight=TWO)),
    (
        "BCE on probabilities with a weight of 0.5 for white against 1",
        lambda x, h: -(x * h.log() + 2 * (1 - x) * (1 - h).log()).sum(),
    ),
    ("It is squared, of x_hat and 0.9 x + 0.05.", lambda x, h: F.mse_loss(h, 0.9 * x + 0.05)),
    ("It is squared, of x_hat and 3.246 x - 0.4242.", lambda x, h: F.mse_loss(h, (x - 0.1307) / 0.3081)),
    ("It is BCE on logits, of x_hat and 0.9 x + 0.05.", lambda x, h: bce(h, 0.9 * x + 0.05)),
    ("It is squared, of sigmoid(x_hat) and x.", lambda x, h: F.mse_loss(h.sigmoid(), x)),
    ("It is squared, of tanh(x_hat) and x.", lambda x, h: F.mse_loss(h.tanh(), x)),
    ("It is BCE on logits, of sigmoid(x_hat) and x.", lambda x, h: bce(h.sigmoid(), x)),
    ("the squared error of the batch and of x", lambda x, h: F.mse_loss(h, x) / x.var()),
    ("the squared error of each image and of x", lambda x, h: (sse(x, h) / sse(x, 0 * x)).mean()),
    (
        "a clamp of the probability",
        lambda x, h: -torch.distributions.ContinuousBernoulli(logits=h).log_prob(x).sum(),
    ),
    (
        "It is the sum 0.05 x squared + 0.025 x absolute",  # each pixel in single precision
        lambda x, h: (F.mse_loss(h.float(), x.float()) + F.l1_loss(h.float(), x.float())) * 4,
    ),
]


@pytest.mark.parametrize(("words", "reconstruction"), UNKNOWN)
def test_no_known_likelihood(words: str, reconstruction: Callable[[Tensor, Tensor], Tensor]) -> None:
    pixel_range = (-1, 1) if "x and x_hat to" in words else (0, 1)
    report = explain(with_kl(reconstruction), pixel_range=pixel_range)
    assert report.family == "no known likelihood", str(report)
    assert report.answer.startswith("no known likelihood")
    assert (report.sigma2, report.b, report.beta, report.code, report.scale) == (None,) * 5
    assert report.kl == "right"
    assert words in " ".join(report.warnings)


@pytest.mark.parametrize(
    "reconstruction",
    [
        lambda x, h: F.mse_loss(h, x) + 1e-3 * (h[..., 1:] - h[..., :-1]).abs().mean(),
        lambda x, h: F.l1_loss(h, x) + 1e-3 * h.square().square().mean(),
        lambda x, h: F.kl_div(h.log(), x, reduction="batchmean"),
        lambda x, h: F.poisson_nll_loss(h, x),
    ],
)
def test_no_hint_is_better_than_a_wrong_one(reconstruction: Callable[[Tensor, Tensor], Tensor]) -> None:
    report = explain(with_kl(reconstruction))
    assert report.family == "no known likelihood"
    assert report.warnings == ()


def parts(mean: float, variance: float, log: float) -> Loss:
    """A squared error, and the three parts of a divergence."""
    return lambda x, x_hat, mu, logvar: (
        0.5 * (x - x_hat).square().sum() + 0.5 * (mean * mu**2 + variance * logvar.exp() - log * logvar).sum()
    )


def log_sigma(x: Tensor, x_hat: Tensor, mu: Tensor, log_sigma: Tensor) -> Tensor:
    return 0.5 * sse(x, x_hat).sum() + (0.5 * (mu**2 + (2 * log_sigma).exp() - 1) - log_sigma).sum()


@pytest.mark.parametrize(
    ("loss", "verdict", "bounded", "beta", "words"),
    [
        (parts(1, 1, 1), "right", True, 1.0, ""),
        (parts(3, 3, 3), "right", True, 3.0, ""),
        (parts(-1, -1, -1), "wrong sign", False, -1.0, "The KL has the wrong sign"),
        (parts(0, 0, 0), "missing", True, 0.0, "does not depend on mu"),
        (parts(2, 1, 1), "unequal weights", True, None, "look for a factor"),
        (parts(1, 2, 1), "unequal weights", True, None, "look for a factor"),
        (parts(1, 1, 2), "unequal weights", True, None, "2 times the KL to N(0, 2)"),
        (parts(4, 4, 1), "unequal weights", True, None, "1 times the KL to N(0, 0.25)"),
        (parts(1, 0, 1), "unequal weights", False, None, "look for a factor"),
        (
            lambda x, h, m, s: sse(x, h).sum() + 0.5 * (m**2 + s.exp() ** 2 - 1 - s).sum(),
            "unequal weights",
            True,
            None,
            "use exp(logvar). With log sigma as fourth argument it is 0.5 times the KL to N(0, 0.5)",
        ),
        (parts(1, 1, -1), "unequal weights", False, None, ""),
        (parts(2, 0, 0), "unequal weights", True, None, "both parts in logvar are missing"),
        (parts(0, 1, 1), "unequal weights", True, None, ""),
        (log_sigma, "right for log sigma", True, 1.0, "exp(2 logvar)"),
        (lambda x, h, m, s: sse(x, h).sum() + kl(m, s).clamp(min=0.5).sum(), "cannot tell", None, None, ""),
        (lambda x, h, m, s: sse(x, h).sum() + (kl(m, s).sum() - 25).abs(), "cannot tell", None, None, ""),
        (lambda x, h, m, s: sse(x, h).sum() + (kl(m, s).sum() - 500).abs(), "cannot tell", None, None, ""),
        (lambda x, h, m, s: sse(x, h).sum() + m.abs().sum(), "cannot tell", None, None, ""),
    ],
)
def test_divergences(loss: Loss, verdict: str, bounded: bool | None, beta: float | None, words: str) -> None:
    report = explain(loss)
    assert report.family == "squared"
    assert report.kl == verdict
    assert report.bounded is bounded
    assert report.beta == (None if beta is None else pytest.approx(beta, rel=EXPLAINED))
    assert words in " ".join(report.warnings)
    if report.scale is not None:
        assert_code_trains_the_same(report, loss, (1, 4, 5), 3, 8)


@pytest.mark.parametrize(("floor", "latents"), [(0.5, 64), (1.0, 128), (2.0, 256), (3.0, 512), (0.01, 3)])
@pytest.mark.parametrize("how", [lambda rate, f: rate.clamp(min=f), lambda rate, f: 100 * (rate - f).abs()])
def test_free_bits_and_capacities(floor: float, latents: int, how: Callable[[Tensor, float], Tensor]) -> None:
    """However many latents share them, so that each has less than any probe close to the prior."""
    report = explain(
        lambda x, h, m, s: sse(x, h).mean() + how(kl(m, s).sum(1).mean(), floor), latent_dim=latents
    )
    assert (report.family, report.kl, report.beta, report.code) == ("squared", "cannot tell", None, None)
    assert "free bits" in dict(report.findings)["KL"]


@pytest.mark.parametrize("pixel_range", [(0, 1), (0, 255)])
@pytest.mark.parametrize(
    "how",
    [
        lambda rate: rate.mean().clamp(min=3),
        lambda rate: (rate * (rate > 3)).mean(),  # zero at the prior as well
        lambda rate: torch.relu(rate - 3).mean(),
    ],
)
def test_free_bits_in_single_precision(
    pixel_range: tuple[float, float], how: Callable[[Tensor], Tensor]
) -> None:
    """A large reconstruction term must not hide them."""

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return sse(x.float(), x_hat.float()).mean() + how(kl(mu.float(), logvar.float()).sum(1))

    assert explain(loss, MNIST, 512, pixel_range=pixel_range).kl == "cannot tell"


def into_zeros(rec: Tensor, rate: Tensor) -> Tensor:
    total = torch.zeros(())
    total += rec
    total += rate
    return total


@pytest.mark.parametrize(
    "add",
    [
        into_zeros,
        lambda rec, rate: (rec + rate).float(),
        lambda rec, rate: rec + rate.float(),
        lambda rec, rate: torch.stack([rec.float(), rate.float()]).sum(),
    ],
)
@pytest.mark.parametrize("cast", [Tensor.float, Tensor.double])
def test_values_in_single_precision(
    add: Callable[[Tensor, Tensor], Tensor], cast: Callable[[Tensor], Tensor]
) -> None:
    """Also where the gradients are in double precision."""

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return add(sse(x, x_hat).mean(), kl(cast(mu), cast(logvar)).sum(1).mean())

    report = explain(loss, MNIST, 20)
    assert (report.kl, report.beta) == ("right", pytest.approx(0.5, rel=1e-6))


@pytest.mark.parametrize("batch", [2, 16])
@pytest.mark.parametrize("reduce", [torch.sum, torch.mean])
def test_weights_of_the_parts_are_those_of_an_image(batch: int, reduce: Callable[[Tensor], Tensor]) -> None:
    """KL(N(mu, s^2) || N(0, 1/4)) is (4 mu^2 + 4 s^2 - log s^2)/2 + const."""
    report = explain(
        lambda x, h, m, s: reduce(sse(x, h)) + reduce(0.5 * (4 * m**2 + 4 * s.exp() - s).sum(1)),
        batch_size=batch,
    )
    assert "It is 1 times the KL to N(0, 0.25), not to N(0, 1)." in report.warnings
    hard_coded = explain(
        lambda x, h, m, s: sse(x, h).mean() + (4 * m**2 + 4 * s.exp() - s).view(batch, 3).sum(),
        batch_size=batch,
    )
    assert "It is a multiple of the KL to N(0, 0.25), not to N(0, 1)." in hard_coded.warnings
    assert "4 mu^2/2 + 4 sigma^2/2 - 1 log(sigma^2)/2" in dict(report.findings)["KL"]


def test_signs_of_the_reconstruction() -> None:
    wrong = explain(lambda x, h, m, s: -sse(x, h).sum() + kl(m, s).sum())
    assert (wrong.beta, wrong.sigma2, wrong.bounded) == (pytest.approx(-0.5, rel=EXPLAINED), None, False)
    assert "wrong sign" in wrong.answer
    assert "makes the errors larger" in wrong.warnings[0]
    elbo = explain(lambda x, h, m, s: -sse(x, h).sum() - kl(m, s).sum(), eigenvalues=torch.ones(3))
    assert elbo.sigma2 == pytest.approx(0.5, rel=EXPLAINED)
    assert elbo.warnings[0].startswith("Both signs are wrong: this is an ELBO")
    assert elbo.surviving_latents is None


def test_terms_that_do_not_separate() -> None:
    report = explain(lambda x, h, m, s: (sse(x, h).sum() + kl(m, s).sum()).log())
    assert report.separates is False
    assert (report.family, report.kl) == ("no known likelihood", "cannot tell")
    assert "not a function of the images plus" in report.answer


# Shapes.


def test_sizes_that_are_written_as_numbers() -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        squared = (x.view(-1, 784) - x_hat.view(-1, 784)).square()
        return squared.mean() * 784 + kl(mu, logvar).sum(1).mean()

    report = explain(loss, MNIST, 10)
    assert report.sigma2 == pytest.approx(0.5, rel=EXPLAINED)
    assert report.reductions["reconstruction"] == {
        "batch": "mean",
        "channels": "cannot tell",  # with two channels, view makes two images of one
        "height": "cannot tell",
        "width": "cannot tell",
    }
    (warning,) = report.warnings
    assert "Sizes are hard-coded" in warning
    assert "size of height, width it raises RuntimeError" in warning


def test_a_mean_over_some_axes_that_is_multiplied() -> None:
    report = explain(lambda x, h, m, s: 5 * (h - x).abs().mean(-1).sum() + kl(m, s).sum())
    assert report.warnings == (
        "The mean over width is multiplied by 5, as a number: a sum at this image size only.",
        "Both terms are summed over the batch: the gradient grows with the batch size, beta does not.",
    )
    single = explain(lambda x, h, m, s: sse(x, h).mean(0).sum() + kl(m, s).sum(1).mean(), (1, 4, 5))
    assert not any("multiplied" in text for text in single.warnings)


def test_a_batch_size_that_is_written_as_a_number() -> None:
    report = explain(lambda x, h, m, s: (sse(x, h).sum() + kl(m, s).sum()) / 64)
    assert report.beta == pytest.approx(0.5, rel=EXPLAINED)
    assert report.reductions["kl"] == {"batch": "sum", "latents": "sum"}


@pytest.mark.parametrize("batch", [2, 8, 128])
def test_one_mean_over_the_batch(batch: int) -> None:
    report = explain(lambda x, h, m, s: sse(x, h).sum() + kl(m, s).sum(1).mean(), batch_size=batch)
    assert report.beta == pytest.approx(0.5 / batch, rel=EXPLAINED)
    assert "beta is 0.5 / the batch size" in " ".join(report.warnings)
    assert f"for a batch of {batch}" in report.answer


def test_a_common_factor_is_no_trap() -> None:
    report = explain(lambda x, h, m, s: (sse(x, h).mean() + kl(m, s).sum(1).mean()) / x[0].numel())
    assert report.beta == pytest.approx(0.5, rel=EXPLAINED)
    assert report.reductions["kl"]["width"] == "mean"
    assert not any("that of a sum" in text for text in report.warnings)


@pytest.mark.parametrize("weight", [1, 2])
def test_a_kl_that_is_divided_by_the_size_of_the_image(weight: int) -> None:
    """A mean of squares weighs 2/20 of half a sum here, so these are sigma^2 = 1/2 and 1."""
    report = explain(lambda x, h, m, s: F.mse_loss(h, x) + kl(m, s).sum() * weight / (len(x) * 20))
    assert report.sigma2 == pytest.approx(weight / 2, rel=EXPLAINED)
    assert not any("that of a sum" in text for text in report.warnings)
    assert "the KL has a weight that fits 20 of them" in report.warnings[0]
    single = explain(
        lambda x, h, m, s: F.mse_loss(h, x) + kl(m.float(), s.float()).sum(1).mean() * weight / 20
    )
    assert single.warnings[-1] == report.warnings[0]


def test_a_negative_elbo_that_is_divided_by_the_size_of_the_image() -> None:
    report = explain(
        lambda x, h, m, s: -Normal(h, 0.05).log_prob(x).mean() + kl(m, s).sum(1).mean() / 20, batch_size=5
    )
    assert "complete at sigma^2 = 0.0025, beta = 1" in dict(report.findings)["constants"]
    (warning,) = report.warnings
    assert "the KL has a weight that fits 20 of them" in warning


def test_a_mean_over_as_many_latents_fits_by_chance() -> None:
    report = explain(lambda x, h, m, s: F.mse_loss(h, x) + kl(m, s).mean(), (32,), 16)
    assert report.beta == pytest.approx(1.0, rel=EXPLAINED)
    assert not any("fits" in text for text in report.warnings)


@pytest.mark.parametrize("pixel_range", [(-1, 1), (0, 255), (-0.42, 2.82)])
@pytest.mark.parametrize(
    "reconstruction",
    [
        F.binary_cross_entropy_with_logits,
        lambda h, x: -vl.ContinuousBernoulli(h, validate_args=False).log_prob(x),
    ],
)
def test_cross_entropy_of_what_is_no_probability(
    pixel_range: tuple[float, float], reconstruction: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """At a pixel of 2 and a logit of 50 the cross-entropy is 50 - 100: there is no lower bound."""
    loss = with_kl(lambda x, h: reconstruction(h, x).sum())
    report = explain(loss, pixel_range=pixel_range)
    assert (report.bounded, report.code, report.scale) == (False, None, None)
    assert "no likelihood" in report.answer
    assert "are no probabilities" in report.warnings[0]
    assert explain(loss).bounded is True
    alone = explain(lambda x, h, m, s: reconstruction(h, x).sum(), pixel_range=pixel_range)
    assert "no likelihood" in alone.answer


def test_pixels_from_minus_one_to_one() -> None:
    report = explain(lambda x, h, m, s: sse(x, h).mean() + kl(m, s).sum(1).mean(), pixel_range=(-1, 1))
    assert report.sigma2 == pytest.approx(0.5, rel=EXPLAINED)
    assert dict(report.findings)["sigma"] == "0.707107 (0.353553 of the pixel range) at beta = 1"


# Eigenvalues.


def test_surviving_latents() -> None:
    """Of the eigenvalues of a diagonal covariance those above beta sigma^2 survive, as many as there are."""
    eigenvalues = torch.tensor([5.0, 3.0, 2.0, 0.6, 0.4])
    assert explain(parts(1, 1, 1), latent_dim=9, eigenvalues=eigenvalues).surviving_latents == 3
    assert explain(parts(2.5, 2.5, 2.5), latent_dim=9, eigenvalues=eigenvalues).surviving_latents == 2
    assert explain(parts(0.1, 0.1, 0.1), latent_dim=4, eigenvalues=eigenvalues).surviving_latents == 4
    assert explain(parts(1, 1, 1)).surviving_latents is None
    assert explain(with_kl(F.l1_loss), eigenvalues=eigenvalues).surviving_latents is None
    images = torch.zeros(4, 1, 4, 5)
    images[:2, 0, 0, 0] = torch.tensor([4.0, -4.0])  # a variance of 8
    images[2:, 0, 1, 1] = torch.tensor([2.0, -2.0])  # a variance of 2
    options = {"eigenvalues": images, "pixel_range": (-4, 4)}
    assert explain(parts(1, 1, 1), **options).surviving_latents == 2
    assert explain(parts(3, 3, 3), **options).surviving_latents == 1


@pytest.mark.parametrize(("pixel_range", "noted"), [((0, 1), True), ((0, 255), False), ((0, 254), False)])
def test_eigenvalues_in_another_unit_than_the_pixels(pixel_range: tuple[float, float], noted: bool) -> None:
    images = torch.randint(256, (50, 1, 4, 5), dtype=torch.uint8)
    images[0, 0, 0, :2] = torch.tensor([0, 255])
    report = explain(parts(1, 1, 1), eigenvalues=images, pixel_range=pixel_range)
    words = "lie between 0 and 255, pixel_range is (0, 1): if that is another unit"
    assert any(words in text for text in report.warnings) == noted


# Losses that are hard to call.


def test_single_precision_only() -> None:
    one = torch.ones(20, 20)  # the matrix product refuses other types

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return ((x - x_hat).flatten(1) @ one.diag().diag()).square().sum() + kl(mu, logvar).sum()

    report = explain(loss)
    assert report.family == "squared"
    assert report.sigma2 == pytest.approx(0.5, rel=1e-5)
    assert "does not take double precision" in report.warnings[0]


def test_a_cast_to_single_precision() -> None:
    report = explain(lambda x, h, m, s: F.mse_loss(h.float(), x.float()) + kl(m, s).mean())
    assert report.beta == pytest.approx(20 / 3 / 2, rel=1e-6)
    assert "an epsilon, single precision, or a small second term" in " ".join(report.warnings)


def test_black_and_white_only() -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        p = Independent(vl.Bernoulli(x_hat, validate_args=True), 3)
        return -vl.elbo(x, p, Independent(Normal(mu, (0.5 * logvar).exp()), 1), beta=2).elbo.mean()

    report = explain(loss)
    assert (report.family, report.beta) == ("BCE on logits", pytest.approx(2, rel=EXPLAINED))
    assert "The loss takes black and white pixels only." in report.warnings


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda x, h, m, s: sse(x, h + torch.randn_like(h)).sum() + kl(m, s).sum(), "it is random"),
        (lambda x, h, m, s: (sse(x, h).sum() - 1e9).log() + kl(m, s).sum(), "it is not finite"),
        (lambda x, h, m: sse(x, h).sum(), "it raises TypeError"),
        (with_kl(lambda x, h: F.binary_cross_entropy(h - 2, x)), "it raises RuntimeError"),
        (lambda x, h, m, s: sse(x, h).sum() - (m**2).sum().log() - s.sum(), "at mu = logvar = 0"),
    ],
)
def test_it_cannot_tell(loss: Loss, words: str) -> None:
    report = explain(loss)
    assert report.family == "cannot tell"
    assert words in report.answer
    assert (report.beta, report.code, report.bounded, report.separates) == (None,) * 4
    assert str(report)
    assert report._repr_html_()


def normal(mu: Tensor, scale: Tensor) -> Tensor:
    return torch.distributions.kl_divergence(Normal(mu, scale), Normal(0.0, 1.0))


@pytest.mark.parametrize(
    ("words", "of_scale"),
    [
        ("is sigma, not", lambda m, s: 0.5 * (m**2 + s**2 - 1) - s.log()),
        ("is sigma, not", lambda m, s: 0.5 * (m**2 + s**2 - (s**2).log() - 1)),
        ("is sigma, not", lambda m, s: 0.5 * (m**2 + s**2 - (1e-8 + s**2).log() - 1)),
        ("is sigma, not", normal),
        ("is the variance, not", lambda m, s: 0.5 * (m**2 + s - s.log() - 1)),
        ("is the variance, not", lambda m, s: normal(m, s.sqrt())),
    ],
)
def test_a_scale_in_place_of_its_logarithm(words: str, of_scale: Callable[[Tensor, Tensor], Tensor]) -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, scale: Tensor) -> Tensor:
        return sse(x, x_hat).sum() + of_scale(mu, scale).sum()

    report = explain(loss)
    assert report.kl == "cannot tell"
    (warning,) = report.warnings
    assert words in warning
    advice = re.search("Explain (.*) instead", warning)[1]
    again = explain(eval(advice, {"loss": loss}))
    assert (again.kl, again.sigma2) == ("right", pytest.approx(0.5, rel=EXPLAINED))


def test_a_loss_of_flat_images() -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return F.binary_cross_entropy(x_hat, x.view(-1, 20), reduction="sum") + kl(mu, logvar).sum()

    report = explain(loss)
    assert report.answer.startswith("cannot tell: it raises ValueError: Using a target size")
    assert report.warnings == ("It works on flat images: set image_shape to (20,).",)
    assert explain(loss, (20,)).beta == pytest.approx(1, rel=EXPLAINED)


def test_each_image_with_each_other() -> None:
    report = explain(lambda x, h, m, s: (sse(x, h)[:, None] + kl(m, s).sum(1)).sum())
    assert report.beta == pytest.approx(0.5, rel=EXPLAINED)
    assert "Both terms are counted for each pair of images" in " ".join(report.warnings)


def test_arguments_that_are_written_into() -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return x_hat.sub_(x).square().sum() + kl(mu, logvar).sum()

    report = explain(loss)
    assert report.sigma2 == pytest.approx(0.5, rel=EXPLAINED)
    assert "The loss writes into its argument x_hat." in report.warnings


def test_gradients_that_vanish_and_values_that_overflow() -> None:
    rounded = explain(with_kl(lambda x, h: F.binary_cross_entropy(h.sigmoid(), x, reduction="sum")))
    assert rounded.family == "BCE on logits"
    assert "the gradient vanishes" in " ".join(rounded.warnings)
    overflows = explain(with_kl(lambda x, h: ((1 + h.exp()).log() - x * h).sum()))
    assert overflows.family == "BCE on logits"
    assert "an overflow" in " ".join(overflows.warnings)


def test_a_floor_under_the_best_sigma() -> None:
    """A softclip of log sigma at -6 is log(sigma + exp(-6)), which small errors see."""

    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        sigma = F.mse_loss(x_hat, x).sqrt() + math.exp(-6)
        return (0.5 * ((x - x_hat) / sigma) ** 2 + sigma.log()).sum() + kl(mu, logvar).sum()

    report = explain(loss, (3, 8, 8))
    assert report.family == "no known likelihood"
    assert "For large errors it is log-MSE" in " ".join(report.warnings)


def test_an_epsilon_inside() -> None:
    def loss(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        bce = -(x * (x_hat + 1e-8).log() + (1 - x) * (1 - x_hat + 1e-8).log())
        return bce.sum() + kl(mu, logvar).sum()

    report = explain(loss)
    assert (report.family, report.beta) == ("BCE on probabilities", pytest.approx(1, rel=1e-6))
    assert "an epsilon" in " ".join(report.warnings)


@pytest.mark.parametrize(("epsilon", "seen"), [(0.05, 0.02), (0.01, 0.02), (1e-3, 1e-3), (1e-6, 1e-5)])
@pytest.mark.parametrize(
    ("family", "nll"),
    [
        ("BCE on probabilities", lambda x, p: F.binary_cross_entropy(p, x, reduction="sum")),
        (
            "continuous Bernoulli on probabilities",
            lambda x, p: -vl.ContinuousBernoulli(p.logit()).log_prob(x).sum(),
        ),
    ],
)
def test_a_clamp_of_probabilities(epsilon: float, seen: float, family: str, nll: Callable) -> None:
    report = explain(with_kl(lambda x, h: nll(x, h.clamp(epsilon, 1 - epsilon))))
    assert report.family == family
    expected = f"With an x_hat {seen:g} from black or white the gradient vanishes: a clamp."
    assert expected in report.warnings
    assert not any("vanishes" in text for text in explain(with_kl(nll)).warnings)


def test_an_epsilon_that_is_seen_near_black_and_white_alone() -> None:
    report = explain(with_kl(lambda x, h: -(x * (h + 1e-9).log() + (1 - x) * (1 - h + 1e-9).log()).sum()))
    assert report.family == "BCE on probabilities"
    assert "With an x_hat 1e-05 from black or white the gradient is another" in " ".join(report.warnings)


def test_probabilities_near_black_and_white_that_are_no_numbers() -> None:
    """The logarithm of a negative number, closer to black than 0.0001."""
    report = explain(with_kl(lambda x, h: F.binary_cross_entropy(h, x) + 0 * (h - 1e-4).log().sum()))
    assert report.family == "BCE on probabilities"
    assert "With an x_hat 0.001 from black or white, it is not finite." in report.warnings


def test_a_module_with_a_learned_scale() -> None:
    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_sigma = nn.Parameter(torch.tensor(-1.0))

        def forward(self, x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
            z = (x - x_hat) / self.log_sigma.exp()
            return (0.5 * z**2 + self.log_sigma).sum() + kl(mu, logvar).sum()

    loss = Learned().double()
    report = explain(loss)
    assert report.sigma2 == pytest.approx(math.exp(-2), rel=EXPLAINED)
    assert report.name == "Learned"
    assert "has parameters of its own (1)" in " ".join(report.warnings)
    assert loss.log_sigma.grad is None
    for how in (loss.forward, lambda *given: loss(*given)):
        assert "has parameters of its own (1)" in " ".join(explain(how).warnings)
    loss.requires_grad_(False)
    assert explain(loss).warnings == report.warnings[1:]


def test_a_loss_that_differentiates() -> None:
    def penalty(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        rate = kl(mu, logvar).sum()
        (slope,) = torch.autograd.grad(rate, mu, create_graph=True)  # which is mu
        return 0.5 * sse(x, x_hat).sum() + rate + 0.5 * slope.square().sum()

    report = explain(penalty)
    assert (report.family, report.kl) == ("squared", "unequal weights")
    assert "2 mu^2/2 + 1 sigma^2/2 - 1 log(sigma^2)/2" in dict(report.findings)["KL"]


def test_the_caller_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with torch.no_grad():
        assert explain(parts(1, 1, 1)).beta == pytest.approx(1, rel=EXPLAINED)
    torch.testing.assert_close(torch.rand(2), expected)


# The report.


def test_the_report_prints_and_escapes() -> None:
    def mean_and_sum(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        return F.mse_loss(x_hat, x) + kl(mu, logvar).sum(1).mean()

    report = explain(mean_and_sum, MNIST, 2)
    first, *lines = str(report).splitlines()
    assert first == (
        "mean_and_sum: a Gaussian with sigma^2 = 392 at beta = 1, or with sigma = 1 at beta = 392."
    )
    assert "reconstruction  mean over batch x channels x height x width" in lines
    assert "KL              right; mean over batch, sum over latents" in lines
    assert lines[-1] == "    loss = -elbo(x, p_x_given_z, q_z_given_x).elbo.mean()"
    page = report._repr_html_()
    assert page.count("<li>") == len(report.warnings)
    assert page.count("<tr>") == len(report.findings)
    unsafe = explain(lambda x, h, m: h)
    assert "<lambda>" not in unsafe._repr_html_()


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda x, h, m, s: sse(x, h), r"a tensor of shape \(8,\)"),
        (lambda x, h, m, s: (x - h) ** 2, r"a tensor of shape \(8, 1, 4, 5\)"),
        (lambda x, h, m, s: {"loss": sse(x, h).sum()}, "dict"),
        (lambda x, h, m, s: sse(x, h).sum().item(), "float"),
    ],
)
def test_what_is_no_scalar_is_refused(loss: Loss, words: str) -> None:
    with pytest.raises(ValueError, match=rf"loss: returned {words}, expected a scalar tensor"):
        explain(loss)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"loss": 3}, TypeError, "loss: got int"),
        ({"image_shape": (0, 3)}, ValueError, r"image_shape: got \(0, 3\)"),
        ({"latent_dim": 0}, ValueError, "latent_dim: got 0"),
        ({"image_shape": 784}, TypeError, "image_shape: got 784"),
        ({"image_shape": (1, 2.5)}, TypeError, r"image_shape: got \(1, 2.5\)"),
        ({"latent_dim": 20.0}, TypeError, "latent_dim: got 20.0"),
        ({"batch_size": "8"}, TypeError, "batch_size: got '8'"),
        ({"pixel_range": 255}, TypeError, "pixel_range: got 255"),
        ({"batch_size": 1}, ValueError, "batch_size: got 1"),
        ({"pixel_range": (1, 0)}, ValueError, r"pixel_range: got \(1, 0\)"),
        ({"eigenvalues": torch.ones(21)}, ValueError, r"eigenvalues: got shape \(21,\)"),
        ({"eigenvalues": torch.tensor([math.nan])}, ValueError, "finite numbers"),
        ({"eigenvalues": torch.ones(5, 3, 3)}, ValueError, r"got images of shape \(3, 3\)"),
    ],
)
def test_bad_arguments(changes: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        explain_loss(**({"loss": parts(1, 1, 1), "image_shape": (1, 4, 5), "latent_dim": 3} | changes))
