"""The two networks: shapes, gradients, seeds, and what they refuse."""

import pytest
import torch

from vaelosses import MLPVAE, BernoulliHead, ConvVAE, GaussianHead

BUILD = {
    "mlp": lambda head, shape: MLPVAE(head, shape, latent_dim=3, hidden=(20, 10)),
    "linear": lambda head, shape: MLPVAE(head, shape, latent_dim=3, hidden=()),
    "conv": lambda head, shape: ConvVAE(head, shape, latent_dim=3, width=4),
}
each_network = pytest.mark.parametrize("build", BUILD.values(), ids=BUILD)


@each_network
@pytest.mark.parametrize("scale", ["shared", "channel", "pixel", "optimal", 0.1])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 12)])
def test_shapes_and_gradients(build, scale, shape: tuple[int, int, int]) -> None:
    model = build(GaussianHead(shape[0], scale=scale), shape)
    p_x_given_z, q_z_given_x = model(torch.rand(5, *shape))
    assert (p_x_given_z.batch_shape, p_x_given_z.event_shape) == ((5,), shape)
    assert (q_z_given_x.batch_shape, q_z_given_x.event_shape) == ((5,), (3,))
    p_x_given_z.log_prob(torch.rand(5, *shape)).sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


@each_network
def test_prior_samples_need_no_gradient(build) -> None:
    model = build(BernoulliHead(), (1, 8, 8)).eval()
    claim = model.prior_sample(7)
    assert claim.sample().shape == (7, 1, 8, 8)
    assert not claim.mean.requires_grad


@each_network
def test_weights_come_from_the_seed_and_survive_saving(build) -> None:
    models = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        models.append(build(GaussianHead(scale="optimal"), (1, 8, 8)))
    first, same, other = (torch.nn.utils.parameters_to_vector(m.parameters()) for m in models)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)

    models[0](torch.rand(5, 1, 8, 8))  # moves the running scale
    models[2].load_state_dict(models[0].state_dict())
    z = torch.randn(4, 3)
    for model in models:
        model.eval()
    torch.testing.assert_close(models[2].decode(z).variance, models[0].decode(z).variance)
    assert not torch.equal(models[1].decode(z).variance, models[0].decode(z).variance)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"image_shape: got \(3, 8, 8\), expected .* C = 1"):
        MLPVAE(GaussianHead(channels=1), (3, 8, 8))
    with pytest.raises(ValueError, match=r"image_shape: got \(1, 10, 8\), expected sides divisible by 4"):
        ConvVAE(GaussianHead(), (1, 10, 8))
    with pytest.raises(ValueError, match="target: got None"):
        MLPVAE(GaussianHead(scale="optimal")).decode(torch.zeros(2, 20))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": "learned"}, "scale: got 'learned', expected a positive number or one of"),
        ({"scale": 0.0}, "scale: got 0.0"),
        ({"scale": float("nan")}, "scale: got nan"),
        ({"min_scale": -0.1}, "min_scale, initial_scale: got -0.1"),
        ({"min_scale": 0.3}, "expected 0 <= min_scale < initial_scale"),
    ],
)
def test_a_gaussian_head_refuses_a_bad_scale(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GaussianHead(**arguments)


def test_learned_scales_start_where_asked_and_respect_their_bound() -> None:
    for scale in ("shared", "channel", "pixel"):
        head = GaussianHead(3, scale=scale, initial_scale=0.3, min_scale=0.1)
        features = torch.zeros(2, head.num_features, 4, 4)
        torch.testing.assert_close(head(features).stddev, torch.full((2, 3, 4, 4), 0.3))
    features[:, 3:] = -1000.0
    torch.testing.assert_close(head(features).stddev, torch.full((2, 3, 4, 4), 0.1))


def test_the_optimal_scale_is_the_root_mean_square_and_is_kept_for_evaluation() -> None:
    head = GaussianHead(scale="optimal")
    loc, x = torch.rand(2, 6, 1, 4, 4)
    rms = (x - loc).square().mean().sqrt()
    for _ in range(300):
        p = head(loc, x)
    torch.testing.assert_close(p.stddev, rms.expand(6, 1, 4, 4))
    head.eval()
    torch.testing.assert_close(head(loc).stddev, rms.expand(6, 1, 4, 4))
    torch.testing.assert_close(head(loc, 100 * x).stddev, rms.expand(6, 1, 4, 4))  # it does not look
    assert p.log_prob(x).sum() >= max(
        GaussianHead(scale=rms.item() * k)(loc).log_prob(x).sum() for k in (0.9, 1.1)
    )
