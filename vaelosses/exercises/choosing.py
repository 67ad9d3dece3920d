"""Choosing: what a likelihood costs on data that it does not fit."""

import itertools
from collections.abc import Callable
from math import log, pi

import sympy as sp
import torch
import torch.nn.functional as F
from torch import Tensor

from ..likelihoods import CensoredNormalHead, DiscretizedLogisticHead, StudentTHead
from ._choice import ChoiceExercise
from ._kinds import CodeExercise, Exercise


def _random(make: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The same numbers each time, and the caller's random state as it was."""

    def seeded() -> Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return make()

    return seeded


def _sensor() -> Tensor:
    return (255 * (0.53 + 0.6 * torch.randn(4000)).clip(0, 1)).round() / 255


def _four_bits() -> Tensor:
    return (15 * (0.5 + 0.2 * torch.randn(4000)).clip(0, 1)).round() / 15


def _clumsy() -> Tensor:
    wide = torch.rand(1000) < 0.1
    return torch.randn(1000) * torch.where(wide, 10.0, 1.0)


_PILES = "A density has no probability at an exact value; here two values hold two fifths of the pixels."
_LINE = f"{_PILES} And it spends mass outside of [0, 1]."

_eta, _k = sp.symbols("log_rate count", real=True)
_x, _mu = sp.symbols("x mu", real=True)
_gaussian = -2 * (_x + _x**3 - _mu) ** 2 - sp.log(sp.pi / 2) / 2

EXERCISES: dict[str, Exercise | CodeExercise | ChoiceExercise] = {
    "bounded-loss": Exercise(
        question="The largest mean KL, in nats, at the minimum of 10 (1 - SSIM) + 4 KL, SSIM in [-1, 1]",
        key=5.0,
        why="without any code the loss is at most 20, so 4 KL is at most 20 at the minimum.",
        mistakes=[
            (20.0, "the divergence has the weight 4."),
            (2.5, "1 - SSIM reaches 2, where SSIM is -1."),
            (10.0, "1 - SSIM reaches 2, and the divergence has the weight 4."),
            (80.0, "divide by the weight of the divergence instead of multiplying."),
        ],
        hint="compare the minimum with an encoder that ignores the image: its KL is 0.",
    ),
    "sensor": ChoiceExercise(
        question="A head for 8-bit pixels, a fifth of them exactly 0 and as many exactly 1",
        data=_random(_sensor),
        num_levels=256,
        best=CensoredNormalHead,
        margin=0.1,
        why="it has a probability at black and at white, where two fifths of the pixels are.",
        mistakes={
            **dict.fromkeys(
                ("GaussianHead", "LaplaceHead", "StudentTHead"),
                _LINE,
            ),
            **dict.fromkeys(
                (
                    "TruncatedNormalHead",
                    "ContinuousBernoulliHead",
                    "LogitNormalHead",
                    "LogitLaplaceHead",
                    "BetaHead",
                    "KumaraswamyHead",
                ),
                _PILES,
            ),
            "BernoulliHead": "The pixels are not all black or white.",
        },
        hint="Look for a likelihood whose ends take the tails.",
    ),
    "four-bits": ChoiceExercise(
        question="A head, with its arguments, for 16 grey levels k/15",
        data=_random(_four_bits),
        num_levels=16,
        best=lambda: DiscretizedLogisticHead(num_levels=16),
        margin=0.1,
        why="on this grid it costs no more than the best; a likelihood of levels must be told their number.",
        mistakes={},
        hint="The levels follow a bell: take one, on 16 levels.",
    ),
    "outliers": ChoiceExercise(
        question="A head for residuals of which every tenth comes from a noise ten times wider",
        data=_random(_clumsy),
        num_levels=None,
        best=lambda: StudentTHead(df="shared"),
        margin=0.2,
        why="its tails fall like a power, so the few far readings do not set the width of the many.",
        mistakes={
            "GaussianHead": "One far reading in ten sets the width of all.",
            "LaplaceHead": "Better than a Gaussian, but an exponential tail is still too light.",
        },
        hint="The values are on the whole line and their tails are heavy.",
    ),
    "poisson-loss": CodeExercise(
        question="poisson_loss(log_rate, count): minus the log-probability, in nats",
        expression=sp.exp(_eta) - _k * _eta + sp.loggamma(_k + 1),
        symbols=[_eta, _k],
        points=list(itertools.product([-20, -3, 0.3, 2, 13.8], [0, 1, 7, 400])),
        why="The factorial keeps it a mass.",
        mistakes=[
            (
                lambda log_rate, count: log_rate.exp() - count * log_rate,
                "the factorial is missing: no gradient by the rate feels it, the number does.",
            ),
            (
                lambda log_rate, count: (log_rate.exp() - count) ** 2,
                "that is a squared error: it claims the same noise for every rate.",
            ),
            (
                lambda log_rate, count: F.poisson_nll_loss(log_rate, count, full=True, reduction="none"),
                "full=True takes Stirling's approximation of the factorial; take lgamma(count + 1).",
            ),
        ],
        data=[_k],
    ),
    "feature-density": CodeExercise(
        question="feature_log_prob(x, mu): log-density of x, when x + x³ is normal around mu, scale 1/2",
        expression=_gaussian + sp.log(1 + 3 * _x**2),
        symbols=[_x, _mu],
        points=list(itertools.product([-2, -0.4, 0.1, 1.5], [-1, 0, 0.7, 5])),
        why="With the slope it integrates to one.",
        mistakes=[
            (
                lambda x, mu: -2 * (x + x**3 - mu) ** 2 - log(pi / 2) / 2,
                "that is the density of the feature; a density of x has the slope of the feature in it.",
            ),
            (
                lambda x, mu: -2 * (x + x**3 - mu) ** 2 - log(pi / 2) / 2 - torch.log1p(3 * x**2),
                "the slope belongs on the other side: a steep feature makes x more certain.",
            ),
        ],
    ),
}
