"""A figure, the table of all of them, and the page that keeps the table."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.processes import ROOT

PAGE = Path(__file__).with_name("README.md")
START, END = "<!-- results: written by `python -m benchmarks --write` -->", "<!-- end -->"


@dataclass(frozen=True)
class Figure:
    """One number with its target: a ratio, milliseconds or a count (``unit``)."""

    name: str
    value: float
    target: float
    at_least: bool = False  # otherwise at most
    unit: str = "×"
    detail: str = ""

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        measured, target = (format_value(it, self.unit) for it in (self.value, self.target))
        return f"{self.name}: {measured} (target {sign} {target}; {self.detail})"


@dataclass(frozen=True)
class Missing:
    """A figure that could not be measured, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Summary:
    """The same figure of several runs; shows the median and the range."""

    figures: tuple[Figure, ...]

    @property
    def median(self) -> Figure:
        """The figure of the middle run; of two, the worse."""
        ordered = sorted(self.figures, key=miss_factor)
        return ordered[len(ordered) // 2]

    def row(self) -> str:
        """A line of the Markdown table."""
        figure = self.median
        values = sorted(it.value for it in self.figures)
        lowest, highest = (format_value(it, figure.unit) for it in (values[0], values[-1]))
        value_range = f"{lowest} to {highest}" if lowest != highest else ""
        target = f"{'≥' if figure.at_least else '≤'} {format_value(figure.target, figure.unit)}"
        is_missed = miss_factor(figure) > 1
        verdict = f"**missed**, {miss_factor(figure):.2f}" if is_missed else "met"
        value = format_value(figure.value, figure.unit)
        cells = (figure.name, value, value_range, target, verdict, figure.detail)
        return f"| {' | '.join(cells)} |"


def miss_factor(figure: Figure) -> float:
    """How far a figure is from its target: 1 meets it, 2 is twice the time or half the speed."""
    if figure.at_least:
        return figure.target / max(figure.value, 1e-9)
    return figure.value / figure.target


def format_value(value: float, unit: str) -> str:
    """``0.84``, ``348 ms``, ``5.2 ms``, ``94``."""
    if unit == "×":
        return f"{value:.2f}"
    digits = f"{value:,.1f}" if unit == "ms" and value < 100 else f"{value:,.0f}"
    return f"{digits} {unit}".strip()


def summarize(figures: Iterable[Figure]) -> list[Summary]:
    """One summary a name, the furthest from its target first."""
    by_name: dict[str, list[Figure]] = {}
    for figure in figures:
        by_name.setdefault(figure.name, []).append(figure)
    summaries = [Summary(tuple(it)) for it in by_name.values()]
    return sorted(summaries, key=lambda it: miss_factor(it.median), reverse=True)


def table(summaries: Sequence[Summary], missing: Sequence[Missing], heading: str) -> str:
    """Everything that was measured, as Markdown."""
    lines = [
        heading,
        "",
        "| what | measured | range | target | | beside it |",
        "|---|---|---|---|---|---|",
        *(summary.row() for summary in summaries),
    ]
    if missing:
        reasons = dict.fromkeys(f"- {it.name}: {it.reason}" for it in missing)
        lines += ["", "Not measured:", "", *reasons]
    return "\n".join(lines)


def heading(runs: int, load: str, peer: str) -> str:
    """When, where and how it was measured."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    day = datetime.now(timezone.utc).date().isoformat()
    count = "one run" if runs == 1 else f"medians and ranges of {runs} runs"
    parts = [f"Python {platform.python_version()}", "uvloop", load, peer]
    return (
        f"Measured {day} at `{revision or 'no revision'}`: {count}; "
        f"{', '.join(part for part in parts if part)}."
    )


def write(text: str, page: Path = PAGE) -> None:
    """Replace the results in a page; the rest of it stays."""
    before, _, after = page.read_text(encoding="utf-8").partition(START)
    _, found, rest = after.partition(END)
    if not found:
        raise ValueError(f"{page} has no place for results: {START} … {END}")
    page.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest}", encoding="utf-8")
