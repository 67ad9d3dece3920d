"""Integrals, searches and slopes, by which the tests find the keys of exercises a second time."""

from collections.abc import Callable

from scipy import integrate, optimize


def integral(function: Callable[[float], float], lower: float = -30, upper: float = 30) -> float:
    return integrate.quad(function, lower, upper, epsabs=1e-11, limit=500)[0]


def lowest(function: Callable[[float], float], lower: float, upper: float) -> tuple[float, float]:
    found = optimize.minimize_scalar(
        function, bounds=(lower, upper), method="bounded", options={"xatol": 1e-10}
    )
    return found.x, found.fun


def second_derivative(function: Callable[[float], float], at: float, step: float = 1e-4) -> float:
    return (function(at - step) - 2 * function(at) + function(at + step)) / step**2
