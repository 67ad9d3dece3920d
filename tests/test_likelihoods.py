"""Each property is one test over all likelihoods: see likelihood_row.py."""

import copy
import io
import math

import mpmath
import numpy as np
import pytest
import torch
from likelihood_row import Row, exact_log_prob, nodes_and_weights
from likelihood_table import ROWS, each_point, each_row
from scipy import stats
from tolerances import EXACT, P_VALUE, QUADRATURE, SAMPLES
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Independent, MixtureSameFamily

each_edge = pytest.mark.parametrize(
    ("row", "parameters", "value"), [(row, p, v) for row in ROWS for p, v in row.edges], ids=str
)
each_head = pytest.mark.parametrize(
    ("row", "head"), [(row, head) for row in ROWS for head in row.heads], ids=str
)


def rounded(parameters: dict, dtype: torch.dtype) -> dict:
    return {key: torch.tensor(number, dtype=dtype).item() for key, number in parameters.items()}


def assert_exact(got: torch.Tensor, expected: mpmath.mpf, dtype: torch.dtype, *, unit: float = 1.0) -> None:
    error = abs(got.item() - expected) / max(unit, abs(expected))
    assert error <= EXACT[dtype], f"got {got.item()!r}, exact {expected}, relative error {float(error):.1e}"


@each_point
def test_log_prob_equals_the_textbook(row: Row, parameters: dict) -> None:
    # The logarithm of a mass never changes sign, so it must be right in relative terms, however small.
    unit = 1e-300 if row.discrete else 1.0
    d = row.build(parameters)
    for value in row.values:
        got = d.log_prob(torch.tensor(value, dtype=torch.float64))
        assert_exact(got, exact_log_prob(row, parameters, value), torch.float64, unit=unit)


@each_point
def test_mass_is_one(row: Row, parameters: dict) -> None:
    nodes, weights = nodes_and_weights(row, parameters)
    density = row.build(parameters).log_prob(torch.tensor(nodes)).exp().numpy()
    assert abs(weights @ density - 1) < QUADRATURE


@each_point
def test_moments_equal_those_of_the_textbook(row: Row, parameters: dict) -> None:
    d, oracle = row.build(parameters), row.oracle(**parameters)
    nodes, weights = nodes_and_weights(row, parameters)
    log_probs = np.array([float(exact_log_prob(row, parameters, x)) for x in nodes])
    weights = weights * np.exp(log_probs)
    mean = weights @ nodes
    integrals = {"mean": mean, "variance": weights @ (nodes - mean) ** 2, "entropy": -weights @ log_probs}
    for name, integral in integrals.items():
        if name in row.undefined:
            continue
        known = getattr(oracle, {"variance": "var"}.get(name, name), None)
        expected = integral if known is None else float(known())
        got = getattr(d, name)() if name == "entropy" else getattr(d, name)
        assert math.isclose(got.item(), expected, rel_tol=QUADRATURE, abs_tol=QUADRATURE), name


@each_point
def test_median_has_half_of_the_mass_on_either_side(row: Row, parameters: dict) -> None:
    if "median" in row.undefined:
        return
    d = row.build(parameters)
    if row.discrete:
        values = torch.tensor(row.values, dtype=torch.float64)
        mass = d.log_prob(values).exp()
        assert mass[values <= d.median].sum() >= 0.5 - EXACT[torch.float64]
        assert mass[values < d.median].sum() < 0.5
    else:
        assert_exact(d.median, float(row.oracle(**parameters).ppf(0.5)), torch.float64)


@each_point
def test_mode_is_where_log_prob_is_largest(row: Row, parameters: dict) -> None:
    if "mode" in row.undefined:
        return
    d = row.build(parameters)
    nodes, _ = nodes_and_weights(row, parameters)
    largest = d.log_prob(torch.tensor(nodes)).max()
    assert d.log_prob(d.mode) >= largest - EXACT[torch.float64] * max(1, abs(largest))


