"""The evidence lower bound: its value where everything is known, and what it refuses."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, StudentT

from vaelosses import Gaussian, elbo
from vaelosses.objectives import standard_normal_prior


def image(batch: int, *shape: int, loc: float = 0.0, scale: float = 1.0) -> Independent:
    return Independent(Gaussian(torch.full((batch, *shape), loc), scale), len(shape))


def latents(batch: int, size: int, loc: float = 0.0, scale: float = 1.0) -> Independent:
    return Independent(Normal(torch.full((batch, size), loc), torch.full((batch, size), scale)), 1)


def test_terms_per_example_in_nats() -> None:
    terms = elbo(torch.full((5, 1, 2, 3), 0.3), image(5, 1, 2, 3), latents(5, 2, loc=1.0, scale=0.5), beta=4)
    pixels = -6 * (0.5 * 0.3**2 + 0.5 * math.log(2 * math.pi))
    divergence = 2 * (math.log(1 / 0.5) + (0.25 + 1) / 2 - 0.5)
    torch.testing.assert_close(terms.log_likelihood, torch.full((5,), pixels))
    torch.testing.assert_close(terms.kl, torch.full((5,), divergence))
    torch.testing.assert_close(terms.elbo, torch.full((5,), pixels - 4 * divergence))


def test_the_bound_is_tight_at_the_posterior_of_a_linear_model() -> None:
    """x | z ~ N(W z, v I): averaged over the exact posterior the ELBO is log p(x), to the last digit."""
    torch.set_default_dtype(torch.float64)
    weight, variance, x = torch.randn(3, 2), 0.3, torch.randn(3)
    precision = torch.eye(2) + weight.T @ weight / variance
    posterior = MultivariateNormal(
        torch.linalg.solve(precision, weight.T @ x) / variance, precision_matrix=precision
    )
    z = posterior.sample((200_000,))
    log_ratio = (
        Independent(Gaussian(z @ weight.T, math.sqrt(variance)), 1).log_prob(x)
        + standard_normal_prior(latents(1, 2)).log_prob(z)
        - posterior.log_prob(z)
    )
    evidence = MultivariateNormal(torch.zeros(3), weight @ weight.T + variance * torch.eye(3)).log_prob(x)
    torch.testing.assert_close(log_ratio, evidence.expand_as(log_ratio), rtol=1e-10, atol=1e-10)


def test_another_prior() -> None:
    prior = Independent(Normal(torch.ones(2), torch.ones(2)), 1)
    terms = elbo(torch.zeros(5, 1, 2, 3), image(5, 1, 2, 3), latents(5, 2), prior)
    torch.testing.assert_close(terms.kl, torch.ones(5))


@pytest.mark.parametrize(
    ("x", "p", "q", "message"),
    [
        (
            torch.zeros(5, 1, 2, 1),
            image(5, 1, 2, 3),
            latents(5, 2),
            r"x, p_x_given_z: got x of shape \(5, 1, 2, 1\)",
        ),
        (torch.zeros(1, 1, 2, 3), image(5, 1, 2, 3), latents(5, 2), "x, p_x_given_z: got x of shape"),
        (torch.zeros(5, 3), Gaussian(torch.zeros(5, 3), 1.0), latents(5, 2), "wrap with Independent"),
        (torch.zeros(5, 1, 2, 3), image(5, 1, 2, 3), latents(4, 2), r"q_z_given_x: got batch_shape \(4,\)"),
        (torch.zeros(5, 1, 2, 3), image(5, 1, 2, 3), Normal(torch.zeros(5, 2), 1.0), "wrap with Independent"),
    ],
)
def test_shapes_that_would_broadcast_are_refused(x, p, q, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        elbo(x, p, q)


def test_other_bad_arguments() -> None:
    x, p, q = torch.zeros(5, 1, 2, 3), image(5, 1, 2, 3), latents(5, 2)
    with pytest.raises(TypeError, match=r"x: got torch.uint8, expected a floating-point tensor"):
        elbo(x.to(torch.uint8), p, q)
    for beta in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="beta: got"):
            elbo(x, p, q, beta=beta)
    with pytest.raises(ValueError, match=r"prior: got event_shape \(3,\), expected \(2,\)"):
        elbo(x, p, q, standard_normal_prior(latents(1, 3)))
    with pytest.raises(NotImplementedError, match="KL"):
        elbo(x, p, Independent(StudentT(3.0, torch.zeros(5, 2)), 1))
