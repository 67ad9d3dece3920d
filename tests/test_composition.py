"""The likelihoods inside other people's libraries: zuko and Pyro."""

import copy

import pyro
import pytest
import torch
import zuko
from likelihood_row import Row
from likelihood_table import ROWS
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch.distributions import Distribution

each_row = pytest.mark.parametrize("row", ROWS, ids=str)


def pair(row: Row) -> tuple[Distribution, torch.Tensor]:
    """Two sets of parameters in one batch, and a value for each."""
    first, last = row.parameters[0], row.parameters[-1]
    d = row(**{key: torch.tensor([first[key], last[key]]) for key in first})
    return d, torch.tensor([row.values[0], row.values[-1]])


def for_pyro(d: Distribution) -> Distribution:
    """What ``class MyLaplace(Laplace, TorchDistributionMixin)`` gives, for a distribution that is there."""
    d = copy.copy(d)
    d.__class__ = type(type(d).__name__, (type(d), TorchDistributionMixin), {})
    return d


@each_row
def test_zuko_mixture_and_joint(row: Row) -> None:
    d, x = pair(row)
    mixture = zuko.distributions.Mixture(d, logits=torch.tensor([0.0, 1.0]))
    weights = torch.tensor([0.0, 1.0]).log_softmax(0)
    expected = (weights + d.log_prob(x[0])).logsumexp(0)
    torch.testing.assert_close(mixture.log_prob(x[0]), expected)
    assert mixture.sample((4,)).shape == (4,)

    joint = zuko.distributions.Joint(d, d)
    torch.testing.assert_close(joint.log_prob(torch.stack([x, x], dim=-1)), 2 * d.log_prob(x))


@each_row
def test_zuko_trains_the_parameters(row: Row) -> None:
    names = list(row.parameters[0])
    lazy = zuko.lazy.UnconditionalDistribution(
        lambda *tensors: row(**dict(zip(names, tensors, strict=True))),
        *(torch.nn.Parameter(torch.tensor(row.parameters[-1][name])) for name in names),
    )
    (-lazy().log_prob(torch.tensor(row.values[-1]))).backward()
    assert all(torch.isfinite(parameter.grad) for parameter in lazy.parameters())


@each_row
def test_pyro_scores_an_observation_and_enumerates_its_plate(row: Row) -> None:
    d, x = pair(row)

    def model() -> None:
        with pyro.plate("pixels", 2):
            pyro.sample("x", for_pyro(d), obs=x)

    trace = pyro.poutine.trace(model).get_trace()
    torch.testing.assert_close(trace.log_prob_sum(), d.log_prob(x).sum())
    whole = for_pyro(d).expand_by([3]).to_event(2)
    torch.testing.assert_close(whole.log_prob(x.expand(3, 2)), 3 * d.log_prob(x).sum())
    assert for_pyro(d).mask(torch.tensor([True, False])).log_prob(x)[1] == 0


def test_pyro_infers_the_location() -> None:
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    row = next(row for row in ROWS if row.name == "laplace")
    x = torch.tensor([0.2, 0.3, 0.35, 0.9])

    def model() -> None:
        loc = pyro.param("loc", torch.tensor(0.0))
        with pyro.plate("pixels", len(x)):
            pyro.sample("x", for_pyro(row(loc=loc, scale=torch.tensor(0.1))), obs=x)

    svi = pyro.infer.SVI(model, lambda: None, pyro.optim.Adam({"lr": 0.01}), pyro.infer.Trace_ELBO())
    for _ in range(200):
        svi.step()
    assert 0.29 <= pyro.param("loc").item() <= 0.36  # a median of the data
