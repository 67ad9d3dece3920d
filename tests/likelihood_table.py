"""One row per likelihood: how to make it, and an oracle that shares no code with it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mpmath
import torch
from scipy import stats
from torch import Tensor
from torch.distributions import Distribution

from vaelosses.likelihoods import Bernoulli, BernoulliHead, Gaussian, GaussianHead, Head


@dataclass(frozen=True)
class Row:
    name: str
    """The file in vaelosses/likelihoods."""
    make: Callable[..., Distribution]
    parameters: Sequence[Mapping[str, float]]
    """What training meets, and more."""
    exact: Callable[..., mpmath.mpf]
    """The textbook log-probability of a value, in mpmath."""
    oracle: Callable[..., Any]
    """The same parameters to a frozen scipy distribution."""
    values: Sequence[float]
    """Points of the support."""
    edges: Sequence[tuple[Mapping[str, float], float]]
    """Nasty parameters and values where the exact log-probability is finite in float32."""
    outside: Sequence[float]
    """Values that must be refused."""
    bad_parameters: Sequence[Mapping[str, float]]
    heads: Mapping[str, Callable[[int], Head]]
    """Every variant of the head, given the number of channels."""
    discrete: bool = False
    undefined: Mapping[str, str] = field(default_factory=dict)
    """Property to reason."""

    def build(self, parameters: Mapping[str, float], dtype: torch.dtype = torch.float64) -> Distribution:
        return self.make(**{key: torch.tensor(value, dtype=dtype) for key, value in parameters.items()})

    def __str__(self) -> str:
        return self.name


def _gaussian(x: mpmath.mpf, loc: mpmath.mpf, scale: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log(mpmath.npdf(x, loc, scale))


def _bernoulli(x: mpmath.mpf, logits: mpmath.mpf) -> mpmath.mpf:
    return -mpmath.log(1 + mpmath.exp(-logits if x == 1 else logits))


def _grid(**axes: Sequence[float]) -> list[dict[str, float]]:
    names, columns = axes.keys(), [torch.tensor(axis, dtype=torch.float64) for axis in axes.values()]
    points: Tensor = torch.cartesian_prod(*columns).reshape(-1, len(columns))
    return [dict(zip(names, point.tolist(), strict=True)) for point in points]


ROWS = [
    Row(
        name="gaussian",
        make=Gaussian,
        parameters=_grid(loc=[-1.3, 0.0, 0.4, 2.0], scale=[0.003, 0.1, 1.0, 7.0]),
        exact=_gaussian,
        oracle=lambda loc, scale: stats.norm(loc, scale),
        values=[-0.5, 0.0, 1 / 255, 0.4, 1.0, 3.0],
        edges=[
            ({"loc": 0.0, "scale": 1.0}, 1e18),
            ({"loc": 0.0, "scale": 1.0}, 2e19),  # the square alone overflows float32
            ({"loc": 0.5, "scale": math.exp(-12)}, 0.5),
            ({"loc": 0.5, "scale": math.exp(-12)}, 1.0),
            ({"loc": -100.0, "scale": math.exp(12)}, 0.0),
            ({"loc": 0.0, "scale": 1e-30}, 0.0),  # the variance underflows float32
            ({"loc": 0.0, "scale": 1e30}, 1.0),  # the variance overflows float32
        ],
        outside=[math.nan],
        bad_parameters=[
            {"loc": 0.0, "scale": 0.0},
            {"loc": 0.0, "scale": -1.0},
            {"loc": math.nan, "scale": 1.0},
        ],
        heads={
            "fixed": partial(GaussianHead, scale=0.1),
            "shared": partial(GaussianHead, scale="shared"),
            "channel": partial(GaussianHead, scale="channel"),
            "pixel": partial(GaussianHead, scale="pixel"),
            "floor": partial(GaussianHead, scale="pixel", min_scale=1 / 255),
            "optimal": partial(GaussianHead, scale="optimal"),
        },
    ),
    Row(
        name="bernoulli",
        make=Bernoulli,
        parameters=_grid(logits=[-30.0, -2.0, -1e-8, 0.0, 0.3, 5.0, 30.0]),
        exact=_bernoulli,
        oracle=lambda logits: stats.bernoulli(1 / (1 + math.exp(-logits))),
        values=[0.0, 1.0],
        edges=[
            ({"logits": 1e4}, 0.0),
            ({"logits": 1e4}, 1.0),
            ({"logits": -1e4}, 0.0),
            ({"logits": -1e4}, 1.0),
            ({"logits": 1e38}, 0.0),
            ({"logits": 1e-8}, 1.0),
        ],
        outside=[0.5, -1.0, 2.0, math.nan],
        bad_parameters=[{"logits": math.nan}],
        heads={"logits": BernoulliHead},
        discrete=True,
    ),
]
