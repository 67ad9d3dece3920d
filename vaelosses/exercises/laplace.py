"""The Laplace and Student's t: medians, scales, and what an outlier may pull."""

from itertools import product
from math import e, log, pi, sqrt

import sympy as sp
import torch

from ._kinds import CodeExercise, Exercise

_residual, _df = sp.symbols("residual df", real=True)
_norm = sp.loggamma(_df / 2) - sp.loggamma((_df + 1) / 2) + sp.log(sp.pi * _df) / 2

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "optimal-b": Exercise(
        question="Residuals -2, 0, 1, 5: the scale b with the lowest Laplace NLL",
        key=2,
        why="the best b is the mean absolute residual, (2 + 0 + 1 + 5)/4.",
        mistakes=[
            (7.5, "that is the mean square: the best σ² of a Gaussian."),
            (sqrt(7.5), "that is the root mean square: the best σ of a Gaussian."),
            (1.5, "that is the median of the absolute residuals; b is their mean."),
            (1, "that is the mean residual; take absolute values first."),
            (8, "that is the sum; b is the mean."),
            (4, "b itself is the mean absolute residual, without a factor of 2."),
        ],
        hint="set the derivative of |e|/b + log 2b, averaged over the residuals, to zero.",
    ),
    "median": Exercise(
        question="X is exponential with mean 1: the constant c with the lowest E|X - c|",
        key=log(2),
        why="the distribution function 1 - exp(-c) is 1/2 there: the median.",
        mistakes=[
            (1, "that is the mean, which minimises the squared error."),
            (0, "that is the mode; E|X| = 1 can be beaten."),
            (1 / 2, "F(c) has to be 1/2, not c."),
            (1 / e, "solve 1 - exp(-c) = 1/2."),
        ],
        hint="the derivative of E|X - c| is 2F(c) - 1.",
    ),
    "strongest-pull": Exercise(
        question="Student's t with ν = 4 and s = 0.1: the residual with the largest influence",
        key=0.2,
        why="the influence (ν + 1)e/(νs² + e²) is largest at e = s√ν; beyond it the loss is not convex.",
        mistakes=[
            (0.1, "that is s, right for the Cauchy (ν = 1) only."),
            (0.4, "that is sν; the derivative vanishes where e² = νs²."),
            (0.04, "that is e²; take the root."),
            (1.25 / 0.1, "that is how strong the pull is; where is it so strong?"),
        ],
        hint="set the derivative of (ν + 1)e/(νs² + e²) to zero.",
    ),
    "midpoint": Exercise(
        question=(
            "A pixel is as often 0 as 1. Below which s is grey 1/2 a local maximum of the loss "
            "of Student's t with ν = 4?"
        ),
        key=0.25,
        why="the curvature at the midpoint has the sign of νs² - a², and a = 1/2 here.",
        mistakes=[
            (0.5, "that is for the Cauchy, or a itself; here ν = 4."),
            (0.125, "that is a/ν: solve νs² = a² for s."),
            (1 / 16, "that is s²."),
            (1, "that is s√ν with s = a: solve νs² = a² for s."),
        ],
        hint="both pixels lie a = 1/2 away. Where does the curvature (νs² - a²) change its sign?",
    ),
    "exact-share": Exercise(
        question=(
            "90% of the pixels are predicted exactly. Below which ν has the loss of Student's t "
            "with one learned scale no lower bound?"
        ),
        key=9,
        why="its slope in log s tends to ρ - ν(1 - ρ), positive for ν < ρ/(1 - ρ): it falls as s does.",
        mistakes=[
            (1 / 9, "your ratio is upside down: ρ/(1 - ρ)."),
            (0.9, "that is ρ; the other pixels each pay -ν log s."),
            (10, "that is 1/(1 - ρ): another pixel pays -ν log s in all, and earns no -log s beside it."),
            (0.1, "that is 1 - ρ."),
        ],
        hint="as s falls, an exact pixel contributes log s and any other one -ν log s.",
    ),
    "student-t-loss": CodeExercise(
        question="student_t_loss(residual, df): minus the log-density of Student's t with scale 1, in nats",
        expression=_norm + (_df + 1) / 2 * sp.log(1 + _residual**2 / _df),
        symbols=[_residual, _df],
        points=list(product([-200, -1, 0, 0.1, 3, 1e4], [0.5, 1, 4, 100])),
        why="At df = 1 it is the Cauchy's, and a residual of 200 costs only the log of its square.",
        mistakes=[
            (
                lambda residual, df: (df + 1) / 2 * torch.log1p(residual**2 / df),
                "the normaliser is missing: lgamma(df/2) - lgamma((df + 1)/2) + ½ log(π df).",
            ),
            (
                lambda residual, df: (
                    torch.lgamma(df / 2)
                    - torch.lgamma((df + 1) / 2)
                    + torch.log(pi * df) / 2
                    + (df + 1) * torch.log1p(residual**2 / df)
                ),
                "the logarithm has the factor (df + 1)/2, not df + 1.",
            ),
            (
                lambda residual, df: (
                    torch.lgamma(df / 2)
                    - torch.lgamma((df + 1) / 2)
                    + torch.log(pi * df) / 2
                    + (df + 1) / 2 * torch.log1p(residual**2)
                ),
                "the square is divided by df inside the logarithm.",
            ),
            (
                lambda residual, df: (
                    torch.lgamma(df / 2)
                    - torch.lgamma((df + 1) / 2)
                    + torch.log(pi * df)
                    + (df + 1) / 2 * torch.log1p(residual**2 / df)
                ),
                "½ log(π df) has a ½: it is the log of a root.",
            ),
        ],
    ),
}