@each_row
def test_what_does_not_exist_is_missing_or_not_finite(row: Row) -> None:
    d = row.build(row.parameters[0])
    arguments = {"entropy": (), "icdf": (torch.tensor(0.5),)}
    for name in set(row.undefined) - {"kl"}:
        try:
            value = getattr(d, name)(*arguments[name]) if name in arguments else getattr(d, name)
        except (NotImplementedError, AttributeError):
            continue
        assert not torch.isfinite(value), name


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@each_edge
def test_edges_are_exact(row: Row, parameters: dict, value: float, dtype: torch.dtype) -> None:
    parameters, value = rounded(parameters, dtype), torch.tensor(value, dtype=dtype).item()
    got = row.build(parameters, dtype).log_prob(torch.tensor(value, dtype=dtype))
    assert_exact(got, exact_log_prob(row, parameters, value), dtype)


@each_edge
def test_gradients_at_edges_are_exact(row: Row, parameters: dict, value: float) -> None:
    exactly, value = rounded(parameters, torch.float32), torch.tensor(value).item()
    inputs = {key: torch.tensor(number, requires_grad=True) for key, number in parameters.items()}
    row(**inputs).log_prob(torch.tensor(value)).backward()
    for key, tensor in inputs.items():
        with mpmath.workdps(150):
            step = mpmath.mpf(abs(exactly[key]) or 1) * mpmath.mpf(10) ** -20
            above = exact_log_prob(row, exactly | {key: exactly[key] + step}, value, digits=150)
            below = exact_log_prob(row, exactly | {key: exactly[key] - step}, value, digits=150)
            exact = (above - below) / (2 * step)
        if abs(exact) < torch.finfo(torch.float32).max:
            assert_exact(tensor.grad, exact, torch.float32)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@each_point
def test_half_precision_gives_a_float32_value(row: Row, parameters: dict, dtype: torch.dtype) -> None:
    parameters = rounded(parameters, dtype)
    d = row.build(parameters, dtype)
    for value in row.values:
        # A grid of grey levels does not fit into half precision; the parameters do.
        value = torch.tensor(value, dtype=torch.float32 if row.discrete else dtype)
        got = d.log_prob(value)
        assert got.dtype == torch.float32
        assert_exact(got, exact_log_prob(row, parameters, value.item()), torch.float32)


@each_point
def test_samples_agree_with_log_prob(row: Row, parameters: dict) -> None:
    d = row.build(parameters)
    samples = d.sample((SAMPLES,)).numpy()
    oracle = row.oracle(**parameters)
    if row.discrete:
        probs = np.array([float(mpmath.exp(exact_log_prob(row, parameters, x))) for x in row.values])
        counts = np.array([np.isclose(samples, value, rtol=0, atol=1e-9).sum() for value in row.values])
        assert counts.sum() == len(samples)
    elif row.atoms:
        cuts = np.unique([*row.atoms, *oracle.ppf(np.linspace(0.05, 0.95, 19))])
        probs = np.diff([0, *oracle.cdf(cuts), 1])
        counts = np.bincount(np.searchsorted(cuts, samples), minlength=len(cuts) + 1)
    else:
        assert stats.kstest(samples, oracle.cdf).pvalue > P_VALUE
        return
    rare = probs * len(samples) < 5
    assert counts[rare].sum() <= 50
    if (~rare).sum() > 1:
        expected = probs[~rare] * counts[~rare].sum() / probs[~rare].sum()
        assert stats.chisquare(counts[~rare], expected).pvalue > P_VALUE


