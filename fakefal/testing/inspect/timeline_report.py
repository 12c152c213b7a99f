"""What happened to a tenant, as a timeline for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from fakefal.engine.core.journal import Entry
from fakefal.engine.tenant import Tenant
from fakefal.scenario.matching.matchers import quote

_LINES = 60
_EXCERPT = 12
_INPUT = 60


@dataclass(frozen=True, slots=True)
class Story:
    """The journal as lines; requests that are alike and follow each other are one line."""

    lines: tuple[str, ...]
    misses: tuple[str, ...]
    clock: str
    dropped: int

    @classmethod
    def of(cls, tenant: Tenant) -> Story:
        """The story of a tenant so far."""
        entries = list(tenant.journal)
        began = entries[0].at if entries else 0.0
        return cls(
            tuple(_lines(entries, began)),
            tuple(str(miss) for miss in tenant.journal.misses),
            tenant.clock.kind,
            tenant.journal.dropped,
        )

    def __str__(self) -> str:
        return self._told(_LINES)

    def excerpt(self) -> str:
        """The last of it, for failures of assertions."""
        return self._told(_EXCERPT)

    def _told(self, limit: int) -> str:
        if not self.lines:
            return "journal: nothing has reached the fake"
        kept = self.lines[-limit:]
        before = len(self.lines) - len(kept)
        head = f"journal ({self.clock} clock):"
        earlier = [f"  … {before} lines before"] if before else []
        lost = [f"  ({self.dropped} older entries were let go)"] if self.dropped else []
        return "\n".join([head, *lost, *earlier, *(f"  {line}" for line in kept)])


def _lines(entries: Iterable[Entry], began: float) -> Iterable[str]:
    names = _Names()
    for _, group in groupby(entries, key=_alike):
        same = list(group)
        first, last = same[0], same[-1]
        at = _instant(first.at - began)
        times = ""
        if len(same) > 1:
            times = f" ×{len(same)}"
            if last.at != first.at:
                times += f", until {_instant(last.at - began).strip()}"
        yield f"{at} {first.kind:<7} {_told(first, names)}{times}"


def _alike(entry: Entry) -> tuple[object, ...]:
    if entry.kind == "call":
        return (entry.number,)
    return entry.kind, entry.request_id, entry.status, entry.note


def _instant(seconds: float) -> str:
    return f"{f'+{seconds:.3f}s':>10}"


def _told(entry: Entry, names: _Names) -> str:
    name = names.name(entry.request_id)
    parts = []
    if entry.kind == "call" and entry.call is not None:
        call = entry.call
        parts = [name, call.via, call.endpoint.text, quote(call.input, _INPUT)]
    else:
        parts = [name]
    parts.append(f"→ {entry.status}" if entry.status else "→ no answer")
    if entry.label and entry.kind == "call":
        parts.append(f"by {entry.label}")
    if entry.note:
        parts.append(f"({entry.note})")
    return " ".join(part for part in parts if part)


class _Names:
    """Short names for request ids, in the order in which they came."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def name(self, request_id: str) -> str:
        if not request_id:
            return ""
        return self._known.setdefault(request_id, f"#{len(self._known) + 1}")
