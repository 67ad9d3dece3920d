"""The fourth kind of exercise asks for a head, and says what the choice costs."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, log

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..bits import grid_log_prob
from ..likelihoods import Head

Claim = Callable[[Tensor], Distribution]
"""A head, or any function that turns features ``[B, F, 1, 1]`` into the distribution of ``[B, 1, 1, 1]``."""


def price(claim: Claim, x: Tensor, *, num_levels: int | None = None, steps: int = 200) -> float:
    """Return the bits per value of one distribution for all values, fitted to them; no network, no latent.

    Each feature is one number, found by maximum likelihood together with the parameters of the head, for
    values whose size is about one.

    Args:
        claim: a head; or a function of two features.
        x: values of any shape.
        num_levels: of the grid that ``x`` lies on. A density is then scored with noise inside the bins, a
            likelihood of levels by its own masses. With None a density is counted as it is, in the unit of x.
        steps: of Adam.

    >>> from vaelosses import BernoulliHead
    >>> round(price(BernoulliHead(), torch.tensor([0.0, 0.0, 0.0, 1.0]), num_levels=2), 2)  # the entropy
    0.81
    """
    claim = copy.deepcopy(claim)
    parameters = list(claim.parameters()) if isinstance(claim, nn.Module) else []
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        features = torch.zeros(1, _width(claim), 1, 1, requires_grad=True)
        discrete = claim(features).support.is_discrete
        values, counts = x.detach().flatten().unique(return_counts=True)
        repeats = 1 if discrete or num_levels is None else 8  # of the noise
        values, counts = values.repeat(repeats).view(-1, 1, 1, 1), counts.repeat(repeats)
        adam = torch.optim.Adam([features, *parameters], lr=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        losses = []
        for _ in range(steps):
            p = claim(features.expand(len(values), -1, -1, -1))
            if discrete or num_levels is None:
                log_p = p.log_prob(values)
            else:
                log_p = grid_log_prob(p, values, how="dequantize", num_levels=num_levels)
            loss = -(log_p * counts).sum() / counts.sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            losses.append(loss.item())
    late = losses[-max(1, steps // 10) :]
    return sum(late) / len(late) / log(2)


def _width(claim: Claim) -> int:
    return getattr(claim, "num_features", 2)


@dataclass(frozen=True)
class ChoiceExercise:
    """A question whose answer is a head; the feedback says what the choice costs on data.

    Attributes:
        question: What is asked, in one line.
        data: Makes the values.
        num_levels: Of the grid that the values lie on, None if they are continuous.
        best: Makes a right head.
        margin: How many bits more are still right.
        why: What is said after a right answer.
        mistakes: Wrong heads by the name of their class, each with the sentence that names the mistake.
        hint: What is said after any other answer.
    """

    question: str
    data: Callable[[], Tensor]
    num_levels: int | None
    best: Callable[[], Head]
    margin: float
    why: str
    mistakes: Mapping[str, str]
    hint: str

    def feedback(self, answer: object) -> str:
        """One sentence or two for the student."""
        if answer is None:
            return "Replace None by your head and run the cell again."
        if not isinstance(answer, Head):
            return f"Not yet: the answer is a head such as GaussianHead(), and {answer!r} is not."
        name = type(answer).__name__
        sentence = self.mistakes.get(name, self.hint)
        levels = getattr(answer, "num_levels", self.num_levels)
        if self.num_levels is not None and levels != self.num_levels:
            return f"Not yet: {name} has {levels} levels, and the values lie on {self.num_levels}: say so."
        best = self.best()
        if isinstance(answer, type(best)):
            sentence = "The family is right: look at its arguments."
        if getattr(answer, "scale", None) == "optimal":
            return 'Not yet: there is no network here, so take scale="shared" instead of "optimal".'
        try:
            extra = self._price(answer) - self._price(best)
        except (TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            if "within the support" in reason:
                reason = "they are outside of its support."
            return f"Not yet: {name} refuses some of these values: {reason}"
        if extra < self.margin:
            return f"Correct: {self.why}"
        if not isfinite(extra):
            return f"Not yet: {name} gives some of these values no probability. {sentence}"
        return f"Not yet: {name} costs {extra:.2f} bits per value more than it has to. {sentence}"

    def _price(self, head: Head) -> float:
        return price(head, self.data(), num_levels=self.num_levels)
