"""What a check found, as text and as HTML."""

import html
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Report"]


@dataclass(frozen=True)
class Finding:
    """One check and its result."""

    check: str
    """What was checked."""
    result: Literal["pass", "FAIL", "not checked"]
    """How it ended. What an object lacks is not checked, which is not a pass."""
    measured: str = ""
    """What was found."""
    expected: str = ""
    """What should have been found."""
    meaning: str = ""
    """In words, what is wrong, or why nothing was checked."""


@dataclass(frozen=True)
class Report:
    """What :func:`check_likelihood` returns. It prints as a table, and shows as one in a notebook."""

    name: str
    """What was checked."""
    findings: tuple[Finding, ...]
    """One entry per check."""

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if finding.result == "FAIL")

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def _verdict(self) -> str:
        if self.ok:
            return f"{self.name}: nothing is wrong with what was checked."
        count = len(self.failures)
        return f"{self.name}: {count} check{'s' * (count != 1)} failed."

    def __str__(self) -> str:
        header = ("check", "result", "measured", "expected")
        rows = [(f.check, f.result, f.measured, f.expected) for f in self.findings]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [self._verdict()]
        for row in (header, *rows):
            lines.append(
                "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            )
        lines += [f"{f.check}: {f.meaning}" for f in self.failures]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = [("check", "result", "measured", "expected", "meaning")]
        cells += [(f.check, f.result, f.measured, f.expected, f.meaning) for f in self.findings]
        head, *body = ("".join(f"<td>{html.escape(text)}</td>" for text in row) for row in cells)
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        head = head.replace("td>", "th>")
        return (
            f"<p>{html.escape(self._verdict())}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
