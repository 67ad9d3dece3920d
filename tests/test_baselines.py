"""What needs no network, against scikit-learn, dense Gaussians, sampling and counting by hand."""

import math
from collections import Counter

import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor
from torch.distributions import MultivariateNormal

from vaelosses import baselines


@pytest.fixture
def images() -> Tensor:
    """300 images of six correlated pixels on the grid of 256 levels."""
    mixing = torch.randn(6, 6) * torch.tensor([1.0, 0.6, 0.4, 0.2, 0.1, 0.05])
    return ((torch.randn(300, 6) @ mixing.T * 0.15 + 0.5).clamp(0, 1) * 255).round().reshape(
        -1, 1, 2, 3
    ) / 255


@pytest.mark.parametrize("latent_dim", [0, 2, 5])
def test_linear_vae_is_probabilistic_pca(images: Tensor, latent_dim: int) -> None:
    vae = baselines.linear_vae(images, latent_dim)
    flat = images.flatten(1).double().numpy()
    # scikit-learn divides the covariance by n - 1; the maximum of the likelihood by n.
    shrink = (len(flat) - 1) / len(flat)
    if latent_dim:
        pca = PCA(latent_dim, svd_solver="full").fit(flat)
        assert vae.variance == pytest.approx(pca.noise_variance_ * shrink, rel=1e-10)
        covariance = torch.from_numpy(pca.get_covariance() * shrink)
    else:
        covariance = torch.eye(6).double() * float(flat.var(0).mean())
    ours = vae.weight @ vae.weight.T + vae.variance * torch.eye(6).double()
    torch.testing.assert_close(ours, covariance, rtol=1e-9, atol=1e-12)
    dense = MultivariateNormal(vae.mean, ours).log_prob(images.flatten(1).double())
    torch.testing.assert_close(vae.log_prob(images), dense, rtol=1e-9, atol=1e-9)


def negative_beta_elbo(weight: Tensor, covariance: Tensor, variance: float, beta: float) -> Tensor:
    """With the best linear encoder, in closed form: the posterior of noise beta * variance."""
    noise = beta * variance
    model = weight @ weight.T + noise * torch.eye(len(covariance))
    return beta / 2 * (torch.logdet(model) + torch.trace(torch.linalg.solve(model, covariance)))


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_linear_vae_maximises_the_beta_elbo(images: Tensor, beta: float) -> None:
    torch.set_default_dtype(torch.float64)
    flat = images.flatten(1).double()
    covariance = torch.cov(flat.T, correction=0)
    vae = baselines.linear_vae(images, 4, variance=0.004, beta=beta)
    best = negative_beta_elbo(vae.weight, covariance, 0.004, beta)
    for _ in range(50):
        other = vae.weight + 0.02 * torch.randn(6, 4)
        assert negative_beta_elbo(other, covariance, 0.004, beta) > best


def test_a_latent_survives_above_beta_times_variance(images: Tensor) -> None:
    third = baselines.eigenvalues(images)[2].item()
    for factor, count in ((0.999, 3), (1.001, 2)):
        vae = baselines.linear_vae(images, 6, variance=factor * third / 2, beta=2.0)
        assert vae.surviving == count
        assert baselines.surviving_latents(baselines.eigenvalues(images), factor * third / 2, beta=2) == count


def test_linear_vae_bits_equal_sampled_dequantisation(images: Tensor) -> None:
    """On eight levels the noise is as large as the pixels' own, so that a lost term would show."""
    coarse = (images * 7).round() / 7
    exact = baselines.linear_vae_bits(coarse, coarse, 2, num_levels=8)
    vae = baselines.linear_vae(coarse, 2, noise=1 / (12 * 7**2))
    noisy = coarse.repeat(400, 1, 1, 1).double() + (torch.rand(400 * 300, 1, 2, 3).double() - 0.5) / 7
    sampled = (-vae.log_prob(noisy) + 6 * math.log(7)) / (6 * math.log(2))
    assert abs(sampled.mean().item() - exact) < 5 * sampled.std().item() / math.sqrt(len(sampled))


def test_full_gaussian_costs_the_shaping_gap_on_uniform_pixels() -> None:
    x = torch.cartesian_prod(*[torch.arange(256)] * 2).reshape(-1, 1, 1, 2) / 255
    gap = math.log2(2 * math.pi * math.e / 12) / 2
    assert baselines.full_gaussian_bits(x, x) == pytest.approx(8 + gap, abs=1e-4)


def test_histograms_equal_a_count_by_hand(images: Tensor) -> None:
    train, test = images[:200], images[200:]
    levels = [[round(255 * value) for value in image.flatten().tolist()] for image in train]
    wanted = [[round(255 * value) for value in image.flatten().tolist()] for image in test]

    def bits(count: int, total: int) -> float:
        return -math.log2((count + 1 / 256) / (total + 1))

    pooled = Counter(level for image in levels for level in image)
    iid = [bits(pooled[level], 200 * 6) for image in wanted for level in image]
    assert baselines.iid_histogram_bits(train, test) == pytest.approx(sum(iid) / len(iid), rel=1e-12)

    each = [Counter(column) for column in zip(*levels, strict=True)]
    pixel = [bits(each[i][level], 200) for image in wanted for i, level in enumerate(image)]
    assert baselines.pixel_histogram_bits(train, test) == pytest.approx(sum(pixel) / len(pixel), rel=1e-12)


def test_uniform() -> None:
    assert baselines.uniform_bits() == 8
    assert baselines.uniform_bits(32) == 5


def test_bad_arguments(images: Tensor) -> None:
    with pytest.raises(ValueError, match="latent_dim: got 7, expected 0 to 6"):
        baselines.linear_vae(images, 7)
    with pytest.raises(ValueError, match=r"variance: got 0\.0, expected a positive number"):
        baselines.linear_vae(images, 2, variance=0.0)
    with pytest.raises(ValueError, match="variance: got None with beta=2"):
        baselines.linear_vae(images, 2, beta=2)
    with pytest.raises(ValueError, match="variance, beta: got -1"):
        baselines.surviving_latents(torch.ones(3), -1.0)
    for bits in (baselines.iid_histogram_bits, baselines.pixel_histogram_bits, baselines.full_gaussian_bits):
        with pytest.raises(ValueError, match="levels off the grid"):
            bits(images, images + 0.001)