@each_row
def test_shapes_expand_and_independent(row: Row) -> None:
    parameters = {k: torch.full((4, 1), v, dtype=torch.float64) for k, v in row.parameters[0].items()}
    d = row(**parameters).expand((4, 3))
    value = torch.full((4, 3), row.values[0], dtype=torch.float64)
    assert (d.batch_shape, d.event_shape) == ((4, 3), ())
    assert d.sample((5,)).shape == (5, 4, 3)
    for name in {"mean", "mode", "median", "variance"} - set(row.undefined):
        assert getattr(d, name).shape == (4, 3), name
    fresh = row(**{k: t.expand(4, 3) for k, t in parameters.items()})
    torch.testing.assert_close(d.log_prob(value), fresh.log_prob(value), rtol=0, atol=0)
    together = Independent(d, 1).log_prob(value)
    torch.testing.assert_close(together, d.log_prob(value).sum(1), rtol=0, atol=0)


@each_row
def test_mixture_pickle_deepcopy_vmap_and_compile(row: Row) -> None:
    batch = {
        k: torch.tensor([a, b]).double()
        for (k, a), b in zip(row.parameters[0].items(), row.parameters[-1].values(), strict=True)
    }
    value = torch.tensor(row.values[0], dtype=torch.float64)
    d = row(**batch)
    expected = d.log_prob(value)

    mixture = MixtureSameFamily(TorchCategorical(logits=torch.zeros(2).double()), d)
    torch.testing.assert_close(mixture.log_prob(value), expected.logsumexp(0) - np.log(2))

    stream = io.BytesIO()
    torch.save(d, stream)
    stream.seek(0)
    for twin in (copy.deepcopy(d), torch.load(stream, weights_only=False)):
        torch.testing.assert_close(twin.log_prob(value), expected, rtol=0, atol=0)

    torch.distributions.Distribution.set_default_validate_args(False)
    torch.compiler.reset()

    def log_prob(*tensors: torch.Tensor) -> torch.Tensor:
        return row(**dict(zip(batch, tensors, strict=True))).log_prob(value)

    torch.testing.assert_close(torch.vmap(log_prob)(*batch.values()), expected)
    per_example = torch.vmap(torch.func.grad(log_prob))(*batch.values())
    for k in range(2):
        one = [tensor[k] for tensor in batch.values()]
        torch.testing.assert_close(per_example[k], torch.func.grad(log_prob)(*one))
    compiled = torch.compile(log_prob, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*batch.values()), expected)


@each_row
def test_bad_values_and_parameters_are_refused(row: Row) -> None:
    d = row.build(row.parameters[0])
    for value in row.outside:
        with pytest.raises(ValueError, match="support"):
            d.log_prob(torch.tensor(value, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"value: got torch.uint8, expected a floating-point tensor"):
        d.log_prob(torch.tensor(1, dtype=torch.uint8))
    for parameters in row.bad_parameters:
        with pytest.raises(ValueError, match="Expected parameter"):
            row.build(parameters)


@each_head
def test_heads_give_one_distribution_per_image(row: Row, head: str) -> None:
    make_head = row.heads[head]
    for channels, size in ((1, (5, 7)), (3, (4, 4))):
        head = make_head(channels)
        x = torch.tensor(row.values)[torch.randint(len(row.values), (2, channels, *size))]
        features = torch.randn(2, head.num_features, *size, requires_grad=True)
        p_x_given_z = head(features, x)
        assert isinstance(p_x_given_z.base_dist, row.cls)
        assert (p_x_given_z.batch_shape, p_x_given_z.event_shape) == ((2,), (channels, *size))
        p_x_given_z.log_prob(x).sum().backward()
        assert (features.grad.abs().sum((0, 2, 3)) > 0).all()
        assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())
        head.eval()
        assert head(features).sample().shape == x.shape


@each_head
def test_heads_refuse_wrong_features(row: Row, head: str) -> None:
    make_head = row.heads[head]
    head = make_head(3)
    for shape in ((2, head.num_features + 1, 4, 4), (head.num_features, 4, 4)):
        with pytest.raises(ValueError, match=r"features: got shape .* expected \[B"):
            head(torch.zeros(shape))
    with pytest.raises(ValueError, match="channels: got 0"):
        make_head(0)
