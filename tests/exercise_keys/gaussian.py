import math
from collections.abc import Callable

import numpy as np
from exercise_numerics import integral, lowest
from scipy import optimize, stats
from torch.distributions import Normal


def linear_vae(eigenvalues: list[float], k: int, beta: float, v: float | None = None) -> tuple:
    """Weights and variance of a linear beta-VAE in the eigenbasis, by a search over all of it.

    Per direction: decoder x | z ~ N(w z, v), encoder z | x ~ N(m x, s).
    """
    learned = v is None
    kept, rest = np.array(eigenvalues[:k]), np.array(eigenvalues[k:])

    def loss(parameters: np.ndarray) -> float:
        w, m, log_s = parameters[:-1].reshape(3, k)
        log_v = parameters[-1] if learned else math.log(v)
        square = (kept * (1 - w * m) ** 2 + w**2 * np.exp(log_s)).sum() + rest.sum()
        kl = (kept * m**2 + np.exp(log_s) - 1 - log_s).sum() / 2
        return square * math.exp(-log_v) / 2 + len(eigenvalues) * log_v / 2 + beta * kl

    start = np.concatenate([np.full(k, 0.9), np.full(k, 0.5), np.full(k, -1.0), [-0.5]])
    best = optimize.minimize(loss, start, options={"gtol": 1e-9, "maxiter": 5000}).x
    return best[:k], math.exp(best[-1])


def gaussian_nll(residuals: list[float], log_sigma: float) -> float:
    return -stats.norm.logpdf(residuals, scale=math.exp(log_sigma)).sum()


def excess_of_wrong_variance() -> float:
    def mean_nll(v: float) -> float:
        data, model = stats.norm(0, 0.1), stats.norm(0, math.sqrt(v))
        return integral(lambda e: -data.pdf(e) * model.logpdf(e), -1.5, 1.5)

    return mean_nll(0.5) - lowest(mean_nll, 1e-3, 1)[1]


PROOFS: dict[str, Callable[[], float]] = {
    "negative-loss": lambda: -stats.norm.logpdf(0.4, 0.4, 0.01),
    "bits": lambda: -math.log2(math.exp(1.2) / 256),
    "optimal-sigma": lambda: lowest(lambda log_sigma: gaussian_nll([0.1, 0.2, 0.2], log_sigma), -5, 1)[1],
    "wrong-variance": excess_of_wrong_variance,
    "misprint": lambda: lowest(lambda v: math.log(v) / 2 + 0.3**2 / v, 1e-3, 2)[0],
    "ppca": lambda: linear_vae([5, 3, 0.5, 0.3, 0.2], k=2, beta=1)[1],
    "ppca-beta": lambda: linear_vae([5, 3, 0.5, 0.3, 0.2], k=2, beta=1.25)[1],
}

SOLUTIONS = {
    "optimal-sigma-loss": lambda e: -Normal(0, e.square().mean().sqrt().detach()).log_prob(e).mean(),
}
