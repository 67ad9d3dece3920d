"""`BetaVAELoss` against closed forms, and against what the original of that name minimises."""

import math

import pytest
import torch
import torch.nn.functional as F
from tolerances import EXACT
from torch.distributions import Bernoulli, Independent, Laplace, Normal

from vaelosses import Bernoulli as OurBernoulli
from vaelosses import BetaVAELoss, DiscretizedLogistic

BATCH, PIXELS, LATENTS = 5, 3 * 4 * 4, 6


@pytest.fixture
def x() -> torch.Tensor:
    return torch.rand(BATCH, 3, 4, 4, dtype=torch.float64)


@pytest.fixture
def q() -> Normal:
    loc = torch.randn(BATCH, LATENTS, dtype=torch.float64)
    return Normal(loc.requires_grad_(), torch.rand(BATCH, LATENTS, dtype=torch.float64) + 0.5)


def close(got: torch.Tensor, expected: torch.Tensor | float) -> None:
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(got, expected, rtol=EXACT[torch.float64], atol=EXACT[torch.float64])


def closed_kl(q: Normal) -> torch.Tensor:
    variance = q.scale.square()
    return ((q.loc.square() + variance - 1 - variance.log()) / 2).sum() / BATCH


def test_terms_are_the_closed_forms_and_use_the_scale(x: torch.Tensor, q: Normal) -> None:
    p = Normal(torch.full_like(x, 0.3), 0.2)
    terms = BetaVAELoss(beta=3.0)(x, p, q)
    rec = ((x - 0.3).square() / (2 * 0.04) + math.log(0.2) + math.log(2 * math.pi) / 2).sum() / BATCH
    close(terms["rec_loss"], rec)
    close(terms["kl_loss"], closed_kl(q))
    close(terms["loss"], rec + 3 * closed_kl(q))


@pytest.mark.parametrize(
    ("default", "their_error", "factor", "constant"),
    [
        ("normal", lambda m, x: F.mse_loss(m, x, reduction="sum"), 2, math.log(2 * math.pi)),
        ("laplace", lambda m, x: F.l1_loss(m, x, reduction="sum"), 1, math.log(2)),
        ("bernoulli", lambda m, x: F.binary_cross_entropy(m, x, reduction="sum"), 1, 0.0),
    ],
)
def test_a_beta_of_the_original_is_converted(default, their_error, factor, constant, x, q) -> None:
    x = x.round() if default == "bernoulli" else x
    mean = torch.rand_like(x).requires_grad_()
    theirs = their_error(mean, x) / BATCH + 4 * closed_kl(q)
    ours = BetaVAELoss(beta=4 / factor, default_dist=default)(x, mean, q)["loss"]
    close(theirs, factor * ours - PIXELS * constant)
    for wanted, got in zip(
        torch.autograd.grad(theirs, (mean, q.loc)), torch.autograd.grad(ours, (mean, q.loc)), strict=True
    ):
        close(wanted, factor * got)


def test_the_scale_of_one_half_keeps_beta(x: torch.Tensor, q: Normal) -> None:
    mean = torch.rand_like(x).requires_grad_()
    theirs = F.mse_loss(mean, x, reduction="sum") / BATCH + 4 * closed_kl(q)
    ours = BetaVAELoss(beta=4.0)(x, Normal(mean, math.sqrt(0.5)), q)["loss"]
    for wanted, got in zip(
        torch.autograd.grad(theirs, (mean, q.loc)), torch.autograd.grad(ours, (mean, q.loc)), strict=True
    ):
        close(wanted, got)


def test_the_gradient_reaches_the_scale(x: torch.Tensor, q: Normal) -> None:
    scale = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    BetaVAELoss()(x, Normal(torch.zeros_like(x), scale), q)["loss"].backward()
    close(scale.grad, (PIXELS / 0.2 - x.square().sum() / BATCH / 0.2**3).item())


def test_any_distribution_elementwise_or_independent(x: torch.Tensor, q: Normal) -> None:
    loss = BetaVAELoss()
    grey = (x * 255).round() / 255
    for p, data in ((Laplace(x / 2, 0.1), x), (DiscretizedLogistic(x / 2, 0.1), grey)):
        close(loss(data, p, q)["rec_loss"], -p.log_prob(data).sum().item() / BATCH)
        close(loss(data, Independent(p, 3), Independent(q, 1))["loss"], loss(data, p, q)["loss"].item())


def test_certain_probabilities_keep_their_gradient(q: Normal) -> None:
    probs = torch.tensor([[0.0, 1.0, 1e-20, 0.25]] * BATCH, requires_grad=True)
    data = torch.tensor([[0.0, 1.0, 1.0, 0.0]] * BATCH)
    rec = BetaVAELoss(default_dist="bernoulli")(data, probs, q)["rec_loss"]
    rec.backward()
    torch.testing.assert_close(rec.item(), 20 * math.log(10) - math.log(0.75), rtol=1e-6, atol=0)
    torch.testing.assert_close(probs.grad[0] * BATCH, torch.tensor([1.0, -1.0, -1e20, 4 / 3]))


def test_logits_of_either_bernoulli(x: torch.Tensor, q: Normal) -> None:
    x, logits = x.round(), 30 * torch.randn_like(x)
    expected = F.binary_cross_entropy_with_logits(logits, x, reduction="sum").item() / BATCH
    for p in (Bernoulli(logits=logits), OurBernoulli(logits)):
        torch.testing.assert_close(BetaVAELoss()(x, p, q)["rec_loss"].item(), expected, rtol=1e-8, atol=0)


def test_errors(x: torch.Tensor, q: Normal) -> None:
    with pytest.raises(ValueError, match="default_dist: got 'gaussian', expected one of"):
        BetaVAELoss(default_dist="gaussian")
    with pytest.raises(ValueError, match="beta: got -1"):
        BetaVAELoss(beta=-1)
    loss = BetaVAELoss(default_dist="bernoulli")
    with pytest.raises(ValueError, match=r"data: got values between .* toss coins"):
        loss(x, torch.full_like(x, 0.5), q)
    with pytest.raises(TypeError, match="p: got str, expected a distribution"):
        loss(x, "normal", q)
    with pytest.raises(TypeError, match="p: got Tensor"):
        loss.reconstruction_loss(x, x)
    with pytest.raises(ValueError, match=r"got a distribution of shape \(5, 1, 4, 4\)"):
        loss(x, Normal(x[:, :1], 1.0), q)
    with pytest.raises(TypeError, match=r"data: got torch.uint8"):
        loss(x.to(torch.uint8), x, q)
