"""Calling somebody's loss: its value, its gradients, and what it does on the way."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ._point import Point, Shape, random_point

__all__ = ["Answer", "ProbeError", "Prober", "Probes"]

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class ProbeError(Exception):
    """The loss cannot be called like this, or not with a finite result; the message says why, in words."""


@dataclass(frozen=True)
class Answer:
    """The value of a loss at a point, and its gradients."""

    value: float
    x_hat: Tensor
    mu: Tensor
    logvar: Tensor

    @property
    def finite(self) -> bool:
        return all(bool(torch.as_tensor(number).isfinite().all()) for number in vars(self).values())


@dataclass(frozen=True)
class Probes:
    """Points, and what the loss answered there."""

    points: list[Point]
    answers: list[Answer]
    apart: tuple[Point, Point] | None = None
    """Two points that differ in ``x_hat`` alone, at the prior, where a KL is zero."""
    difference: float = 0.0
    """By how much the loss is larger at the second of them."""
    digits: float = 0.0
    """How exactly that is known."""


@dataclass(frozen=True)
class Prober:
    """A way to call a loss."""

    loss: Loss
    pixel_range: tuple[float, float]
    dtype: torch.dtype = torch.float64
    binary: bool = False
    """Whether the pixels have to be black or white."""
    seed: int = 0
    """Of the random numbers that the loss itself may draw."""

    @classmethod
    def that_works(cls, loss: Loss, pixel_range: tuple[float, float], shape: Shape) -> "Prober":
        """Return the first way to call the loss that works: in double precision, on grey pixels if it can."""
        failures = []
        for dtype in (torch.float64, torch.float32):
            for binary in (False, True):
                prober = cls(loss, pixel_range, dtype, binary)
                try:
                    if prober(prober.point(shape)).finite:
                        return prober
                    failures.append(ProbeError("it is not finite, or its gradient is not"))
                except ProbeError as failure:
                    failures.append(failure)
        raise failures[0]

    @property
    def digits(self) -> float:
        """The relative error of a value, with some room."""
        return 1e-11 if self.dtype == torch.float64 else 1e-5

    @property
    def tolerance(self) -> float:
        """The relative error of a gradient at which two gradients are still taken for the same."""
        return 1e-5 if self.dtype == torch.float64 else 1e-4

    def point(self, shape: Shape, **sizes: float) -> Point:
        return random_point(shape, self.pixel_range, binary=self.binary, **sizes)

    def __call__(self, point: Point) -> Answer:
        """Return the value and the gradients."""
        leaves, _, value = self._called(point)
        if not (torch.is_tensor(value) and value.numel() == 1):
            got = (
                f"a tensor of shape {tuple(value.shape)}" if torch.is_tensor(value) else type(value).__name__
            )
            raise ValueError(
                f"loss: returned {got}, expected a scalar tensor: sum or average over the batch, or pick "
                "the entry that you call backward() on"
            )
        gradients: tuple[Tensor | None, ...] = (None,) * 3
        if value.requires_grad:
            try:
                gradients = torch.autograd.grad(value, leaves[1:], torch.ones_like(value), allow_unused=True)
            except RuntimeError as error:
                raise _failure(error) from error
        filled = (
            torch.zeros_like(leaf) if gradient is None else gradient
            for leaf, gradient in zip(leaves[1:], gradients, strict=True)
        )
        return Answer(value.item(), *(gradient.detach().double() for gradient in filled))

    def probes(self, points: list[Point]) -> Probes:
        """Call the loss at the points, and at the prior with the ``x_hat`` of the first two."""
        first, second, *_ = points
        here = first.at_prior()
        there = replace(here, x_hat=second.x_hat)
        values = self(here).value, self(there).value
        digits = self.digits * max(map(abs, values))
        return Probes(points, [self(p) for p in points], (here, there), values[1] - values[0], digits)

    def _called(self, point: Point) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Return leaves of the graph, copies that the loss gets and may write into, and its result."""
        leaves = [
            tensor.to(self.dtype, copy=True).requires_grad_(name != "x")
            for name, tensor in vars(point).items()
        ]
        with torch.enable_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            copies = [leaf.clone() for leaf in leaves]
            try:
                return leaves, copies, self.loss(*copies)
            except Exception as error:  # whatever it is: the loss is not ours
                raise _failure(error) from error

    def changed_arguments(self, point: Point) -> list[str]:
        """Return the names of the arguments that the loss writes into."""
        before, after, _ = self._called(point)
        pairs = zip(vars(point), before, after, strict=True)
        return [name for name, one, other in pairs if not torch.equal(one, other)]

    def own_parameters(self, point: Point) -> int:
        """Return how many numbers the loss trains beside its arguments."""
        leaves, _, value = self._called(point)
        seen, ahead = set(), [value.grad_fn]
        while ahead:
            node = ahead.pop()
            if node is not None and node not in seen:
                seen.add(node)
                ahead += [following for following, _ in node.next_functions]
        trained = {node.variable for node in seen if hasattr(node, "variable")}
        return sum(leaf.numel() for leaf in trained.difference(leaves))

    def best_x_hat(self, point: Point, pixel: float) -> float | None:
        """Return the ``x_hat`` that minimises the loss where all pixels are ``pixel``, by bisection."""
        x = torch.full_like(point.x, pixel)
        low, high = -700.0, 700.0

        def slope(x_hat: float) -> float:
            return self(replace(point, x=x, x_hat=torch.full_like(x, x_hat))).x_hat.sum().item()

        try:
            rising = slope(high) > 0
            if not slope(low) * slope(high) < 0:
                return None
            for _ in range(64):
                middle = (low + high) / 2
                low, high = (low, middle) if (slope(middle) > 0) == rising else (middle, high)
        except ProbeError:
            return None
        return middle


def _failure(error: Exception) -> ProbeError:
    message = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return ProbeError(f"it raises {type(error).__name__}: {message}")
