"""The checks, one function each: a subject in, a finding out."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from ._measure import Measure, of_density, of_values
from ._report import Finding

__all__ = ["CHECKS", "Subject"]

TOLERANCE = 1e-5
"""How far a mass or a mean score may be off."""

SAMPLES = 100_000
P_VALUE = 1e-6
ELEMENTS = 8
"""How many entries of a vector of parameters are varied."""


@dataclass(frozen=True)
class Subject:
    """What is checked, and what several checks need."""

    target: Any
    make: Callable[..., Any] | None
    parameters: dict[str, Tensor]
    interval: tuple[float, float] | None
    values: Tensor | None

    @staticmethod
    def log_prob_of(target: Any) -> Callable[[Tensor], Tensor]:
        return target.log_prob if hasattr(target, "log_prob") else target

    def build(self, dtype: torch.dtype = torch.float64, **changes: Tensor) -> Any:
        """Make it again, with some of the parameters changed."""
        tensors = {name: value.detach().to(dtype) for name, value in self.parameters.items()}
        return self.make(**tensors | changes)

    @cached_property
    def reference(self) -> Any:
        """The same in float64 where it can be made."""
        return self.build() if self.make else self.target

    @cached_property
    def measure(self) -> Measure:
        """The probability as the likelihood itself computes it, in its own precision."""
        return self._measured(self.target)

    @cached_property
    def reference_measure(self) -> Measure:
        return self._measured(self.reference)

    def _measured(self, target: Any) -> Measure:
        with torch.no_grad():
            if self.values is not None:
                return of_values(self.log_prob_of(target), self.values)
            hints = [value for tensor in self.parameters.values() for value in tensor.flatten().tolist()]
            atoms = getattr(self.target, "atoms", ())
            return of_density(self.log_prob_of(target), *self.interval, [*hints, *self._landmarks()], atoms)

    def _landmarks(self) -> list[float]:
        """Where the likelihood itself says that it is; what it cannot say, another check reports."""
        landmarks = [self.moment(name) for name in ("mean", "mode", "median")]
        try:
            quantiles = self.samples.quantile(torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0]).double())
            landmarks += quantiles.tolist()
        except Exception:
            return [x for x in landmarks if x is not None and math.isfinite(x)]
        return [x for x in landmarks if x is not None and math.isfinite(x)]

    @cached_property
    def samples(self) -> Tensor | None:
        if not hasattr(self.reference, "sample"):
            return None
        with torch.no_grad():
            return self.reference.sample(torch.Size((SAMPLES,))).double()

    def moment(self, name: str) -> float | None:
        try:
            return float(getattr(self.reference, name))
        except (AttributeError, NotImplementedError):
            return None

    @property
    def points(self) -> Tensor:
        """Some values with probability, from the middle and from the tails."""
        measure = self.reference_measure
        likely = (measure.probs > 1e-12).nonzero().flatten()
        rank = torch.linspace(0, len(likely) - 1, min(60, len(likely))).long()
        return measure.points[likely[rank]]

    def entries(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield each number among the parameters: its name in words, its tensor, its index."""
        for name, tensor in self.parameters.items():
            for index in itertools.islice(itertools.product(*map(range, tensor.shape)), ELEMENTS):
                yield name + (str(list(index)) if index else ""), name, index


NO_PARAMETERS = "the parameters are not known: pass them"


def mass(subject: Subject) -> Finding:
    measure = subject.measure
    got = f"{measure.mass:.6g}"
    if math.isnan(measure.mass):
        where = measure.points[measure.log_prob.isnan()][0].tolist()
        return Finding("mass", "FAIL", got, "1", f"log_prob is NaN at {where}.")
    if abs(measure.mass - 1) <= TOLERANCE + measure.error:
        if measure.error > 100 * TOLERANCE:
            words = f"the quadrature is only good to {measure.error:.0e}"
            return Finding("mass", "not checked", got, "1", words)
        return Finding("mass", "pass", got, "1")
    words = {
        (True, True): "It is too much: bins overlap or are too wide, or a tail counts twice.",
        (True, False): "Some is missing: a bin, or the tail that belongs to the last bin.",
        (False, True): "It is too much: a normaliser is missing, or the Jacobian of a change of variables.",
        (False, False): "Some is missing: a normaliser, or the Jacobian of a change of variables, or what "
        "lies outside of the support, or what a clamp took.",
    }[subject.values is not None, measure.mass > 1]
    return Finding("mass", "FAIL", got, "1", words)


