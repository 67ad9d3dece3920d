"""Each property is one test over all likelihoods: see likelihood_table.py."""

import copy
import io

import mpmath
import numpy as np
import pytest
import torch
from likelihood_table import ROWS, Row
from scipy import integrate, stats
from tolerances import EXACT, P_VALUE, QUADRATURE
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Independent, MixtureSameFamily

each_row = pytest.mark.parametrize("row", ROWS, ids=str)
each_point = pytest.mark.parametrize(
    ("row", "parameters"), [(row, p) for row in ROWS for p in row.parameters], ids=str
)
each_edge = pytest.mark.parametrize(
    ("row", "parameters", "value"), [(row, p, v) for row in ROWS for p, v in row.edges], ids=str
)
each_head = pytest.mark.parametrize(
    ("row", "head"), [(row, head) for row in ROWS for head in row.heads], ids=str
)


def exact_log_prob(row: Row, parameters: dict, value: float) -> mpmath.mpf:
    with mpmath.workdps(60):
        return row.exact(mpmath.mpf(value), **{key: mpmath.mpf(number) for key, number in parameters.items()})


def rounded(parameters: dict, dtype: torch.dtype) -> dict:
    return {key: torch.tensor(number, dtype=dtype).item() for key, number in parameters.items()}


def assert_exact(got: torch.Tensor, expected: mpmath.mpf, dtype: torch.dtype, *, unit: float = 1.0) -> None:
    error = abs(got.item() - expected) / max(unit, abs(expected))
    assert error <= EXACT[dtype], f"got {got.item()!r}, exact {expected}, relative error {float(error):.1e}"


@each_point
def test_log_prob_equals_the_textbook(row: Row, parameters: dict) -> None:
    # The logarithm of a mass never changes sign, so it must be right in relative terms, however small.
    unit = 1e-300 if row.discrete else 1.0
    for value in row.values:
        got = row.build(parameters).log_prob(torch.tensor(value, dtype=torch.float64))
        assert_exact(got, exact_log_prob(row, parameters, value), torch.float64, unit=unit)


@each_point
def test_mass_is_one(row: Row, parameters: dict) -> None:
    d = row.build(parameters)

    def density(x: float) -> float:
        return d.log_prob(torch.tensor(x, dtype=torch.float64)).exp().item()

    if row.discrete:
        mass = sum(density(x) for x in row.values)
    else:
        mean, width = d.mean.item(), 12 * d.stddev.item()
        mass, _ = integrate.quad(density, mean - width, mean + width, points=[mean], epsabs=1e-12, limit=200)
    assert abs(mass - 1) < QUADRATURE


@each_point
def test_moments_and_quantiles_equal_the_oracle(row: Row, parameters: dict) -> None:
    d, oracle = row.build(parameters), row.oracle(**parameters)
    for name in ("mean", "variance", "median"):
        if name not in row.undefined:
            expected = float(getattr(oracle, {"variance": "var"}.get(name, name))())
            assert_exact(getattr(d, name), expected, torch.float64)
    if "entropy" not in row.undefined:
        assert_exact(d.entropy(), oracle.entropy(), torch.float64)


@each_point
def test_mode_is_where_log_prob_is_largest(row: Row, parameters: dict) -> None:
    d = row.build(parameters)
    candidates = torch.tensor([*row.values, d.mean.item(), d.mean.item() + 1e-3], dtype=torch.float64)
    if row.discrete:
        candidates = torch.tensor(row.values, dtype=torch.float64)
    assert d.log_prob(d.mode) >= d.log_prob(candidates).max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@each_edge
def test_edges_are_exact(row: Row, parameters: dict, value: float, dtype: torch.dtype) -> None:
    parameters, value = rounded(parameters, dtype), torch.tensor(value, dtype=dtype).item()
    got = row.build(parameters, dtype).log_prob(torch.tensor(value, dtype=dtype))
    assert_exact(got, exact_log_prob(row, parameters, value), dtype)


