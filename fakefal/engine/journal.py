"""The ordered record of all that happened to a tenant."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fakefal.protocol.call import Call
from fakefal.protocol.texts import iso
from fakefal.protocol.trouble import Trouble

if TYPE_CHECKING:
    from fakefal.scenario.entries import NearMiss

Kind = Literal[
    "call",
    "status",
    "stream",
    "result",
    "cancel",
    "refused",
    "webhook",
    "lint",
    "upload",
    "token",
    "socket",
    "message",
]


@dataclass(frozen=True, slots=True)
class Miss:
    """A call that no exchange matched, with the nearest and why each did not."""

    call: Call
    nearest: tuple[NearMiss, ...]

    def __str__(self) -> str:
        head = f"no exchange for {self.call.endpoint} ({self.call.via})"
        if not self.nearest:
            return f"{head}; none is loaded — add one to the scenario, or call on(…) in the test"
        return f"{head}; nearest: {'; '.join(map(str, self.nearest))}"


class Entry(NamedTuple):
    """A line of the journal. ``number`` counts from 1 for each tenant."""

    number: int
    at: float
    kind: Kind
    call: Call | None
    request_id: str
    status: int
    label: str
    note: str
    miss: Miss | None

    def body(self) -> dict[str, Any]:
        """The entry as JSON; credentials never get here."""
        found: dict[str, Any] = {
            "number": self.number,
            "at": iso(self.at),
            "kind": self.kind,
            "request_id": self.request_id,
            "status": self.status,
        }
        if self.call is not None:
            found["endpoint"] = self.call.endpoint.text
            found["via"] = self.call.via
            if self.kind in ("call", "message"):
                found["input"] = self.call.input
            if self.kind == "call":
                found["headers"] = dict(self.call.headers)
        if self.label:
            found["exchange"] = self.label
        if self.note:
            found["note"] = self.note
        if self.miss is not None:
            found["miss"] = str(self.miss)
        return found


Listener = Callable[[Entry], None]

_Line = tuple[int, float, Kind, Call | None, str, int, str, str, Miss | None]
"""The fields of an Entry, which is made when somebody reads it and not while a call waits."""


class Journal:
    """At most ``bound`` entries; the oldest go first, and ``dropped`` says how many went.

    Misses are kept apart as well, so that many calls after one cannot push it out. ``units`` are
    what direct calls cost, by request id.
    """

    def __init__(self, bound: int, listeners: tuple[Listener, ...] = ()) -> None:
        self._entries: deque[_Line] = deque(maxlen=bound)
        self._misses: deque[Miss] = deque(maxlen=1000)
        self._bound = bound
        self.units: dict[str, float] = {}
        self._count = 0
        self._missed = 0
        self.listeners = listeners

    def write(
        self,
        at: float,
        kind: Kind,
        call: Call | None,
        request_id: str = "",
        status: int = 200,
        label: str = "",
        note: str = "",
        trouble: Trouble | None = None,
        miss: Miss | None = None,
    ) -> None:
        """Append a line and tell the listeners; ``trouble`` is what happens to the answer."""
        if trouble is not None:
            status = status if trouble.code == 200 else trouble.code
            note = f"{note}; fault: {trouble.name}" if note else f"fault: {trouble.name}"
        self._count += 1
        line = (self._count, at, kind, call, request_id, status, label, note, miss)
        self._entries.append(line)
        if miss is not None:
            self._missed += 1
            self._misses.append(miss)
        for listener in self.listeners:
            listener(Entry(*line))

    def bill(self, request_id: str, units: float) -> None:
        """Remember what a direct call costs; of as many calls as there may be entries."""
        self.units[request_id] = units
        if len(self.units) > self._bound:
            del self.units[next(iter(self.units))]

    def __iter__(self) -> Iterator[Entry]:
        return iter([Entry(*line) for line in self._entries])

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        """How many of the oldest entries are no longer kept."""
        return self._count - len(self._entries)

    @property
    def misses(self) -> tuple[Miss, ...]:
        """The misses kept, oldest first; at most a thousand."""
        return tuple(self._misses)

    @property
    def missed(self) -> int:
        """How many misses there were in all."""
        return self._missed
