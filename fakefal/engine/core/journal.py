"""The ordered record of all that happened to a tenant."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from fakefal.protocol.core.call import Call
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.errors.fault import Trouble

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import NearMiss

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

KINDS: tuple[Kind, ...] = get_args(Kind)


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
            found["exchange"] = self.label.strip('"')
        if self.note:
            found["note"] = self.note
        if self.miss is not None:
            found["miss"] = str(self.miss)
        return found


Listener = Callable[[Entry], None]

Tally = Counter[tuple[Kind, str, int]]
"""How many entries there were, by kind, by how the call came, and by status."""

_Line = tuple[int, float, Kind, Call | None, str, int, str, str, Miss | None]
"""The fields of an Entry, which is made when somebody reads it and not while a call waits."""

_TOGETHER = 256
"""So many of the oldest lines are counted at once, which costs a third of one by one."""


class Journal:
    """At most ``bound`` entries; the oldest go first, and ``dropped`` says how many went.

    Misses are kept apart as well, so that many calls after one cannot push it out. ``bills`` are
    what direct calls cost: the call, its request id, its billable units. ``edition`` counts the
    journals that a key has had: numbers begin anew with each.
    """

    def __init__(self, bound: int, listeners: tuple[Listener, ...] = ()) -> None:
        self._entries: deque[_Line] = deque(maxlen=bound)
        self._misses: deque[Miss] = deque(maxlen=1000)
        self._bound = bound
        self.bills: deque[tuple[Call, str, float]] = deque(maxlen=bound)
        self._count = 0
        self._missed = 0
        self._gone: Tally = Counter()
        self._leaving: list[_Line] = []
        self.edition = 1
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
        if self._count > self._bound:
            self._leaving.append(self._entries[0])
            if len(self._leaving) == _TOGETHER:
                self._count_leaving()
        line = (self._count, at, kind, call, request_id, status, label, note, miss)
        self._entries.append(line)
        if miss is not None:
            self._missed += 1
            self._misses.append(miss)
        for listener in self.listeners:
            listener(Entry(*line))

    def __iter__(self) -> Iterator[Entry]:
        return iter([Entry(*line) for line in self._entries])

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, number: int) -> list[Entry]:
        """The entries kept that came after the one with this number."""
        count = min(max(self._count - number, 0), len(self._entries))
        return [Entry(*line) for line in islice(self._entries, len(self._entries) - count, None)]

    def listen(self, listener: Listener) -> None:
        """Tell one more listener of each entry."""
        self.listeners = (*self.listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Tell a listener of nothing more."""
        self.listeners = tuple(it for it in self.listeners if it != listener)

    def tally(self) -> Tally:
        """How many entries of each sort there were, those that are no longer kept too."""
        self._count_leaving()
        return self._gone + Counter(map(_sort, self._entries))

    def _count_leaving(self) -> None:
        self._gone.update(map(_sort, self._leaving))
        self._leaving.clear()

    @property
    def count(self) -> int:
        """How many entries there were: the number of the last one."""
        return self._count

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


def _sort(line: _Line) -> tuple[Kind, str, int]:
    call = line[3]
    return line[2], "" if call is None else call.via, line[5]