@each_edge
def test_gradients_at_edges_are_finite(row: Row, parameters: dict, value: float) -> None:
    exactly, value = rounded(parameters, torch.float32), torch.tensor(value).item()
    inputs = {key: torch.tensor(number, requires_grad=True) for key, number in parameters.items()}
    row.make(**inputs).log_prob(torch.tensor(value)).backward()
    for key, tensor in inputs.items():
        with mpmath.workdps(60):
            step = mpmath.mpf(abs(exactly[key]) or 1) * mpmath.mpf(10) ** -20
            above = exact_log_prob(row, exactly | {key: exactly[key] + step}, value)
            below = exact_log_prob(row, exactly | {key: exactly[key] - step}, value)
            exact = (above - below) / (2 * step)
        if abs(exact) < torch.finfo(torch.float32).max:
            assert_exact(tensor.grad, exact, torch.float32)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@each_point
def test_half_precision_input_gives_a_float32_value(row: Row, parameters: dict, dtype: torch.dtype) -> None:
    parameters = rounded(parameters, dtype)
    for value in row.values:
        value = torch.tensor(value, dtype=dtype)
        got = row.build(parameters, dtype).log_prob(value)
        assert got.dtype == torch.float32
        assert_exact(got, exact_log_prob(row, parameters, value.item()), torch.float32)


@each_point
def test_samples_agree_with_log_prob(row: Row, parameters: dict) -> None:
    d = row.build(parameters)
    samples = d.sample((100_000,))
    if row.discrete:
        probs = d.log_prob(torch.tensor(row.values, dtype=torch.float64)).exp().numpy()
        counts = np.array([(samples == value).sum() for value in row.values])
        certain = probs * len(samples) < 5
        assert not counts[certain].sum() > 50
        if not certain.any():
            assert stats.chisquare(counts, probs * len(samples)).pvalue > P_VALUE
    else:
        assert stats.kstest(samples.numpy(), row.oracle(**parameters).cdf).pvalue > P_VALUE


@each_row
def test_expected_score_is_zero(row: Row) -> None:
    """If log_prob is normalised for all parameters, the mean of its gradient vanishes."""
    for parameters in row.parameters:
        inputs = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in parameters.items()}
        d = row.make(**inputs)
        if row.discrete:
            values = torch.tensor(row.values, dtype=torch.float64)
            weights = d.log_prob(values).exp().detach()
        else:
            nodes, weights = np.polynomial.hermite_e.hermegauss(60)
            values = d.mean.detach() + d.stddev.detach() * torch.tensor(nodes)
            weights = torch.tensor(weights / np.sqrt(2 * np.pi))
        scores = torch.autograd.grad((weights * d.log_prob(values)).sum(), list(inputs.values()))
        scale = min(1.0, *(abs(v) for v in parameters.values() if v)) if not row.discrete else 1.0
        assert all(abs(score.item()) * scale < QUADRATURE for score in scores)


@each_row
def test_gradcheck(row: Row) -> None:
    for parameters in row.parameters:
        inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in parameters.values()]
        values = torch.tensor(row.values, dtype=torch.float64)

        def log_prob(
            *tensors: torch.Tensor, values: torch.Tensor = values, names=tuple(parameters)
        ) -> torch.Tensor:
            return row.make(**dict(zip(names, tensors, strict=True))).log_prob(values)

        assert torch.autograd.gradcheck(
            log_prob, inputs, eps=1e-6 * min(1.0, parameters.get("scale", 1.0)), rtol=1e-4
        )


