"""The journal: what of it is asked for, and as it is written."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

from fakefal.control.requests import NOBODY, Asked, House, Told, refused
from fakefal.engine.core.clock import Clock, Signal
from fakefal.engine.core.journal import Entry
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.compiled.environment import fits

if TYPE_CHECKING:
    from fakefal.control.schemas import JournalParameters, LiveParameters

DROPPED = "x-fakefal-dropped"
"""The header of the journal that says how many entries it lacks; they were the oldest."""

MOST_LISTENERS = 64
BEAT_SECONDS = 15.0

EVENTS = "text/event-stream"
_HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
_ID = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")


def listed(asked: Asked) -> Told:
    """The entries that are asked for, oldest first."""
    journal = asked.tenant.journal
    if not asked.query:
        found = [entry.body() for entry in journal]
    else:
        from fakefal.control.schemas import JournalParameters

        given = asked.parameters(JournalParameters)
        chosen = [entry for entry in journal.after(given.since or 0) if _is_asked(entry, given)]
        kept = chosen[-given.limit :] if given.since is None else chosen[: given.limit]
        found = [entry.body() for entry in kept]
    return Told(encode(found), headers=((DROPPED, str(journal.dropped)),))


def live(asked: Asked) -> Told:
    """Each entry as it is written: server-sent events, with the past that is asked for first."""
    from fakefal.control.schemas import LiveParameters

    given, tenant = asked.parameters(LiveParameters), asked.tenant
    house = asked.house
    if house.live >= MOST_LISTENERS:
        raise refused(503, f"{MOST_LISTENERS} streams are open — close one", ("Retry-After", "5"))
    edition, number = tenant.journal.edition, tenant.journal.count
    if given.since is not None:
        number = given.since
    last = asked.headers.get("Last-Event-ID")
    if last:
        told = _ID.fullmatch(last)
        if told is None:
            raise refused(400, f'Last-Event-ID "{last}" is none of this journal: 1.57, for example')
        edition, number = int(told[1]), int(told[2])
    feed = Feed(_finder(asked, tenant), lambda entry: _is_asked(entry, given), edition, number)
    return Told(content_type=EVENTS, headers=_HEADERS, events=_counted(house, feed))


class Feed:
    """The journal of a key from one entry on, through resets: events for one listener.

    ``find`` gives the tenant as it is now, None if there is none any more. Nothing waits in a
    queue: a listener that is slow reads later from the journal, and is told what it has lost.
    """

    def __init__(
        self,
        find: Callable[[], Tenant | None],
        is_asked: Callable[[Entry], bool],
        edition: int,
        number: int,
        clock: Clock | None = None,
    ) -> None:
        self._find = find
        self._is_asked = is_asked
        self._edition = edition
        self._number = number
        self._clock = clock or Clock()
        self._woken = Signal()
        self._tenant: Tenant | None = None
        self._is_over = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events as bytes; a comment after fifteen silent seconds."""
        try:
            yield b"retry: 1000\n: the journal, as it is written\n\n"
            while True:
                while news := self._news():
                    for event in news:
                        yield event
                if self._is_over:
                    return
                beat = self._clock.now() + BEAT_SECONDS
                await self._clock.wait_until(beat, self._woken)
                if self._clock.now() >= beat:
                    yield b": nothing new\n\n"
        finally:
            self._follow(None)

    def _news(self) -> list[bytes]:
        """What happened since; nothing is missed between this and the next wait."""
        tenant = self._find()
        if tenant is not self._tenant:
            self._follow(tenant)
        if tenant is None:
            self._is_over = True
            return []
        journal, news = tenant.journal, []
        if journal.edition != self._edition or self._number > journal.count:
            self._edition, self._number = journal.edition, 0
            news.append(self._event("reset", {"edition": journal.edition}))
        if self._number < journal.dropped:
            lost = journal.dropped - self._number
            self._number = journal.dropped
            news.append(self._event("dropped", {"entries": lost}))
        for entry in journal.after(self._number):
            self._number = entry.number
            if self._is_asked(entry):
                news.append(self._event("entry", entry.body()))
        return news

    def _event(self, name: str, data: Any) -> bytes:
        head = f"event: {name}\nid: {self._edition}.{self._number}\ndata: "
        return head.encode() + encode(data) + b"\n\n"

    def _follow(self, tenant: Tenant | None) -> None:
        if self._tenant is not None:
            self._tenant.journal.unlisten(self._wake)
            self._tenant.followers.discard(self._woken.set)
        self._tenant = tenant
        if tenant is not None:
            tenant.journal.listen(self._wake)
            tenant.followers.add(self._woken.set)  # a reset is news as well

    def _wake(self, _: Entry) -> None:
        self._woken.set()


async def _counted(house: House, feed: Feed) -> AsyncGenerator[bytes, None]:
    """The events of a feed, which counts as open meanwhile."""
    if house.live >= MOST_LISTENERS:  # many came at once
        return
    house.live += 1
    events = feed.events()
    try:
        async for event in events:
            yield event
    finally:
        house.live -= 1
        await events.aclose()


def _finder(asked: Asked, tenant: Tenant) -> Callable[[], Tenant | None]:
    engine = asked.engine
    if asked.given.get("tenant") == NOBODY:
        return lambda: engine.strangers
    return lambda: engine.find(tenant.key)


def _is_asked(entry: Entry, given: JournalParameters | LiveParameters) -> bool:
    if given.kind is not None and entry.kind not in given.kind:
        return False
    if given.request_id is not None and entry.request_id != given.request_id:
        return False
    call = entry.call
    if given.via is not None and (call is None or call.via not in given.via):
        return False
    return given.endpoint is None or (call is not None and fits(given.endpoint, call.endpoint.text))
