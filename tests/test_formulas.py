"""Every log_prob is a sympy formula, in value and in gradient, by the parameters and by the pixel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import pytest
import sympy as sp
import torch
from likelihood_table import ROWS
from torch import Tensor
from torch.distributions import Distribution

from vaelosses import likelihoods as vl
from vaelosses.symbolic import assert_implements

x, mu, eta, eta2, mu2, c0, c1, c2 = sp.symbols("x mu eta eta_2 mu_2 c_0 c_1 c_2", real=True)
sigma, sigma2, nu, a, b = sp.symbols("sigma sigma_2 nu a b", positive=True)

PIXELS = [0.1, 0.5, 0.93]
LOCS = [-1.3, 0.31, 1.2]
SCALES = [0.1, 0.4, 3.0]
LOGITS = [-700.0, -3.0, -0.9, 0.2, 1.1, 40.0]


def Phi(z: sp.Expr) -> sp.Expr:  # erfc of what is negative keeps the digits of a far left tail
    return sp.erfc(-z / sp.sqrt(2)) / 2


def logistic(z: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-z))


def logit(p: sp.Expr) -> sp.Expr:
    return sp.log(p / (1 - p))


def log_normal(z: sp.Expr, loc: sp.Expr = mu, scale: sp.Expr = sigma) -> sp.Expr:
    return -((z - loc) ** 2) / (2 * scale**2) - sp.log(scale) - sp.log(2 * sp.pi) / 2


def log_laplace(z: sp.Expr) -> sp.Expr:
    return -sp.Abs(z - mu) / sigma - sp.log(2 * sigma)


def squeezed(density: Callable[[sp.Expr], sp.Expr], squeeze: sp.Rational) -> sp.Expr:
    """The density of x where that of y = squeeze + (1 - 2 squeeze) x is given."""
    y = squeeze + (1 - 2 * squeeze) * x
    return density(y) + sp.log(sp.diff(y, x))


def bin_mass(level: int, num_levels: int, cdf: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    lower, upper = (sp.Rational(2 * level + s, 2 * (num_levels - 1)) for s in (-1, 1))
    below = cdf(lower) if level > 0 else 0
    above = cdf(upper) if level < num_levels - 1 else 1
    return above - below


@dataclass(frozen=True)
class Formula:
    """A log-probability, the distribution it specifies, and where the two are compared."""

    name: str
    expression: sp.Expr
    make: Callable[..., Distribution]
    axes: dict[sp.Symbol, Sequence[float]]
    """The parameters in the order of `make`; with x the value is one of them."""
    value: float | None = None
    """The value of a discrete likelihood, which has no gradient by it."""
    extra: str = field(default="")

    def log_prob(self, *tensors: Tensor) -> Tensor:
        if self.value is None:
            value, *parameters = tensors
        else:
            value, parameters = torch.tensor(self.value, dtype=torch.float64), tensors
        return self.make(*parameters).log_prob(value)

    def __str__(self) -> str:
        return f"{self.name} {self.extra}".strip()


def location_scale(
    name: str, expression: sp.Expr, make: Callable[..., Distribution], extra: str = ""
) -> Formula:
    return Formula(name, expression, make, {x: PIXELS, mu: LOCS, sigma: SCALES}, extra=extra)


TENTH = sp.Rational(0.1)  # the float, exactly

FORMULAS = [
    location_scale("gaussian", log_normal(x), vl.Gaussian),
    location_scale("laplace", log_laplace(x), vl.Laplace),
    Formula("bernoulli", -sp.log(1 + sp.exp(eta)), vl.Bernoulli, {eta: LOGITS}, value=0.0, extra="black"),
    Formula("bernoulli", -sp.log(1 + sp.exp(-eta)), vl.Bernoulli, {eta: LOGITS}, value=1.0, extra="white"),
    location_scale(
        "truncated_normal",
        log_normal(x) - sp.log(Phi((1 - mu) / sigma) - Phi(-mu / sigma)),
        vl.TruncatedNormal,
    ),
    location_scale("censored_normal", log_normal(x), vl.CensoredNormal, extra="between"),
    Formula(
        "censored_normal",
        sp.log(Phi(-mu / sigma)),
        vl.CensoredNormal,
        {mu: LOCS, sigma: SCALES},
        value=0.0,
        extra="black",
    ),
    Formula(
        "censored_normal",
        sp.log(Phi((mu - 1) / sigma)),
        vl.CensoredNormal,
        {mu: LOCS, sigma: SCALES},
        value=1.0,
        extra="white",
    ),
]


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_log_prob_implements_its_formula(formula: Formula) -> None:
    assert_implements(
        formula.expression, list(formula.axes), formula.log_prob, list(product(*formula.axes.values()))
    )


def test_every_likelihood_has_a_formula() -> None:
    assert {formula.name for formula in FORMULAS} == {row.name for row in ROWS}