def samples(subject: Subject) -> Finding:
    drawn, measure = subject.samples, subject.reference_measure
    if drawn is None:
        return Finding("samples", "not checked", meaning="there is no sample()")
    counts, probs, strangers = (_by_value if subject.values is not None else _by_cell)(drawn, measure)
    if strangers > 5:
        words = "Samples fall where there is no probability."
        return Finding("samples", "FAIL", f"{strangers} of {SAMPLES}", "0", words)
    p_value = _p_value(counts, probs / probs.sum())
    if p_value > P_VALUE:
        return Finding("samples", "pass", f"p = {p_value:.2g}", f"p > {P_VALUE:g}")
    words = "Samples do not follow log_prob."
    if drawn.ndim == 1:
        shift = drawn.mean().item() - measure.mean_of(measure.points.double()).item()
        words += f" Their mean is off by {shift:+.3g}"
        if subject.values is not None:
            step = ((subject.values.max() - subject.values.min()) / (len(subject.values) - 1)).item()
            words += f", {shift / step:+.2f} levels"
            if abs(shift / step + 0.5) < 0.1:
                words += ": the sampler floors where log_prob rounds"
        words += "."
    return Finding("samples", "FAIL", f"p = {p_value:.1g}", f"p > {P_VALUE:g}", words)


def _by_value(drawn: Tensor, measure: Measure) -> tuple[Tensor, Tensor, int]:
    """Count the samples of each value, and those of none."""
    points = measure.points.double().reshape(len(measure.points), -1)
    drawn = drawn.reshape(len(drawn), -1)
    distances, nearest = zip(*(torch.cdist(part, points).min(1) for part in drawn.split(1000)), strict=True)
    step = torch.pdist(points[:1000]).min() if len(points) > 1 else torch.tensor(1.0)
    strangers = (torch.cat(distances) > 0.01 * step).sum().item()
    return torch.bincount(torch.cat(nearest), minlength=len(points)).double(), measure.probs, strangers


def _by_cell(drawn: Tensor, measure: Measure) -> tuple[Tensor, Tensor, int]:
    """Count the samples between edges of panels, and at the atoms."""
    is_atom = measure.weights == 1
    atoms = measure.points[is_atom]
    at_atom = drawn.unsqueeze(-1) == atoms
    points, order = measure.points[~is_atom].sort()
    cumulated = torch.cat([torch.zeros(1), measure.probs[~is_atom][order].cumsum(0)])
    below = cumulated[torch.searchsorted(points, measure.panels)]
    # Cells of at least half a percent, which end at edges of panels: between them the quadrature is exact.
    keep = [0]
    for k in range(1, len(below) - 1):
        if min(below[k] - below[keep[-1]], below[-1] - below[k]) >= 0.005 * below[-1]:
            keep.append(k)
    edges, probs = measure.panels[[*keep, -1]], below[[*keep, -1]].diff()
    cell = torch.searchsorted(edges, drawn[~at_atom.any(-1)].contiguous())
    counts = torch.bincount(cell, minlength=len(edges) + 1).double()
    strangers = int(counts[0] + counts[-1])
    return torch.cat([counts[1:-1], at_atom.sum(0)]), torch.cat([probs, measure.probs[is_atom]]), strangers


def _p_value(counts: Tensor, probs: Tensor) -> float:
    """Return the smaller of two p-values, doubled: cell by cell, and of the cumulated counts."""
    total = counts.sum()
    # Kolmogorov and Smirnov's, which sees a shift that is spread over many cells.
    gap = (counts - probs * total).cumsum(0).abs().max() / total
    cumulated = 2 * torch.exp(-2 * total * gap.square())
    expected = probs * total
    rare = expected < 10
    # Pearson's; what is rare is one cell.
    counts = torch.cat([counts[~rare], counts[rare].sum()[None]])
    expected = torch.cat([expected[~rare], expected[rare].sum()[None].clamp(min=1.0)])
    statistic = ((counts - expected).square() / expected).sum()
    freedom = torch.tensor(max(len(counts) - 1, 1) / 2, dtype=torch.float64)
    by_cell = torch.special.gammaincc(freedom, statistic / 2)
    return min(1.0, 2 * min(by_cell.item(), cumulated.item()))


