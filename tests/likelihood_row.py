"""What the tests know of a likelihood: how to make it, and an oracle that shares no code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from vaelosses.likelihoods import Head

Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    name: str
    """The file in vaelosses/likelihoods."""
    cls: type[Distribution]
    parameters: Sequence[Parameters]
    """What training meets, and more. They are numbers; see `make` for vectors."""
    exact: Callable[..., mpmath.mpf]
    """The textbook log-probability of a value and these parameters, in mpmath."""
    oracle: Callable[..., Any]
    """The same parameters to `cdf`, `sf`, `ppf`, `isf`, and to whatever moments it knows: a frozen scipy
    distribution, or an object like it. Of a discrete likelihood only the moments are used, if any."""
    values: Sequence[float]
    """Points of the support; all of them where it is discrete."""
    edges: Sequence[tuple[Parameters, float]]
    """Nasty parameters and values where the exact log-probability is finite in float32."""
    outside: Sequence[float]
    """Values that must be refused."""
    bad_parameters: Sequence[Parameters]
    heads: Mapping[str, Callable[[int], Head]]
    """Every variant of the head, given the number of channels."""
    make: Callable[..., Distribution] | None = None
    """Tensors of the shape of the batch to the distribution; the class itself unless given."""
    discrete: bool = False
    atoms: Sequence[float] = ()
    """Single values with a probability of their own in a likelihood that is not discrete."""
    undefined: Mapping[str, str] = field(default_factory=dict)
    """Property to the reason why it is missing."""

    def build(self, parameters: Parameters, dtype: torch.dtype = torch.float64) -> Distribution:
        return self(**{key: torch.tensor(value, dtype=dtype) for key, value in parameters.items()})

    def __call__(self, **parameters: Any) -> Distribution:
        return (self.make or self.cls)(**parameters)

    def __str__(self) -> str:
        return self.name


def exact_log_prob(row: Row, parameters: Parameters, value: float, *, digits: int = 60) -> mpmath.mpf:
    with mpmath.workdps(digits):
        return row.exact(mpmath.mpf(value), **{key: mpmath.mpf(number) for key, number in parameters.items()})


def nodes_and_weights(
    row: Row, parameters: Parameters, *, cuts: Sequence[float] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return a quadrature of what is left of the real line without 1e-14 on either side.

    Gauss-Legendre between quantiles of the oracle, and further cuts; the atoms follow with weight one. For
    a discrete likelihood it is the sum over all values.
    """
    if row.discrete:
        return np.array(row.values, dtype=float), np.ones(len(row.values))
    oracle = row.oracle(**parameters)
    tails = 10.0 ** np.arange(-14, 0)
    with np.errstate(all="ignore"):
        quantiles = [*oracle.ppf(tails), *oracle.ppf([0.25, 0.5, 0.75]), *oracle.isf(tails)]
    cuts = np.unique([*quantiles, *(cut for cut in cuts if min(quantiles) < cut < max(quantiles))])
    t, w = np.polynomial.legendre.leggauss(40)
    half = np.diff(cuts)[:, None] / 2
    nodes, weights = cuts[:-1, None] + half * (1 + t), half * w
    atoms = np.array(row.atoms, dtype=float)
    return np.append(nodes, atoms), np.append(weights, np.ones_like(atoms))


def grid(**axes: Sequence[float]) -> list[dict[str, float]]:
    """Return all combinations, with the first axis slowest."""
    names, columns = axes.keys(), [torch.tensor(axis, dtype=torch.float64) for axis in axes.values()]
    points: Tensor = torch.cartesian_prod(*columns).reshape(-1, len(columns))
    return [dict(zip(names, point.tolist(), strict=True)) for point in points]
