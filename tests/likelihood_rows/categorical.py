import math
from functools import partial
from types import SimpleNamespace

import mpmath
import torch
from likelihood_row import Row

from vaelosses.likelihoods.categorical import Categorical, CategoricalHead


def exact(x: mpmath.mpf, **logits: mpmath.mpf) -> mpmath.mpf:
    level = round(float(x) * (len(logits) - 1))
    weights = [mpmath.exp(logit) for logit in logits.values()]
    return mpmath.log(weights[level] / mpmath.fsum(weights))


def make(**logits: torch.Tensor) -> Categorical:
    return Categorical(torch.stack(list(logits.values()), dim=-1))


def named(*logits: float) -> dict[str, float]:
    return {f"logit_{k}": logit for k, logit in enumerate(logits)}


ROWS = [
    Row(
        name="categorical",
        cls=Categorical,
        make=make,
        parameters=[
            named(0.0, 0.0, 0.0),
            named(-2.0, 1.0, 0.5),
            named(7.0, 5.5, 9.0),
            named(-300.0, -301.0, -302.0),
        ],
        exact=exact,
        oracle=lambda **logits: SimpleNamespace(),
        values=[0.0, 0.5, 1.0],
        edges=[
            (named(1e4, 0.0, -1e4), 0.0),
            (named(1e4, 0.0, -1e4), 0.5),
            (named(1e4, 0.0, -1e4), 1.0),
            (named(20.0, 0.0, 0.0), 1.0),  # a clamped softmax stops here
            (named(1e38, -1e38, 0.0), 0.5),
            (named(0.0, -1e-8, 1e-8), 0.5),
        ],
        outside=[math.nan, 0.25, -0.5, 1.5],
        bad_parameters=[named(0.0, math.nan, 0.0)],
        heads={"softmax": partial(CategoricalHead, num_levels=3)},
        discrete=True,
    ),
]
