"""Evaluation against direct computations, and the importance-weighted bound against exact evidence."""

import math

import pytest
import torch
from test_training import small_model
from torch.distributions import Independent, MultivariateNormal, Normal

from vaelosses import MLPVAE, BernoulliHead, GaussianHead
from vaelosses.bits import grid_log_prob
from vaelosses.evaluation import evaluate, importance_weighted_bound


class Known(MLPVAE):
    """An encoder with one live and one dead latent, and a decoder that ignores both."""

    def encode(self, x: torch.Tensor) -> Independent:
        live = x.flatten(1).mean(1, keepdim=True) * 10
        return Independent(
            Normal(torch.cat([live, 0 * live], 1), torch.tensor([0.5, 1.0]).expand(len(x), 2)), 1
        )

    def decode(self, z: torch.Tensor, target: torch.Tensor | None = None) -> Independent:
        return self.head(torch.full((len(z), 1, 28, 28), 0.2), target)


def test_evaluate_equals_a_direct_computation(digits: torch.Tensor) -> None:
    model = Known(GaussianHead(scale=0.3), latent_dim=2)
    e = evaluate(model, digits)
    x = digits.double().flatten(1)
    live = 10 * x.mean(1)
    kl = ((live**2 + 0.25 - 1) / 2 - math.log(0.5)).mean().item()
    normal = torch.distributions.Normal(torch.tensor(0.2).double(), torch.tensor(0.3).double())
    lower = torch.where(x == 0, -math.inf, x - 0.5 / 255)
    upper = torch.where(x == 1, math.inf, x + 0.5 / 255)
    nats = -(normal.cdf(upper) - normal.cdf(lower)).log().sum(1).mean().item()
    assert e.kl == pytest.approx(kl, rel=1e-5)
    assert e.elbo == pytest.approx(normal.log_prob(x).sum(1).mean().item() - kl, rel=1e-5)
    assert e.mse == pytest.approx((x - 0.2).square().mean().item(), rel=1e-5)
    assert e.bits_per_dim == pytest.approx((nats + kl) / (784 * math.log(2)), rel=1e-5)
    density = (784 * math.log(255) - normal.log_prob(x).sum(1).mean().item() + kl) / (784 * math.log(2))
    cost_of_noise = 1 / (24 * (0.3 * 255) ** 2 * math.log(2))
    assert e.dequantized_bits_per_dim == pytest.approx(density + cost_of_noise, abs=1e-4)
    assert e.active_latents == 1


def test_evaluate_refuses_pixels_off_the_grid(digits: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="levels off the grid"):
        evaluate(small_model(), digits * 0.9)


class LinearModel(MLPVAE):
    """x = W z + noise, whose evidence and posterior are known, with a posterior off by ``shift``."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__(GaussianHead(scale=0.5), (1, 2, 2), latent_dim=1, hidden=())
        self.double()
        self.weight = torch.tensor([[0.6], [-0.2], [0.4], [0.1]], dtype=torch.float64)
        self.shift = shift
        with torch.no_grad():
            self.decoder[0].weight.copy_(self.weight)
            self.decoder[0].bias.zero_()

    def encode(self, x: torch.Tensor) -> Independent:
        precision = 1 + (self.weight.square().sum() / 0.25).item()
        loc = x.flatten(1) @ self.weight / (0.25 * precision)
        return Independent(Normal(loc + self.shift, torch.full_like(loc, precision**-0.5)), 1)

    def evidence(self, x: torch.Tensor) -> float:
        covariance = self.weight @ self.weight.T + 0.25 * torch.eye(4, dtype=torch.float64)
        exact = MultivariateNormal(torch.zeros(4, dtype=torch.float64), covariance)
        return exact.log_prob(x.flatten(1)).mean().item()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(1500, 1, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("num_samples", [1, 3])
def test_the_exact_posterior_makes_the_bound_exact(images: torch.Tensor, num_samples: int) -> None:
    model = LinearModel()
    bound = importance_weighted_bound(model, images, num_samples=num_samples)
    assert bound == pytest.approx(model.evidence(images), rel=1e-6)


def test_a_wrong_posterior_is_paid_for_and_samples_buy_it_back(images: torch.Tensor) -> None:
    model = LinearModel(shift=0.5)
    bounds = [importance_weighted_bound(model, images, num_samples=k) for k in (1, 10, 1000)]
    gap = 0.5**2 * (1 + model.weight.square().sum().item() / 0.25) / 2  # KL(q || posterior)
    noise = 0.5 * math.sqrt(2 * gap / len(images)) * 5
    assert bounds[0] == pytest.approx(model.evidence(images) - gap, abs=noise + 0.02)
    assert bounds[0] < bounds[1] < bounds[2]
    assert bounds[2] == pytest.approx(model.evidence(images), abs=0.005)


def test_the_bound_takes_the_mass_of_grey_levels(digits: torch.Tensor) -> None:
    model = small_model()
    density = importance_weighted_bound(model, digits, num_samples=1)
    mass = importance_weighted_bound(model, digits, num_samples=1, log_prob=grid_log_prob)
    expected = evaluate(model, digits)
    assert density == pytest.approx(expected.elbo, rel=0.01)
    assert -mass / (784 * math.log(2)) == pytest.approx(expected.bits_per_dim, rel=0.01)


def test_the_seed_decides_the_bound(digits: torch.Tensor) -> None:
    binary = digits.round()
    torch.manual_seed(0)
    model = MLPVAE(BernoulliHead(), latent_dim=2, hidden=(30,))
    a, b, c = (importance_weighted_bound(model, binary, num_samples=2, seed=seed) for seed in (1, 1, 2))
    assert a == b != c


def test_no_sample_is_no_bound(digits: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="num_samples: got 0, expected at least 1"):
        importance_weighted_bound(small_model(), digits, num_samples=0)
