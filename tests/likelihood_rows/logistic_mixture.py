import math
from functools import partial
from types import SimpleNamespace

import mpmath
import torch
from likelihood_row import Row

from likelihood_rows import discretized_logistic
from vaelosses.likelihoods.logistic_mixture import LogisticMixture, LogisticMixtureHead

NUM_LEVELS = 8
VALUES = [k / (NUM_LEVELS - 1) for k in range(NUM_LEVELS)]


def exact(x: mpmath.mpf, logit: mpmath.mpf, **parameters: mpmath.mpf) -> mpmath.mpf:
    """Two components; the weight of the second is the sigmoid of the logit."""
    masses = [
        mpmath.exp(
            discretized_logistic.exact(x, parameters[f"loc_{i}"], parameters[f"scale_{i}"], NUM_LEVELS)
        )
        for i in (0, 1)
    ]
    weight = mpmath.exp(logit)
    return mpmath.log((masses[0] + weight * masses[1]) / (1 + weight))


def make(logit: torch.Tensor, **parameters: torch.Tensor) -> LogisticMixture:
    loc, scale = (
        torch.stack([parameters[f"{name}_{i}"] for i in (0, 1)], dim=-1) for name in ("loc", "scale")
    )
    logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)
    return LogisticMixture(logits, loc, scale, num_levels=NUM_LEVELS)


def named(logit: float, loc: tuple[float, float], scale: tuple[float, float]) -> dict[str, float]:
    return {"logit": logit, "loc_0": loc[0], "loc_1": loc[1], "scale_0": scale[0], "scale_1": scale[1]}


ROWS = [
    Row(
        name="logistic_mixture",
        cls=LogisticMixture,
        make=make,
        parameters=[
            named(0.0, (0.2, 0.9), (0.1, 0.05)),
            named(-1.5, (-0.3, 1.2), (0.4, 0.2)),
            named(3.0, (0.5, 0.5), (2.0, 0.07)),
        ],
        exact=exact,
        oracle=lambda **parameters: SimpleNamespace(),
        values=VALUES,
        edges=[
            (named(0.0, (0.5, 0.5), (math.exp(-12), math.exp(12))), 0.0),
            (named(0.0, (-100.0, 100.0), (math.exp(-12), math.exp(-12))), 2 / 7),
            (named(0.0, (-100.0, 100.0), (math.exp(-12), math.exp(-12))), 1.0),
            (named(1e4, (0.2, 0.8), (0.1, 0.1)), 2 / 7),
            (named(-1e4, (0.2, 0.8), (0.1, 0.1)), 2 / 7),
        ],
        outside=[math.nan, 0.1, -1 / 7, 8 / 7],
        bad_parameters=[
            named(0.0, (0.5, 0.5), (0.0, 1.0)),
            named(math.nan, (0.5, 0.5), (1.0, 1.0)),
            named(0.0, (0.5, math.nan), (1.0, 1.0)),
        ],
        heads={"components": partial(LogisticMixtureHead, num_components=3, num_levels=NUM_LEVELS)},
        discrete=True,
    ),
]
