"""The journal of a tenant: every request and event, in order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from fakefal.credentials.redaction import redact_json
from fakefal.engine.core.inputs import LargeInputs, shortened
from fakefal.protocol.core.call import Call
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.errors.fault import Fault

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import NearMiss

EntryKind = Literal[
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

ENTRY_KINDS: tuple[EntryKind, ...] = get_args(EntryKind)


@dataclass(frozen=True, slots=True)
class Miss:
    """A call that matched no exchange, with the nearest exchanges and why each did not match."""

    call: Call
    nearest: tuple[NearMiss, ...]

    def __str__(self) -> str:
        head = f"no exchange for {self.call.endpoint} ({self.call.via})"
        if not self.nearest:
            return f"{head}; none is loaded — add one to the scenario, or call on(…) in the test"
        others = [near.brief for near in self.nearest[1:]]
        return f"{head}; nearest: {'; '.join((str(self.nearest[0]), *others))}"


@dataclass(frozen=True, slots=True)
class UnservedRequest(Miss):
    """A request for a route of fal that the fake does not have: ``GET rest.fal.ai/kv/x``."""

    request: str = ""

    def __str__(self) -> str:
        return (
            f"fakefal does not serve {self.request}: it answered 404, where fal may answer "
            "otherwise — see docs/differences.md for what is served"
        )


def unserved_request(request: str) -> UnservedRequest:
    """The miss of a request: its method, host and path."""
    method, _, target = request.partition(" ")
    host, _, path = target.partition("/")
    endpoint = EndpointId(target, host, host, path, path)
    return UnservedRequest(Call(endpoint, "run", None, method=method), (), request)


class JournalEntry(NamedTuple):
    """A line of the journal. ``number`` counts from 1 for each tenant."""

    number: int
    at: float
    kind: EntryKind
    call: Call | None
    request_id: str
    status: int
    label: str
    note: str
    miss: Miss | None

    def body(self) -> dict[str, Any]:
        """The entry as JSON; it contains no credentials."""
        fields: dict[str, Any] = {
            "number": self.number,
            "at": iso(self.at),
            "kind": self.kind,
            "request_id": self.request_id,
            "status": self.status,
        }
        if self.call is not None:
            fields["endpoint"] = self.call.endpoint.text
            fields["via"] = self.call.via
            if self.kind in ("call", "message"):
                fields["input"] = redact_json(shortened(self.call.input, SHOWN_TEXT_LENGTH))
            if self.kind == "call":
                fields["headers"] = dict(self.call.headers)
        if self.label:
            fields["exchange"] = self.label.strip('"')
        if self.note:
            fields["note"] = self.note
        if self.miss is not None:
            fields["miss"] = str(self.miss)
        return fields


Listener = Callable[[JournalEntry], None]

Tally = Counter[tuple[EntryKind, str, int]]
"""Number of entries by kind, ``via`` of the call, and status."""

_EntryFields = tuple[int, float, EntryKind, Call | None, str, int, str, str, Miss | None]
"""The fields of a JournalEntry. It is constructed when it is read: a plain tuple is faster to
append, and most entries are never read."""

SHOWN_TEXT_LENGTH = 20_000
"""Longer texts of inputs are shortened in lists of entries; a job's own page has all of them."""

_BATCH_SIZE = 256
"""Dropped entries are tallied in batches: one ``Counter.update`` of 256 costs a third of 256."""


class Journal:
    """At most ``bound`` entries; the oldest are dropped first, and ``dropped`` counts them.

    Large inputs of calls take at most ``max_input_bytes``; older ones are shortened.

    Misses are also kept in a list of their own, so that later calls do not push them out. ``bills``
    holds the cost of direct calls: the call, its request id, its billable units. ``edition`` counts
    the journals that a key has had; entry numbers restart with each.
    """

    def __init__(
        self,
        bound: int,
        listeners: tuple[Listener, ...] = (),
        max_input_bytes: int = 64_000_000,
    ) -> None:
        self._inputs = LargeInputs(max_input_bytes)
        self._entries: deque[_EntryFields] = deque(maxlen=bound)
        self._misses: deque[Miss] = deque(maxlen=1000)
        self._bound = bound
        self.bills: deque[tuple[Call, str, float]] = deque(maxlen=bound)
        self._count = 0
        self._miss_count = 0
        self._dropped_tally: Tally = Counter()
        self._uncounted: list[_EntryFields] = []
        self.edition = 1
        self.listeners = listeners

    def write(
        self,
        at: float,
        kind: EntryKind,
        call: Call | None,
        request_id: str = "",
        status: int = 200,
        label: str = "",
        note: str = "",
        fault: Fault | None = None,
        miss: Miss | None = None,
    ) -> None:
        """Append an entry and call the listeners; ``fault`` is applied to the response."""
        if fault is not None:
            status = status if fault.journal_status == 200 else fault.journal_status
            note = f"{note}; fault: {fault.name}" if note else f"fault: {fault.name}"
        self._count += 1
        if self._count > self._bound:
            self._uncounted.append(self._entries[0])
            if len(self._uncounted) == _BATCH_SIZE:
                self._count_dropped()
        fields = (self._count, at, kind, call, request_id, status, label, note, miss)
        self._entries.append(fields)
        if kind == "call" and call is not None:
            self._inputs.keep(call)
        if miss is not None:
            self._miss_count += 1
            self._misses.append(miss)
        for listener in self.listeners:
            listener(JournalEntry(*fields))

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter([JournalEntry(*fields) for fields in self._entries])

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, number: int) -> list[JournalEntry]:
        """The entries after the one with this number, as far as they are still kept."""
        count = min(max(self._count - number, 0), len(self._entries))
        return [
            JournalEntry(*fields)
            for fields in islice(self._entries, len(self._entries) - count, None)
        ]

    def add_listener(self, listener: Listener) -> None:
        """Call this listener with every new entry."""
        self.listeners = (*self.listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop calling a listener; no error if it was not added."""
        self.listeners = tuple(other for other in self.listeners if other != listener)

    def tally(self) -> Tally:
        """The number of entries of each sort, dropped ones included."""
        self._count_dropped()
        return self._dropped_tally + Counter(map(_tally_key, self._entries))

    def _count_dropped(self) -> None:
        self._dropped_tally.update(map(_tally_key, self._uncounted))
        self._uncounted.clear()

    @property
    def count(self) -> int:
        """The number of entries written, dropped ones included: the number of the last."""
        return self._count

    @property
    def dropped(self) -> int:
        """The number of oldest entries that are no longer kept."""
        return self._count - len(self._entries)

    @property
    def misses(self) -> tuple[Miss, ...]:
        """The last misses, oldest first; at most a thousand."""
        return tuple(self._misses)

    @property
    def miss_count(self) -> int:
        """The number of all misses, also those that ``misses`` no longer holds."""
        return self._miss_count


def _tally_key(fields: _EntryFields) -> tuple[EntryKind, str, int]:
    call = fields[3]
    return fields[2], "" if call is None else call.via, fields[5]
