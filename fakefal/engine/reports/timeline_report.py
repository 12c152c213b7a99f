"""``fakefal.timeline``: the journal as readable text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.tenant import Tenant
from fakefal.scenario.matching.matchers import quote

_MAX_LINES = 60
_EXCERPT_LINES = 12
_INPUT_LENGTH = 60


@dataclass(frozen=True, slots=True)
class TimelineReport:
    """The journal as lines; consecutive identical requests share a line."""

    lines: tuple[str, ...]
    misses: tuple[str, ...]
    clock: str
    dropped: int

    @classmethod
    def from_tenant(cls, tenant: Tenant) -> TimelineReport:
        """Build the report of a tenant's journal; times are offsets from the first entry."""
        entries = list(tenant.journal)
        start = entries[0].at if entries else 0.0
        return cls(
            tuple(_format_lines(entries, start)),
            tuple(str(miss) for miss in tenant.journal.misses),
            tenant.clock.kind,
            tenant.journal.dropped,
        )

    def __str__(self) -> str:
        return self._format(_MAX_LINES)

    def excerpt(self) -> str:
        """The last 12 lines, for assertion errors."""
        return self._format(_EXCERPT_LINES)

    def _format(self, limit: int) -> str:
        if not self.lines:
            return "journal: empty, no request reached the fake"
        shown_lines = self.lines[-limit:]
        hidden_count = len(self.lines) - len(shown_lines)
        heading = f"journal ({self.clock} clock):"
        hidden_note = [f"  … {hidden_count} earlier lines"] if hidden_count else []
        dropped_note = [f"  ({self.dropped} older entries were dropped)"] if self.dropped else []
        return "\n".join(
            [heading, *dropped_note, *hidden_note, *(f"  {line}" for line in shown_lines)]
        )


def _format_lines(entries: Iterable[JournalEntry], start: float) -> Iterable[str]:
    short_names = _ShortNames()
    for _, group in groupby(entries, key=_group_key):
        repeats = list(group)
        first, last = repeats[0], repeats[-1]
        offset = _format_offset(first.at - start)
        times = ""
        if len(repeats) > 1:
            times = f" ×{len(repeats)}"
            if last.at != first.at:
                times += f", until {_format_offset(last.at - start).strip()}"
        yield f"{offset} {first.kind:<7} {_format_entry(first, short_names)}{times}"


def _group_key(entry: JournalEntry) -> tuple[object, ...]:
    if entry.kind == "call":
        return (entry.number,)
    return entry.kind, entry.request_id, entry.status, entry.note


def _format_offset(seconds: float) -> str:
    return f"{f'+{seconds:.3f}s':>10}"


def _format_entry(entry: JournalEntry, short_names: _ShortNames) -> str:
    name = short_names.name(entry.request_id)
    parts = []
    if entry.kind == "call" and entry.call is not None:
        call = entry.call
        parts = [name, call.via, call.endpoint.text, quote(call.input, _INPUT_LENGTH)]
    else:
        parts = [name]
    parts.append(f"→ {entry.status}" if entry.status else "→ no response")
    if entry.label and entry.kind in ("call", "route"):
        parts.append(f"by {entry.label}")
    if entry.note:
        parts.append(f"({entry.note})")
    return " ".join(part for part in parts if part)


class _ShortNames:
    """Numbers request ids: ``#1``, ``#2``, …"""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, request_id: str) -> str:
        if not request_id:
            return ""
        return self._names.setdefault(request_id, f"#{len(self._names) + 1}")
