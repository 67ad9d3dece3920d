"""The loop: seeds, history, and how it ends when something goes wrong."""

import math

import pytest
import torch

from vaelosses import MLPVAE, GaussianHead, elbo
from vaelosses.bits import grid_log_prob
from vaelosses.evaluation import evaluate
from vaelosses.training import fit, negative_elbo, negative_grid_elbo


def small_model(seed: int = 0) -> MLPVAE:
    torch.manual_seed(seed)
    return MLPVAE(GaussianHead(scale=0.3), latent_dim=2, hidden=(30,))


def weights(model: MLPVAE) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def test_the_seed_decides_and_the_loss_falls(digits: torch.Tensor) -> None:
    ends = []
    for seed in (3, 3, 4):
        model = small_model()
        history = fit(model, digits, epochs=5, x_test=digits[:50], batch_size=64, seed=seed)
        ends.append(weights(model))
        assert history.loss[-1] < history.loss[0] - 20
        assert len(history.loss) == len(history.test_loss) == len(history.seconds) == 5
        assert not history.interrupted
        assert not model.training
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_the_batches_come_from_the_seed_and_not_from_the_loss(digits: torch.Tensor) -> None:
    seen = []

    def spy(x, p, q):
        seen.append(x.sum().item())
        return negative_elbo(x, p, q)

    for seed, loss in ((1, spy), (1, lambda x, p, q: 2 * spy(x, p, q)), (2, spy)):
        fit(small_model(), digits, epochs=2, loss=loss, batch_size=64, seed=seed)
    assert seen[:8] == seen[8:16]
    assert seen[:8] != seen[16:]


def broken_from(call: int, wrong):
    """A loss that is right until the given call."""
    calls = iter(range(10**6))

    def loss(x, p, q):
        return wrong(x, p, q) if next(calls) >= call else negative_elbo(x, p, q)

    return loss


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, p, q: negative_elbo(x, p, q) * math.nan,
        lambda x, p, q: negative_elbo(x, p, q) * math.inf,
        lambda x, p, q: (p.mean - p.mean).abs().sqrt().sum(),  # finite, but its gradient is not
    ],
    ids=["nan", "inf", "gradient"],
)
def test_the_first_non_finite_step_stops_training(digits: torch.Tensor, wrong) -> None:
    model = small_model()
    with pytest.raises(
        FloatingPointError, match=r"loss: got .* in epoch 2, step 2, .* weights are those before"
    ):
        fit(model, digits, epochs=3, loss=broken_from(5, wrong), batch_size=64)
    stopped = weights(model)
    assert stopped.isfinite().all()
    assert not model.training

    reference = small_model()

    def interrupt(x, p, q):
        raise KeyboardInterrupt

    history = fit(reference, digits, epochs=3, loss=broken_from(5, interrupt), batch_size=64)
    assert torch.equal(weights(reference), stopped)
    assert history.interrupted
    assert len(history.loss) == 1


def test_an_interrupt_says_what_is_kept(digits: torch.Tensor, capsys: pytest.CaptureFixture) -> None:
    def interrupt(x, p, q):
        raise KeyboardInterrupt

    fit(small_model(), digits, epochs=3, loss=broken_from(4, interrupt), batch_size=64)
    assert "Interrupted after 1 of 3 epochs; the weights so far are kept." in capsys.readouterr().out


def test_bad_arguments(digits: torch.Tensor) -> None:
    with pytest.raises(TypeError, match=r"x_train: got torch.uint8"):
        fit(small_model(), (255 * digits).to(torch.uint8), epochs=1)
    with pytest.raises(ValueError, match="epochs: got 0"):
        fit(small_model(), digits, epochs=0)
    for batch_size in (0, 257):
        with pytest.raises(ValueError, match=f"batch_size: got {batch_size}, expected 1 to 256"):
            fit(small_model(), digits, epochs=1, batch_size=batch_size)


def test_beta_reaches_the_loss(digits: torch.Tensor) -> None:
    rates = []
    for beta in (0.1, 10.0):
        model = small_model()
        fit(
            model,
            digits,
            epochs=30,
            batch_size=64,
            loss=lambda x, p, q, b=beta: -elbo(x, p, q, beta=b).elbo.mean(),
        )
        rates.append(evaluate(model, digits).kl)
    assert rates[0] > 2 * rates[1]


@pytest.mark.parametrize("how", ["bin", "dequantize"])
def test_a_loss_on_the_grid_gives_each_grey_level_its_mass(digits: torch.Tensor, how: str) -> None:
    x, model = digits[:20], small_model()
    torch.manual_seed(3)
    p_x_given_z, q_z_given_x = model(x)
    torch.manual_seed(4)
    mass = grid_log_prob(p_x_given_z, x, how=how)
    rate = elbo(x, p_x_given_z, q_z_given_x).kl
    torch.manual_seed(4)
    loss = negative_grid_elbo(how)(x, p_x_given_z, q_z_given_x)
    torch.testing.assert_close(loss, (rate - mass).mean())
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())