@each_row
def test_log_cdf_and_intervals_equal_the_oracle(row: Row) -> None:
    if row.discrete:
        assert not hasattr(row.build(row.parameters[0]), "log_interval_prob")
        return
    for parameters in row.parameters:
        d, oracle = row.build(parameters), row.oracle(**parameters)
        values = torch.tensor(row.values, dtype=torch.float64)
        torch.testing.assert_close(d.cdf(values), torch.tensor(oracle.cdf(row.values)), rtol=1e-12, atol=0)
        torch.testing.assert_close(
            d.log_cdf(values), torch.tensor(oracle.logcdf(row.values)), rtol=1e-12, atol=0
        )
        torch.testing.assert_close(d.icdf(d.cdf(d.mean)), d.mean)
        whole = d.log_interval_prob(torch.tensor(-torch.inf), torch.tensor(torch.inf))
        assert whole == 0
        both = torch.logaddexp(
            d.log_interval_prob(torch.tensor(-torch.inf).double(), values),
            d.log_interval_prob(values, torch.tensor(torch.inf).double()),
        )
        torch.testing.assert_close(both, torch.zeros_like(both), rtol=0, atol=1e-12)


@each_row
def test_shapes_expand_and_independent(row: Row) -> None:
    parameters = {k: torch.full((4, 1), v, dtype=torch.float64) for k, v in row.parameters[0].items()}
    d = row.make(**parameters).expand((4, 3))
    value = torch.full((4, 3), row.values[0], dtype=torch.float64)
    assert (d.batch_shape, d.event_shape) == ((4, 3), ())
    assert d.sample((5,)).shape == (5, 4, 3)
    assert d.mean.shape == d.mode.shape == d.median.shape == d.variance.shape == (4, 3)
    fresh = row.make(**{k: t.expand(4, 3) for k, t in parameters.items()})
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
    d = row.make(**batch)
    expected = d.log_prob(value)

    mixture = MixtureSameFamily(TorchCategorical(logits=torch.zeros(2).double()), d)
    torch.testing.assert_close(mixture.log_prob(value), expected.logsumexp(0) - np.log(2))

    stream = io.BytesIO()
    torch.save(d, stream)
    stream.seek(0)
    for twin in (copy.deepcopy(d), torch.load(stream, weights_only=False)):
        torch.testing.assert_close(twin.log_prob(value), expected, rtol=0, atol=0)

    def log_prob(*tensors: torch.Tensor) -> torch.Tensor:
        return row.make(**dict(zip(batch, tensors, strict=True)), validate_args=False).log_prob(value)

    torch.testing.assert_close(torch.vmap(log_prob)(*batch.values()), expected)
    compiled = torch.compile(log_prob, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*batch.values()), expected)


@each_row
def test_bad_values_and_parameters_are_refused(row: Row) -> None:
    d = row.build(row.parameters[0])
    for value in row.outside:
        with pytest.raises(ValueError, match="support"):
            d.log_prob(torch.tensor(value, dtype=torch.float64))
    for parameters in row.bad_parameters:
        with pytest.raises(ValueError, match="Expected parameter"):
            row.build(parameters)


@each_head
def test_heads_give_one_distribution_per_image(row: Row, head: str) -> None:
    make_head = row.heads[head]
    for channels, size in ((1, (5, 7)), (3, (4, 4))):
        head = make_head(channels)
        x = torch.tensor(row.values)[torch.randint(len(row.values), (2, channels, *size))]
        features = torch.randn(2, head.num_params * channels, *size, requires_grad=True)
        p_x_given_z = head(features, x)
        assert isinstance(p_x_given_z.base_dist, row.make)
        assert (p_x_given_z.batch_shape, p_x_given_z.event_shape) == ((2,), (channels, *size))
        p_x_given_z.log_prob(x).sum().backward()
        assert features.grad.abs().sum() > 0
        assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())
        head.eval()
        assert head(features).sample().shape == x.shape


@each_head
def test_heads_refuse_wrong_features(row: Row, head: str) -> None:
    make_head = row.heads[head]
    head = make_head(3)
    for shape in ((2, 3 * head.num_params + 1, 4, 4), (3 * head.num_params, 4, 4)):
        with pytest.raises(ValueError, match=r"features: got shape .* expected \[B"):
            head(torch.zeros(shape))
    with pytest.raises(ValueError, match="channels: got 0"):
        make_head(0)
