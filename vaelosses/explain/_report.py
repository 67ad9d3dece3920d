"""What an explanation is, as attributes, as text and as HTML."""

import html
from dataclasses import dataclass

from ._kl import Verdict

__all__ = ["Explanation"]


@dataclass(frozen=True, repr=False)
class Explanation:
    """What :func:`explain_loss` returns. It prints as text, and shows as a table in a notebook.

    A number that does not apply, or that cannot be told, is None.
    """

    name: str
    """The name of the loss."""
    answer: str
    """The answer, in a sentence."""
    family: str
    """"squared", "absolute", "BCE on probabilities", "BCE on logits", "continuous Bernoulli on logits",
    "logit-Laplace", "logit-normal", "log-MSE", "no known likelihood" or "cannot tell"."""
    sigma2: float | None
    """The variance of the Gaussian if beta is 1, in the squared unit of the pixels."""
    b: float | None
    """The scale of the Laplace, or of the logit-Laplace, if beta is 1."""
    beta: float | None
    """The weight of the KL if sigma or b is 1; for families without a scale, its weight. It counts the sum
    over the latents, also where the loss takes their mean."""
    kl: Verdict
    """"right", "right for log sigma" (the fourth argument must be log sigma, not the log-variance),
    "wrong sign", "missing", "unequal weights" or "cannot tell"."""
    reductions: dict[str, dict[str, str]]
    """What "reconstruction" and "kl" do over each axis, "sum", "mean" or "cannot tell"."""
    separates: bool | None
    """Whether the loss is a function of the images plus a function of the latents."""
    bounded: bool | None
    """Whether the loss is bounded below."""
    scale: float | None
    """The loss is, up to constants, this number times the loss of ``code``."""
    constant: float | None
    """What the loss is above ``code``, in nats per image and after the division by ``scale``. None if it is
    no constant, or in too few digits."""
    surviving_latents: int | None
    """How many latents a linear VAE keeps with this loss."""
    findings: tuple[tuple[str, str], ...]
    """Pairs of a topic and a sentence, the table of the report."""
    warnings: tuple[str, ...]
    """What is wrong, or what to know, the worst first."""
    code: str | None
    """Lines that turn x, x_hat, mu and logvar into ``loss``, for the same training with vaelosses."""

    @property
    def _heading(self) -> str:
        return "The same in vaelosses:" if self.scale is not None else "In vaelosses, with the signs right:"

    def __repr__(self) -> str:
        width = max(len(topic) for topic, _ in self.findings)
        lines = [f"{self.name}: {self.answer}", ""]
        lines += [f"{topic:<{width}}  {text}" for topic, text in self.findings]
        if self.warnings:
            lines += ["", *(f"! {text}" for text in self.warnings)]
        if self.code:
            lines += ["", self._heading, "", *(f"    {line}".rstrip() for line in self.code.splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def rows(pairs: tuple[tuple[str, str], ...]) -> str:
            return "".join(
                f'<tr><th style="text-align: left">{html.escape(topic)}</th>'
                f'<td style="text-align: left">{html.escape(text)}</td></tr>'
                for topic, text in pairs
            )

        parts = [
            f"<p><strong>{html.escape(self.name)}</strong>: {html.escape(self.answer)}</p>",
            f"<table><tbody>{rows(self.findings)}</tbody></table>",
        ]
        if self.warnings:
            items = "".join(f"<li>{html.escape(text)}</li>" for text in self.warnings)
            parts.append(f"<ul>{items}</ul>")
        if self.code:
            parts.append(f"<p>{self._heading}</p><pre>{html.escape(self.code)}</pre>")
        return "".join(parts)
