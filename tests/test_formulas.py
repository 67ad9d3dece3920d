"""Every log_prob is a sympy formula, in value and in gradient, by the parameters and by the pixel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import pytest
import sympy as sp
import torch
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
    return -sp.sqrt((z - mu) ** 2) / sigma - sp.log(2 * sigma)


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
    value: float | Tensor | None = None
    """The value of a discrete likelihood, which has no gradient by it."""
    extra: str = ""

    def log_prob(self, *tensors: Tensor) -> Tensor:
        if self.value is None:
            value, *parameters = tensors
        else:
            value, parameters = torch.as_tensor(self.value, dtype=torch.float64), tensors
        return self.make(*parameters).log_prob(value)

    def __str__(self) -> str:
        return f"{self.name} {self.extra}".strip()


def location_scale(
    name: str, expression: sp.Expr, make: Callable[..., Distribution], extra: str = ""
) -> Formula:
    return Formula(name, expression, make, {x: PIXELS, mu: LOCS, sigma: SCALES}, extra=extra)


TENTH = sp.Rational(0.1)  # the float, exactly


def of_logit(log_density: Callable[[sp.Expr], sp.Expr]) -> Callable[[sp.Expr], sp.Expr]:
    return lambda y: log_density(logit(y)) - sp.log(y * (1 - y))


def log_beta_density(y: sp.Expr) -> sp.Expr:
    return (
        (a - 1) * sp.log(y) + (b - 1) * sp.log(1 - y) - (sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b))
    )


def log_kumaraswamy_density(y: sp.Expr) -> sp.Expr:
    return sp.log(a * b) + (a - 1) * sp.log(y) + (b - 1) * sp.log(1 - y**a)


def on_unit_interval(name: str, density: Callable, make: type[Distribution], axes: dict) -> list[Formula]:
    return [
        Formula(
            name,
            squeezed(density, TENTH if squeeze else sp.Integer(0)),
            partial(make, squeeze=squeeze),
            {x: PIXELS} | axes,
            extra=f"squeeze {squeeze}",
        )
        for squeeze in (0.0, 0.1)
    ]


def of_levels(
    name: str, mass: Callable[[int], sp.Expr], make: Callable, axes: dict, num_levels: int
) -> list[Formula]:
    """Both ends and the middle of the grid."""
    return [
        Formula(name, sp.log(mass(level)), make, axes, value=level / (num_levels - 1), extra=f"level {level}")
        for level in (0, num_levels // 2, num_levels - 1)
    ]


def mixture_mass(level: int) -> sp.Expr:
    weight = logistic(eta)
    first, second = (
        bin_mass(level, 5, lambda edge, m=m, s=s: logistic((edge - m) / s))
        for m, s in ((mu, sigma), (mu2, sigma2))
    )
    return (1 - weight) * first + weight * second


def mixture(eta: Tensor, mu: Tensor, mu2: Tensor, sigma: Tensor, sigma2: Tensor) -> Distribution:
    logits = torch.stack([torch.zeros_like(eta), eta], -1)
    return vl.LogisticMixture(
        logits, torch.stack([mu, mu2], -1), torch.stack([sigma, sigma2], -1), num_levels=5
    )


def colour_mass(red: int, green: int, blue: int) -> sp.Expr:
    """One component and four levels: the chain between the channels."""
    centred_red, centred_green = (
        sp.Rational(red, 3) - sp.Rational(1, 2),
        sp.Rational(green, 3) - sp.Rational(1, 2),
    )
    locs = (mu, mu + c0 * centred_red, mu2 + c1 * centred_red + c2 * centred_green)
    factors = (
        bin_mass(level, 4, lambda edge, m=m: logistic((edge - m) / sigma))
        for level, m in zip((red, green, blue), locs, strict=True)
    )
    return sp.prod(factors)


def colour(mu: Tensor, mu2: Tensor, sigma: Tensor, c0: Tensor, c1: Tensor, c2: Tensor) -> Distribution:
    loc = torch.stack([mu, mu, mu2], -1).unsqueeze(-2)
    coefficients = torch.stack([c0, c1, c2], -1).unsqueeze(-2)
    scale = sigma[..., None, None]
    return vl.RGBLogisticMixture(
        torch.zeros_like(scale[..., 0]), loc, scale.expand_as(loc), coefficients, num_levels=4
    )


LOCATION_SCALE = {mu: LOCS, sigma: SCALES}
CONCENTRATIONS = {a: [0.3, 1.0, 7.0], b: [0.5, 9.0]}
COLOUR_AXES = {mu: [0.2], mu2: [0.9], sigma: [0.1, 0.5], c0: [0.5], c1: [-0.3, 0.0], c2: [0.7]}

FORMULAS = [
    location_scale("gaussian", log_normal(x), vl.Gaussian),
    location_scale("laplace", log_laplace(x), vl.Laplace),
    Formula(
        "student_t",
        sp.loggamma((nu + 1) / 2)
        - sp.loggamma(nu / 2)
        - sp.log(sp.pi * nu) / 2
        - sp.log(sigma)
        - (nu + 1) / 2 * sp.log(1 + (x - mu) ** 2 / (nu * sigma**2)),
        lambda nu, mu, sigma: vl.StudentT(nu, mu, sigma),
        {x: PIXELS, nu: [0.5, 1.0, 15.0, 1e3], mu: [0.31], sigma: SCALES},
    ),
    Formula("bernoulli", -sp.log(1 + sp.exp(eta)), vl.Bernoulli, {eta: LOGITS}, value=0.0, extra="black"),
    Formula("bernoulli", -sp.log(1 + sp.exp(-eta)), vl.Bernoulli, {eta: LOGITS}, value=1.0, extra="white"),
    Formula(
        "continuous_bernoulli",
        eta * x - sp.log((sp.exp(eta) - 1) / eta),
        vl.ContinuousBernoulli,
        {x: [0.0, *PIXELS, 1.0], eta: [*LOGITS, 1e-3]},
    ),
    *on_unit_interval("logit_normal", of_logit(log_normal), vl.LogitNormal, LOCATION_SCALE),
    *on_unit_interval("logit_laplace", of_logit(log_laplace), vl.LogitLaplace, LOCATION_SCALE),
    *on_unit_interval("beta", log_beta_density, vl.Beta, CONCENTRATIONS),
    *on_unit_interval("kumaraswamy", log_kumaraswamy_density, vl.Kumaraswamy, CONCENTRATIONS),
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
        LOCATION_SCALE,
        value=0.0,
        extra="black",
    ),
    Formula(
        "censored_normal",
        sp.log(Phi((mu - 1) / sigma)),
        vl.CensoredNormal,
        LOCATION_SCALE,
        value=1.0,
        extra="white",
    ),
    Formula(
        "categorical",
        eta2 - sp.log(sp.exp(eta) + sp.exp(eta2) + sp.exp(mu)),
        lambda *logits: vl.Categorical(torch.stack(logits, -1)),
        {eta: [-3.0, 40.0], eta2: LOGITS, mu: [0.3]},
        value=0.5,
    ),
    *of_levels(
        "discretized_logistic",
        lambda level: bin_mass(level, 5, lambda edge: logistic((edge - mu) / sigma)),
        partial(vl.DiscretizedLogistic, num_levels=5),
        LOCATION_SCALE,
        5,
    ),
    *of_levels(
        "discretized_normal",
        lambda level: bin_mass(level, 5, lambda edge: Phi((edge - mu) / sigma)),
        partial(vl.DiscretizedNormal, num_levels=5),
        LOCATION_SCALE,
        5,
    ),
    *of_levels(
        "logistic_mixture",
        mixture_mass,
        mixture,
        {eta: [-2.0, 1.0], mu: [0.1], mu2: [0.8], sigma: [0.05, 0.4], sigma2: [0.3]},
        5,
    ),
    *(
        Formula(
            "rgb_logistic_mixture",
            sp.log(colour_mass(*levels)),
            colour,
            COLOUR_AXES,
            value=torch.tensor(levels, dtype=torch.float64) / 3,
            extra=str(levels),
        )
        for levels in ((0, 3, 1), (2, 1, 3), (1, 2, 0))
    ),
]


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_log_prob_implements_its_formula(formula: Formula) -> None:
    assert_implements(
        formula.expression, list(formula.axes), formula.log_prob, list(product(*formula.axes.values()))
    )


def test_every_likelihood_has_a_formula() -> None:
    files = Path(vl.__file__).parent.glob("[!_]*.py")
    assert {formula.name for formula in FORMULAS} == {file.stem for file in files}
