"""The colour pixel, whose event is three channels: what the table of likelihoods does not cover."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tolerances import EXACT, P_VALUE, QUADRATURE, SAMPLES

from vaelosses import ConvVAE, RGBLogisticMixture, RGBLogisticMixtureHead, bits_per_dim
from vaelosses.evaluation import evaluate
from vaelosses.likelihoods import ChannelsFirst
from vaelosses.training import fit

SHAPES = {"logits": (2,), "loc": (2, 3), "scale": (2, 3), "coefficients": (2, 3)}


def parameters(*batch: int, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    raw = {name: torch.randn(*batch, *shape, dtype=dtype) for name, shape in SHAPES.items()}
    return raw | {"loc": raw["loc"] / 4 + 0.5, "scale": raw["scale"].exp() / 10}


def all_pixels(num_levels: int) -> torch.Tensor:
    levels = torch.arange(num_levels, dtype=torch.float64) / (num_levels - 1)
    return torch.cartesian_prod(levels, levels, levels)


def pixelcnn_log_prob(
    pixel: np.ndarray, logits: np.ndarray, means: np.ndarray, log_scales: np.ndarray, c: np.ndarray
) -> float:
    """The loss of PixelCNN++ as its paper has it, on [-1, 1], for one pixel, in scalars."""
    x = 2 * pixel - 1
    total = 0.0
    for k in range(len(logits)):
        m = means[k].copy()
        m[1] += c[k, 0] * x[0]
        m[2] += c[k, 1] * x[0] + c[k, 2] * x[1]
        mass = 1.0
        for channel in range(3):
            inverse = math.exp(-log_scales[k, channel])
            above = 1 / (1 + math.exp(-inverse * (x[channel] - m[channel] + 1 / 255)))
            below = 1 / (1 + math.exp(-inverse * (x[channel] - m[channel] - 1 / 255)))
            above, below = (1.0 if x[channel] == 1 else above), (0.0 if x[channel] == -1 else below)
            mass *= above - below
        total += mass * math.exp(logits[k]) / np.exp(logits).sum()
    return math.log(total)


def test_it_is_the_loss_of_pixelcnn_in_other_units() -> None:
    p = parameters()
    p["scale"] = p["scale"] + 0.2  # improbable bins cancel in the textbook's form
    for pixel in ([0, 128, 255], [100, 120, 90], [255, 0, 1]):
        pixel = torch.tensor(pixel, dtype=torch.float64) / 255
        theirs = pixelcnn_log_prob(
            pixel.numpy(),
            p["logits"].numpy(),
            2 * p["loc"].numpy() - 1,
            np.log(2 * p["scale"].numpy()),
            p["coefficients"].numpy(),
        )
        assert math.isclose(RGBLogisticMixture(**p).log_prob(pixel).item(), theirs, rel_tol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(0, 1000))
def test_masses_of_all_colours_sum_to_one(num_levels: int, seed: int) -> None:
    torch.manual_seed(seed)
    d = RGBLogisticMixture(**parameters(), num_levels=num_levels)
    assert abs(d.log_prob(all_pixels(num_levels)).exp().sum().item() - 1) < QUADRATURE


def test_samples_follow_the_chain() -> None:
    d = RGBLogisticMixture(**parameters(), num_levels=3)
    pixels = all_pixels(3)
    samples = (d.sample((SAMPLES,)) * 2).round().long()
    counts = np.bincount((samples * torch.tensor([9, 3, 1])).sum(-1).numpy(), minlength=27)
    expected = d.log_prob(pixels).exp().numpy() * len(samples)
    common = expected > 5
    assert counts[~common].sum() <= 50
    rescaled = expected[common] * counts[common].sum() / expected[common].sum()
    assert stats.chisquare(counts[common], rescaled).pvalue > P_VALUE


def test_extremes_are_finite_with_a_gradient() -> None:
    for scale in (-12, 12):
        p = {k: torch.zeros(shape, requires_grad=True) for k, shape in SHAPES.items() if k != "scale"}
        p["scale"] = torch.full(SHAPES["scale"], math.exp(scale), requires_grad=True)
        for pixel in ([0.0, 1.0, 0.0], [1.0, 1.0, 1.0]):
            for loc in (-100.0, 0.0, 100.0):
                d = RGBLogisticMixture(**p | {"loc": p["loc"] + loc}, validate_args=True)
                value = d.log_prob(torch.tensor(pixel))
                grads = torch.autograd.grad(value, list(p.values()), retain_graph=True)
                assert torch.isfinite(value)
                assert all(torch.isfinite(grad).all() for grad in grads)


def test_gradcheck_expand_vmap_compile_and_copies() -> None:
    p = parameters()
    value = torch.tensor([0.2, 0.0, 1.0], dtype=torch.float64)
    tensors = [tensor.requires_grad_() for tensor in p.values()]

    def log_prob(*tensors: torch.Tensor) -> torch.Tensor:
        return RGBLogisticMixture(*tensors, num_levels=6, validate_args=False).log_prob(value)

    expected = log_prob(*tensors)
    assert torch.autograd.gradcheck(log_prob, tensors)
    assert torch.autograd.gradgradcheck(log_prob, tensors)
    batch = [tensor.detach().expand(4, *tensor.shape).clone() for tensor in tensors]
    torch.testing.assert_close(torch.vmap(log_prob)(*batch), expected.expand(4))
    torch.compiler.reset()
    compiled = torch.compile(log_prob, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*tensors), expected)
    d = RGBLogisticMixture(**{k: tensor.detach() for k, tensor in p.items()}, num_levels=6)
    assert d.expand((4, 5)).sample((2,)).shape == (2, 4, 5, 3)
    torch.testing.assert_close(d.expand((4,)).log_prob(value), expected.expand(4))
    torch.testing.assert_close(copy.deepcopy(d.expand((1,))).log_prob(value), expected.expand(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_lower_precision(dtype: torch.dtype) -> None:
    p = {name: tensor.to(dtype) for name, tensor in parameters(50).items()}
    pixel = torch.tensor([0.0, 0.4, 1.0])
    got = RGBLogisticMixture(**p).log_prob(pixel)
    expected = RGBLogisticMixture(**{k: v.double() for k, v in p.items()}).log_prob(pixel.double())
    assert got.dtype == torch.float32
    assert ((got - expected).abs() / expected.abs()).max() < EXACT[torch.float32]


def test_moments_are_not_defined() -> None:
    d = RGBLogisticMixture(**parameters())
    for name in ("mean", "variance", "mode"):
        with pytest.raises(NotImplementedError):
            getattr(d, name)


def test_bad_arguments() -> None:
    p = parameters()
    with pytest.raises(ValueError, match="num_levels: got 1"):
        RGBLogisticMixture(**p, num_levels=1)
    with pytest.raises(ValueError, match=r"got shapes \[\(2,\), \(2, 2\)"):
        RGBLogisticMixture(**p | {"loc": p["loc"][:, :2]})
    with pytest.raises(ValueError, match="Expected parameter scale"):
        RGBLogisticMixture(**p | {"scale": -p["scale"]})
    d = RGBLogisticMixture(**p)
    with pytest.raises(ValueError, match="support"):
        d.log_prob(torch.tensor([0.2, 0.501, 0.0]))
    with pytest.raises(ValueError, match="event_shape"):
        d.log_prob(torch.zeros(4))
    with pytest.raises(TypeError, match=r"value: got torch.bfloat16"):
        d.log_prob(torch.zeros(3, dtype=torch.bfloat16))
    with pytest.raises(ValueError, match="channels: got 1, expected 3"):
        RGBLogisticMixtureHead(1)
    with pytest.raises(ValueError, match="num_components: got 0"):
        RGBLogisticMixtureHead(num_components=0)
    with pytest.raises(ValueError, match="initial_scale: got 0"):
        RGBLogisticMixtureHead(initial_scale=0.0)
    with pytest.raises(ValueError, match=r"features: got shape \(2, 30, 4, 4\), expected \[B, 100, H, W\]"):
        RGBLogisticMixtureHead()(torch.zeros(2, 30, 4, 4))


def test_an_image_is_its_pixels() -> None:
    features = torch.randn(2, 40, 5, 6)
    p_x_given_z = RGBLogisticMixtureHead(num_components=4, num_levels=16)(features)
    assert isinstance(p_x_given_z, ChannelsFirst)
    assert (p_x_given_z.batch_shape, p_x_given_z.event_shape) == ((2,), (3, 5, 6))
    x = p_x_given_z.sample()
    assert p_x_given_z.sample((7,)).shape == (7, 2, 3, 5, 6)
    per_pixel = p_x_given_z.base_dist.log_prob(x.movedim(1, -1))
    torch.testing.assert_close(p_x_given_z.log_prob(x), per_pixel.sum((1, 2)))
    torch.testing.assert_close(
        bits_per_dim(p_x_given_z, x, num_levels=16), -per_pixel.sum((1, 2)) / (90 * math.log(2))
    )
    with pytest.raises(ValueError, match="num_levels: got 256, expected the 16"):
        bits_per_dim(p_x_given_z, x)
    wide = RGBLogisticMixtureHead(num_components=4, num_levels=16)(features[:1]).expand((3,))
    assert wide.log_prob(x[:1].expand(3, 3, 5, 6)).shape == (3,)


def test_a_network_learns_with_it() -> None:
    torch.manual_seed(0)
    x = (torch.rand(128, 1, 32, 32).expand(-1, 3, -1, -1) * 255).round() / 255
    model = ConvVAE(RGBLogisticMixtureHead(num_components=2), (3, 32, 32), latent_dim=4)
    history = fit(model, x, epochs=3, batch_size=32)
    assert history.loss[-1] < history.loss[0]
    assert evaluate(model, x[:4]).bits_per_dim < 8