def moments(subject: Subject) -> Finding:
    measure = subject.reference_measure
    if measure.points.ndim > 1:
        return Finding("moments", "not checked", meaning="the event is not a number")
    points, known, wrong = measure.points.double(), [], []
    mean = measure.mean_of(points).item()
    variance = measure.mean_of((points - mean).square()).item()
    for name, expected, unit in (("mean", mean, math.sqrt(variance)), ("variance", variance, variance)):
        got = subject.moment(name)
        if got is not None and math.isfinite(got):
            known.append(name)
            if not abs(got - expected) <= 1e-3 * unit + 1e-12:
                wrong.append(f"the {name} is {got:.6g} and that of log_prob {expected:.6g}")
    median, mode = subject.moment("median"), subject.moment("mode")
    if median is not None:
        known.append("median")
        margin = 1e-6 * max(1.0, abs(median))
        sides = (points < median - margin, points > median + margin)
        below, beyond = (measure.mean_of(side.double()).item() for side in sides)
        if max(below, beyond) > 0.51:
            wrong.append(f"{below:.1%} of the mass lies below the median and {beyond:.1%} above")
    if mode is not None:
        known.append("mode")
        best = measure.log_prob[measure.probs > 0].max().item()
        try:
            at_mode = subject.log_prob_of(subject.reference)(torch.tensor([mode]).double()).item()
        except ValueError:  # the end of an open support, where the density is infinite
            at_mode = math.inf
        if at_mode < best - 1e-3:
            wrong.append(f"log_prob is {at_mode:.4g} at the mode and {best:.4g} elsewhere")
    if wrong:
        return Finding("moments", "FAIL", f"{len(wrong)} wrong", "0 wrong", "; ".join(wrong) + ".")
    if not known:
        return Finding("moments", "not checked", meaning="there is no mean, variance, median or mode")
    return Finding("moments", "pass", ", ".join(known), "as of log_prob")


def score(subject: Subject) -> Finding:
    if not subject.make:
        return Finding("score", "not checked", meaning=NO_PARAMETERS)
    measure, wrong, worst = subject.reference_measure, [], 0.0
    tensors = {k: v.detach().double().requires_grad_() for k, v in subject.parameters.items()}
    log_prob = subject.log_prob_of(subject.make(**tensors))(measure.points)
    mean = (measure.probs / measure.mass * log_prob.nan_to_num(0, 0, 0)).sum()
    for label, name, index in subject.entries():
        gradient = _gradient_of(mean, tensors[name])[index].item()
        size = abs(gradient) * max(abs(tensors[name][index].item()), 1e-3)
        worst = max(worst, size)
        if not size <= 10 * (TOLERANCE + measure.error):
            wrong.append(f"{gradient:.4g} for {label}")
    if wrong:
        words = (
            f"The mean score is {', '.join(wrong)}: the mass depends on it, and training follows the mass."
        )
        return Finding("score", "FAIL", f"{worst:.2g}", "0", words)
    return Finding("score", "pass", f"{worst:.1g}", "0")


def _gradient_of(value: Tensor, tensor: Tensor) -> Tensor:
    """Return the gradient; zeros where there is no path to it."""
    if not value.requires_grad:
        return torch.zeros_like(tensor)
    return torch.autograd.grad(value, tensor, retain_graph=True, allow_unused=True, materialize_grads=True)[0]


def gradient(subject: Subject) -> Finding:
    if not subject.make:
        return Finding("gradient", "not checked", meaning=NO_PARAMETERS)
    points, wrong, compared = subject.points, [], 0
    for label, name, index in subject.entries():
        got, exact, smooth = _derivatives(subject, name, index, points)
        compared += int(smooth.sum())
        if smooth.any() and not exact[smooth].any():
            wrong.append(f"log_prob does not depend on {label}")
            continue
        bad = smooth & ~((got - exact).abs() <= 0.01 * exact.abs().clamp(min=1.0))
        if bad.any():
            k = int(bad.nonzero()[0])
            where = points[k].tolist()
            words = f"d/d{label} is {got[k]:.4g} at {where} and should be {exact[k]:.4g}"
            wrong.append(words + (": a clamp stops it" if got[k] == 0 else ""))
    if wrong:
        return Finding("gradient", "FAIL", f"{len(wrong)} wrong", "0 wrong", "; ".join(wrong) + ".")
    if not compared:
        return Finding("gradient", "not checked", meaning="log_prob is nowhere smooth enough")
    return Finding("gradient", "pass", f"{compared} points", "as differences")


