import math
from collections.abc import Callable

import numpy as np
from exercise_numerics import lowest
from scipy import optimize
from torch.distributions import Categorical

from .gaussian import linear_vae


def rate(eigenvalue: float, beta: float, v: float) -> float:
    """The rate at the lowest loss, by a search over the rate: the error is λ exp(-2 rate)."""
    return lowest(lambda nats: eigenvalue * math.exp(-2 * nats) / (2 * v) + beta * nats, 0, 5)[0]


def rate_of_search(eigenvalue: float, beta: float, v: float) -> float:
    """The same by a search over decoder and encoder; the signal is the square of the weight."""
    signal = linear_vae([eigenvalue], k=1, beta=beta, v=v)[0][0] ** 2
    return math.log1p(signal / (beta * v)) / 2


def best_of_two(prior: float, likelihood: tuple[float, float], beta: float) -> float:
    def loss(q: float) -> float:
        fit = q * math.log(likelihood[0]) + (1 - q) * math.log(likelihood[1])
        kl = q * math.log(q / prior) + (1 - q) * math.log((1 - q) / (1 - prior))
        return beta * kl - fit

    return lowest(loss, 1e-6, 1 - 1e-6)[0]


def collapse(eigenvalues: list[float], k: int) -> float:
    """Where the last of the kept latents meets β σ², with σ² found by a search."""

    def margin(beta: float) -> float:
        def loss(v: float) -> float:
            rates = sum(math.log(each / (beta * v)) for each in eigenvalues[:k]) / 2
            fit = sum(eigenvalues[k:]) / (2 * v) + len(eigenvalues) * math.log(v) / 2
            return fit + beta * rates

        return beta * lowest(loss, 0.05, 20)[0] - eigenvalues[k - 1]

    return optimize.brentq(margin, 1, 2.4, xtol=1e-9)


def zero_of_rate() -> float:
    """The rates of smaller β are a straight line over log β; where it meets zero."""
    betas = np.array([1.0, 2.0, 4.0])
    slope, height = np.polyfit(np.log(betas), [rate(4, beta, 0.5) for beta in betas], 1)
    return math.exp(-height / slope)


PROOFS: dict[str, Callable[[], float]] = {
    "rate": lambda: rate_of_search(4, 2, 0.5),
    "collapse": zero_of_rate,
    "temperature": lambda: best_of_two(0.2, (0.9, 0.1), 2),
    "learned-scale": lambda: collapse([5, 3, 0.5, 0.3, 0.2], k=2),
}

SOLUTIONS = {
    "tempered-posterior": lambda prior, likelihood, beta: (
        Categorical(logits=prior + likelihood / beta).logits
    ),
}
