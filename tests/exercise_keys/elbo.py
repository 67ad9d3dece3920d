import math
from collections.abc import Callable

from exercise_numerics import integral
from scipy import stats
from torch.distributions import Normal, kl_divergence


def divergence(q: stats.rv_continuous, p: stats.rv_continuous) -> float:
    return integral(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -12, 12)


class OnePixel:
    """z ~ N(0, 1) and x | z ~ N(z, 1), at x = 1; all integrals over z are quadratures."""

    prior = stats.norm(0, 1)

    @classmethod
    def moment(cls, power: int) -> float:
        return integral(lambda z: z**power * cls.prior.pdf(z) * stats.norm.pdf(1, z, 1))

    @classmethod
    def posterior(cls) -> stats.rv_continuous:
        evidence, first, second = map(cls.moment, range(3))
        mean = first / evidence
        return stats.norm(mean, math.sqrt(second / evidence - mean**2))

    @classmethod
    def excess(cls, q: stats.rv_continuous, beta: float) -> float:
        """E_q log p(x | z) - beta KL(q || p(z)) - log p(x)."""
        fit = integral(lambda z: q.pdf(z) * stats.norm.logpdf(1, z, 1), -12, 12)
        return fit - beta * divergence(q, cls.prior) - math.log(cls.moment(0))


PROOFS: dict[str, Callable[[], float]] = {
    "kl": lambda: divergence(stats.norm(1, 0.5), stats.norm(0, 1)),
    "kl-reversed": lambda: divergence(stats.norm(0, 1), stats.norm(1, 0.5)),
    "gap": lambda: -OnePixel.excess(stats.norm(0, 1), 1),
    "beta-below-one": lambda: OnePixel.excess(OnePixel.posterior(), 0.5),
}

SOLUTIONS = {
    "gaussian-kl": lambda loc, scale: kl_divergence(Normal(loc, scale), Normal(0.0, 1.0)),
}