def _derivatives(
    subject: Subject, name: str, index: tuple[int, ...], points: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the derivative by one entry at each point, the one by differences, and where that is sure."""
    value = subject.parameters[name].detach().double()
    rows = {k: v.detach().double().expand(len(points), *v.shape) for k, v in subject.parameters.items()}

    def log_prob(shift: float, leaf: Tensor = rows[name]) -> Tensor:
        moved = leaf.clone()
        moved[(slice(None), *index)] += shift
        return subject.log_prob_of(subject.make(**rows | {name: moved}))(points)

    leaf = rows[name].clone().requires_grad_()
    here = log_prob(0.0, leaf)
    got = _gradient_of(here.nan_to_num(0, 0, 0).sum(), leaf)[(slice(None), *index)]
    best = (torch.zeros_like(got), torch.zeros(len(points), dtype=torch.bool))
    for relative in (1e-4, 1e-6, 1e-8):
        step = relative * max(abs(value[index].item()), 1e-3)
        forward = (log_prob(step) - here.detach()) / step
        backward = (here.detach() - log_prob(-step)) / step
        exact = (forward + backward) / 2
        # Both sides agree, which they do not at a kink, nor where rounding is all there is.
        smooth = (forward - backward).abs() < 0.01 * exact.abs().clamp(min=1.0)
        if smooth.sum() > best[1].sum():
            best = (exact, smooth)
    return got, *best


def single_precision(subject: Subject) -> Finding:
    if not subject.make:
        return Finding("float32", "not checked", meaning=NO_PARAMETERS)
    points = subject.points.float()
    if subject.interval is not None:
        lower, upper = subject.interval
        points = torch.cat([points, torch.tensor([-1e6, -1e3, -1e2, 1e2, 1e3, 1e6])])
        points = points[(points > lower) & (points < upper)]
    rounded = {name: value.detach().float() for name, value in subject.parameters.items()}
    exact = subject.log_prob_of(subject.make(**{k: v.double() for k, v in rounded.items()}))(points.double())
    got = subject.log_prob_of(subject.make(**rounded))(points).double()
    error = ((got - exact).abs() / exact.abs().clamp(min=1.0)).nan_to_num(math.inf)
    error = error.masked_fill(~torch.isfinite(exact), 0.0)
    worst = int(error.argmax())
    size = f"{error[worst].item():.0e}"
    if error[worst] <= 1e-3:
        return Finding("float32", "pass", size, "< 0.001")
    where = points[worst].tolist()
    words = f"log_prob is {got[worst]:.6g} at {where}, and {exact[worst]:.6g} in float64."
    return Finding("float32", "FAIL", size, "< 0.001", words)


def shapes(subject: Subject) -> Finding:
    target, log_prob = subject.target, subject.log_prob_of(subject.target)
    points = subject.points
    points = points[torch.arange(6) % len(points)]
    matrix = points.view(2, 3, *points.shape[1:])
    flat, shaped = log_prob(points), log_prob(matrix)
    got, wrong = str(tuple(shaped.shape)), ""
    if flat.shape != (6,) or shaped.shape != (2, 3):
        wrong = f"log_prob of six values has shape {tuple(flat.shape)}, and of two times three {got}."
    elif not torch.allclose(flat, shaped.flatten(), equal_nan=True):
        wrong = "log_prob of a value depends on the values beside it."
    elif isinstance(target, Distribution):
        wide = target.expand((2, 3))
        if not torch.allclose(wide.log_prob(matrix), shaped, equal_nan=True):
            wrong = "expand changes log_prob."
        elif not torch.allclose(Independent(wide, 1).log_prob(matrix), shaped.sum(1), equal_nan=True):
            wrong = "Independent does not sum log_prob."
    return Finding("shapes", "FAIL" if wrong else "pass", got, "(2, 3)", wrong)


CHECKS = {
    "mass": mass,
    "samples": samples,
    "moments": moments,
    "score": score,
    "gradient": gradient,
    "float32": single_precision,
    "shapes": shapes,
}
