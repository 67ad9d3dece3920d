"""The softmax: what it costs, what it forgets, and how it is written."""

from collections.abc import Callable
from math import e, log

import sympy as sp
import torch
from torch import Tensor

from ._kinds import CodeExercise, Exercise

_BITS = 1 / log(2)


def _on_rows(cross_entropy: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A loss of rows [points, 3] as a function of three logits and three counts."""

    def elementwise(*columns: Tensor) -> Tensor:
        return cross_entropy(torch.stack(columns[:3], dim=-1), torch.stack(columns[3:], dim=-1))

    return elementwise


_logits = sp.symbols("logits_0:3", real=True)
_counts = sp.symbols("counts_0:3", nonnegative=True)
_log_sum = sp.log(sum(map(sp.exp, _logits)))

EXERCISES: dict[str, Exercise | CodeExercise] = {
    "price": Exercise(
        question="A free table of 64 levels, learned from 100 images: its price, in bits per pixel",
        key=63 / (2 * 100) * _BITS,
        why="63 free probabilities cost 1/(2n) nats each.",
        mistakes=[
            (63 / (2 * 100), "that is in nats; divide by log 2."),
            (64 / (2 * 100) * _BITS, "the 64 probabilities sum to one, so 63 of them are free."),
            (63 / 100 * _BITS, "the ½ of the expansion is missing."),
            (63 / 2 * _BITS, "that is the price of a single image; here there are 100."),
        ],
        hint="the price is (L - 1)/(2n) in nats; convert it to bits.",
    ),
    "bag": Exercise(
        question="The words a, a, b, c: by how much is their cross-entropy above -log P(bag), in nats?",
        key=log(12),
        why="4!/(2! 1! 1!) = 12 sequences have the same bag; no gradient sees the number.",
        mistakes=[
            (log(24), "exchanging the two a changes nothing: divide 4! by 2!."),
            (12, "that is the number of sequences; the loss has its logarithm."),
            (log(12) * _BITS, "that is in bits; nats come from the natural logarithm."),
            (0, "cross-entropy scores one order of the words, and the bag has several."),
            (log(81), "that counts all sequences over three words; count those with this bag."),
        ],
        hint="how many different sequences can be made of a, a, b, c? Take the logarithm.",
    ),
    "double-softmax": Exercise(
        question="F.cross_entropy is given softmax probabilities of 16 levels: its lowest value, in nats",
        key=log(1 + 15 / e),
        why="as logits, probabilities differ by 1 at the most: the second softmax gives e/(e + 15).",
        mistakes=[
            (0, "that needs a logit that is far above the others, and a probability is 1 at the most."),
            (log(16), "that is for equal probabilities; the best answer is 1 and 15 zeros."),
            (log(1 + 15 / e) * _BITS, "that is in bits; nats come from the natural logarithm."),
            (log(1 + 1 / e), "that is for two levels; here 15 others are in the sum."),
        ],
        hint="put the logits 1, 0, 0, ..., 0 into the softmax; minus the log of its first entry.",
    ),
    "cross-entropy": CodeExercise(
        question=(
            "cross_entropy(logits [B, L], counts [B, L]): minus the log-probability of each row, in nats, "
            "for one-hot rows and for the counts of words in a given order, finite for every finite logit"
        ),
        expression=sum(_counts) * _log_sum - sum(c * x for c, x in zip(_counts, _logits, strict=True)),
        symbols=[*_logits, *_counts],
        points=[
            (*logits, *counts)
            for logits in [(0, 0, 0), (0.3, -1, 2), (800, 0, -800), (-800, -790, -801), (30, 30.5, -30)]
            for counts in [(1, 0, 0), (0, 0, 1), (2, 0, 5), (1, 1, 1)]
        ],
        why="One loss for grey levels and for words.",
        mistakes=[
            (
                lambda logits, counts: logits.logsumexp(-1) - (counts * logits).sum(-1),
                "right for one-hot rows, but each of n words pays its own log-sum-exp.",
            ),
            (
                lambda logits, counts: -(counts * logits.log_softmax(-1)).mean(-1),
                "you average over the levels; the logarithm of a product is a sum.",
            ),
            (
                lambda logits, counts: (
                    -(counts * logits.log_softmax(-1)).sum(-1) / counts.sum(-1).clamp(min=1)
                ),
                "that is per word; here the loss is that of the whole row.",
            ),
            (
                lambda logits, counts: -(counts * logits.log_softmax(0)).sum(-1),
                "your softmax runs over the batch; it must run over the levels.",
            ),
            (
                lambda logits, counts: (
                    -(counts * logits.log_softmax(-1)).sum(-1)
                    - (counts.sum(-1) + 1).lgamma()
                    + (counts + 1).lgamma().sum(-1)
                ),
                "that is for the bag: the words have an order here, and no multinomial number.",
            ),
        ],
        adapt=_on_rows,
        data=_counts,
    ),
}
