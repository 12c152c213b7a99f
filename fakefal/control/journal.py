"""Lists the journal and streams new entries."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

from fakefal.control.requests import (
    ANONYMOUS_TENANT,
    ApiResponse,
    ControlContext,
    ControlRequest,
    control_error,
)
from fakefal.engine.core.clock import Clock, Signal
from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.compiled.environment import matches_glob

if TYPE_CHECKING:
    from fakefal.control.schemas import JournalParameters, LiveParameters

DROPPED_HEADER = "x-fakefal-dropped"
"""Response header with the number of oldest entries that a full journal has dropped."""

TOTAL_HEADER = "x-fakefal-total"
"""Response header with the number of kept entries that match the query, of all pages."""

MAX_LISTENERS = 64
HEARTBEAT_SECONDS = 15.0

EVENT_STREAM = "text/event-stream"
_HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
_EVENT_ID = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")


def list_entries(request: ControlRequest) -> ApiResponse:
    """The entries that match the query, oldest first."""
    journal = request.tenant.journal
    if not request.query:
        entries = [entry.body() for entry in journal]
        total = len(entries)
    else:
        from fakefal.control.schemas import JournalParameters

        parameters = request.parse_query(JournalParameters)
        selected = [
            entry
            for entry in journal.after(parameters.since or 0)
            if _matches_filter(entry, parameters)
            and (parameters.before is None or entry.number < parameters.before)
        ]
        total = len(selected)
        limited = (
            selected[-parameters.limit :]
            if parameters.since is None
            else selected[: parameters.limit]
        )
        entries = [entry.body() for entry in limited]
    counts = ((DROPPED_HEADER, str(journal.dropped)), (TOTAL_HEADER, str(total)))
    return ApiResponse(encode(entries), headers=counts)


def stream_entries(request: ControlRequest) -> ApiResponse:
    """Entries as server-sent events: past ones after ``since``, then each new one.

    ``Last-Event-ID`` resumes an interrupted stream, as browsers do (HTML Standard, section 9.2).
    """
    from fakefal.control.schemas import LiveParameters

    parameters, tenant = request.parse_query(LiveParameters), request.tenant
    context = request.context
    if context.live_streams >= MAX_LISTENERS:
        raise control_error(
            503, f"{MAX_LISTENERS} streams are already open — close one", ("Retry-After", "5")
        )
    edition, number = tenant.journal.edition, tenant.journal.count
    if parameters.since is not None:
        number = parameters.since
    last_event_id = request.headers.get("Last-Event-ID")
    if last_event_id:
        id_match = _EVENT_ID.fullmatch(last_event_id)
        if id_match is None:
            raise control_error(
                400, f'invalid Last-Event-ID "{last_event_id}" — send one such as 1.57'
            )
        edition, number = int(id_match[1]), int(id_match[2])
    feed = EntryFeed(
        _tenant_finder(request, tenant),
        lambda entry: _matches_filter(entry, parameters),
        edition,
        number,
    )
    return ApiResponse(
        content_type=EVENT_STREAM, headers=_HEADERS, events=_with_listener_count(context, feed)
    )


class EntryFeed:
    """Follows the journal of a key, across resets, for one listener.

    ``find_tenant`` returns the present tenant, None if it was removed. There is no queue: a slow
    listener reads the journal later, and an event ``dropped`` says how many entries it missed.
    """

    def __init__(
        self,
        find_tenant: Callable[[], Tenant | None],
        is_selected: Callable[[JournalEntry], bool],
        edition: int,
        number: int,
        clock: Clock | None = None,
    ) -> None:
        self._find_tenant = find_tenant
        self._is_selected = is_selected
        self._edition = edition
        self._number = number
        self._clock = clock or Clock()
        self._wakeup = Signal()
        self._tenant: Tenant | None = None
        self._is_closed = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events as bytes; a comment after 15 seconds without one keeps proxies from closing
        the connection."""
        try:
            yield b"retry: 1000\n: new journal entries\n\n"
            while True:
                while events := self._collect_events():
                    for event in events:
                        yield event
                if self._is_closed:
                    return
                heartbeat_at = self._clock.now() + HEARTBEAT_SECONDS
                await self._clock.wait_until(heartbeat_at, self._wakeup)
                if self._clock.now() >= heartbeat_at:
                    yield b": no new entries\n\n"
        finally:
            self._follow(None)

    def _collect_events(self) -> list[bytes]:
        """The events since the last call. Synchronous, so that the next wait misses none."""
        tenant = self._find_tenant()
        if tenant is not self._tenant:
            self._follow(tenant)
        if tenant is None:
            self._is_closed = True
            return []
        journal, events = tenant.journal, []
        if journal.edition != self._edition or self._number > journal.count:
            self._edition, self._number = journal.edition, 0
            events.append(self._format_event("reset", {"edition": journal.edition}))
        if self._number < journal.dropped:
            dropped_count = journal.dropped - self._number
            self._number = journal.dropped
            events.append(self._format_event("dropped", {"entries": dropped_count}))
        for entry in journal.after(self._number):
            self._number = entry.number
            if self._is_selected(entry):
                events.append(self._format_event("entry", entry.body()))
        return events

    def _format_event(self, name: str, data: Any) -> bytes:
        head = f"event: {name}\nid: {self._edition}.{self._number}\ndata: "
        return head.encode() + encode(data) + b"\n\n"

    def _follow(self, tenant: Tenant | None) -> None:
        if self._tenant is not None:
            self._tenant.journal.remove_listener(self._wake)
            self._tenant.close_callbacks.discard(self._wakeup.set)
        self._tenant = tenant
        if tenant is not None:
            tenant.journal.add_listener(self._wake)
            tenant.close_callbacks.add(self._wakeup.set)  # a reset is an event too

    def _wake(self, _: JournalEntry) -> None:
        self._wakeup.set()


