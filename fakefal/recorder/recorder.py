"""The second answerer: forwards requests to upstream, hands the answers back, and keeps both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from fakefal import addressing
from fakefal.addressing import Address, Form
from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import Asked, Capture, whole
from fakefal.recorder.capture.forwarding import Forwarding
from fakefal.recorder.capture.upstream import Upstream
from fakefal.recorder.distil.sockets import relay
from fakefal.recorder.distil.webhooks import PREFIX, Webhooks
from fakefal.recorder.output.archive import Archive, finishes
from fakefal.recorder.output.media import media_urls

Start = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Runs a coroutine beside the others, and keeps its task."""

_FETCH_SECONDS = 60.0


@dataclass(slots=True)
class Recorder:
    """Answers for upstream. ``now`` gives seconds since 1970, ``start`` keeps tasks.

    ``misses_only``: calls are answered by somebody else first, and come here if nobody did; what
    they were about comes back here, uploads always do. ``fetches_media``: files in outputs that the
    caller does not read are fetched all the same, so that nothing is missing at the next run.
    ``listener`` is told of captures of requests that nobody else was asked before. ``keep_alive``
    False closes a caller's connection after each answer.
    """

    archive: Archive
    upstream: Upstream
    now: Callable[[], float]
    start: Start
    misses_only: bool = False
    fetches_media: bool = True
    listener: Callable[[Capture], None] | None = None
    keep_alive: bool = True
    calls: int = 0
    _webhooks: Webhooks = field(init=False)
    _ours: set[str] = field(default_factory=set)
    _media: set[str] = field(default_factory=set)
    _fetching: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._webhooks = Webhooks(self.upstream, self.elapsed)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Upstream's answer to a request; None for one that is not for upstream."""
        address = _address(request)
        if address is None:
            return None
        if address.form is Form.CONTROL:
            if address.path.startswith(PREFIX) and request.method == "POST":
                return await self._webhook(request, address)
            return None
        asks_before = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and asks_before:
            return None
        if self.misses_only and not self._is_ours(request, address):
            return None
        return await self._forward(request, address, None)

    async def take_over(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Upstream's answer to a call that nobody else could answer, whose body was read."""
        address = _address(request)
        assert address is not None, request.raw_path  # it was missed under this address
        return await self._forward(request, address, body)

    async def keep(self, capture: Capture) -> None:
        """Keep a capture; return when it is on disk, if it finishes an exchange."""
        self.archive.add(capture)
        asked, heard = capture.asked, capture.heard
        is_begun = asked.method == "POST" and asked.host in (hosts.RUN, hosts.QUEUE)
        if self.listener is not None and not (self.misses_only and is_begun):
            self.listener(capture)
        if not capture.is_webhook and asked.method == "POST":
            self._remember(capture)
            self.calls += asked.host in (hosts.RUN, hosts.QUEUE)
        if finishes(capture):
            if heard.status == 200 and asked.host in (hosts.QUEUE, hosts.RUN):
                self._look_for_media(capture)
            await self.archive.save()

    async def finish(self) -> None:
        """Wait for files that are still being fetched."""
        if self._fetching:
            await asyncio.wait(self._fetching, timeout=_FETCH_SECONDS)

    def elapsed(self) -> float:
        """Seconds since the recording began."""
        return self.now() - self.archive.recording.at

    def note(self, text: str) -> None:
        """Say what could not be recorded."""
        self.archive.note(text)

    def expect_webhook(self, url: str) -> str:
        """The path at which a webhook is received in place of the caller."""
        return self._webhooks.expect(url)

    async def _forward(
        self, request: web.BaseRequest, address: Address, body: bytes | None
    ) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            self.note(f"WebSocket {address.host}{address.path}: passed through, and not kept")
            return await relay(request, address, self.upstream, self.start)
        return await Forwarding(self, request, address).answer(body)

    def _is_ours(self, request: web.BaseRequest, address: Address) -> bool:
        """Whether a request is about something that upstream has begun."""
        if address.host in (hosts.REST, *hosts.STORED):
            is_read = request.method in ("GET", "HEAD")
            return not is_read or f"https://{address.host}{address.path}" in self._media
        parts = address.path.split("/requests/")
        return len(parts) > 1 and parts[1].split("/")[0] in self._ours

    def _remember(self, capture: Capture) -> None:
        """Know a request that upstream has begun, or a file that it has taken."""
        try:
            body = capture.heard.json()
        except ValueError:
            return
        if isinstance(body, dict) and capture.heard.status < 300:
            if isinstance(body.get("request_id"), str):
                self._ours.add(body["request_id"])
            self._media.update(media_urls([body.get("access_url"), body.get("file_url")]))

    def _look_for_media(self, capture: Capture) -> None:
        """Fetch the files of an output, and know their URLs."""
        try:
            body = capture.heard.json()
        except ValueError:
            return
        for url in media_urls(body):
            if url not in self._media:
                self._media.add(url)
                if self.fetches_media:
                    task = self.start(self._fetch(url), "media of a recording")
                    self._fetching.add(task)
                    task.add_done_callback(self._fetching.discard)

    async def _fetch(self, url: str) -> None:
        """Read a file of upstream as its public would; the distiller notes what is not there."""
        host, _, path = url.removeprefix("https://").partition("/")
        began = self.elapsed()
        target = self.upstream.url(host, f"/{path}", "")
        with suppress(aiohttp.ClientError, OSError):
            response = await self.upstream.ask("GET", target, (("User-Agent", "fakefal"),), None)
            async with response:
                heard = whole(response.status, [*response.headers.items()], await response.read())
            asked = Asked("GET", host, f"/{path}")
            self.archive.add(Capture(began, self.elapsed(), asked, heard))

    async def _webhook(self, request: web.BaseRequest, address: Address) -> web.StreamResponse:
        capture = await self._webhooks.relay(request, address.path)
        if capture is None:
            return web.Response(status=404, text="no webhook was asked for here")
        await self.keep(capture)
        heard = capture.heard
        return web.Response(status=heard.status, body=heard.body)


def _address(request: web.BaseRequest) -> Address | None:
    return addressing.resolve(
        request.raw_path,
        request.headers,
        scheme=request.scheme,
        meant=getattr(request.protocol, "meant", ""),
    )