async def _with_listener_count(
    context: ControlContext, feed: EntryFeed
) -> AsyncGenerator[bytes, None]:
    """The events of a feed, which is counted in ``live_streams`` while it is open."""
    if context.live_streams >= MAX_LISTENERS:  # others were opened since the check
        return
    context.live_streams += 1
    events = feed.events()
    try:
        async for event in events:
            yield event
    finally:
        context.live_streams -= 1
        await events.aclose()


def _tenant_finder(request: ControlRequest, tenant: Tenant) -> Callable[[], Tenant | None]:
    engine = request.engine
    if request.query_parameters.get("tenant") == ANONYMOUS_TENANT:
        return lambda: engine.anonymous_tenant
    return lambda: engine.find(tenant.key)


def _matches_filter(entry: JournalEntry, parameters: JournalParameters | LiveParameters) -> bool:
    if parameters.kind is not None and entry.kind not in parameters.kind:
        return False
    if parameters.request_id is not None and entry.request_id != parameters.request_id:
        return False
    if parameters.status is not None and not _has_status(entry, parameters.status):
        return False
    if parameters.failed and 0 < entry.status < 400 and entry.miss is None:
        return False
    if parameters.method is not None and _method(entry) != parameters.method.upper():
        return False
    if parameters.text is not None and not _contains(entry, parameters.text):
        return False
    call = entry.call
    if parameters.via is not None and (call is None or call.via not in parameters.via):
        return False
    return parameters.endpoint is None or (
        call is not None and matches_glob(parameters.endpoint, call.endpoint.text)
    )


def _has_status(entry: JournalEntry, statuses: list[str]) -> bool:
    """Whether the status is one of them; ``4xx`` is all of its class."""
    text = str(entry.status)
    return any(
        text == status or (status[1:].lower() == "xx" and text[:1] == status[:1] and len(text) == 3)
        for status in statuses
    )


_METHODS = {"status": "GET", "stream": "GET", "result": "GET", "cancel": "PUT"}


def _method(entry: JournalEntry) -> str:
    """The HTTP method of an entry's request; empty if it is not of a request."""
    if entry.kind == "call" and entry.call is not None:
        return entry.call.method
    if entry.kind == "refused":
        return entry.note.partition(" ")[0]
    return _METHODS.get(entry.kind, "")


def _contains(entry: JournalEntry, text: str) -> bool:
    body = entry.body()
    body.pop("headers", None)
    return text.casefold() in json.dumps(body, ensure_ascii=False, default=str).casefold()
