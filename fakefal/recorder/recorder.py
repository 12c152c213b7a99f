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
from fakefal.addressing import Address, AddressForm
from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import Capture, RecordedRequest, buffered_response
from fakefal.recorder.capture.forwarding import RequestForwarder
from fakefal.recorder.capture.upstream import Upstream
from fakefal.recorder.distil.sockets import relay
from fakefal.recorder.distil.webhooks import PREFIX, WebhookRelay
from fakefal.recorder.output.archive import Archive, finishes_exchange
from fakefal.recorder.output.media import media_urls

StartTask = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Runs a coroutine beside the others, and keeps its task."""

_FETCH_TIMEOUT_SECONDS = 60.0


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
    start_task: StartTask
    misses_only: bool = False
    should_fetch_media: bool = True
    on_capture: Callable[[Capture], None] | None = None
    keep_alive: bool = True
    call_count: int = 0
    _webhooks: WebhookRelay = field(init=False)
    _request_ids: set[str] = field(default_factory=set)
    _media_urls: set[str] = field(default_factory=set)
    _fetch_tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._webhooks = WebhookRelay(self.upstream, self.elapsed)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Upstream's answer to a request; None for one that is not for upstream."""
        address = _resolve_address(request)
        if address is None:
            return None
        if address.form is AddressForm.CONTROL:
            if address.path.startswith(PREFIX) and request.method == "POST":
                return await self._relay_webhook(request, address)
            return None
        is_preflight = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and is_preflight:
            return None
        if self.misses_only and not self._belongs_to_upstream(request, address):
            return None
        return await self._forward(request, address, None)

    async def forward_missed(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Upstream's answer to a call that nobody else could answer, whose body was read."""
        address = _resolve_address(request)
        assert address is not None, request.raw_path  # it was missed under this address
        return await self._forward(request, address, body)

    async def record(self, capture: Capture) -> None:
        """Keep a capture; return when it is on disk, if it finishes an exchange."""
        self.archive.add(capture)
        request, response = capture.request, capture.response
        is_call_start = request.method == "POST" and request.host in (hosts.RUN, hosts.QUEUE)
        if self.on_capture is not None and not (self.misses_only and is_call_start):
            self.on_capture(capture)
        if not capture.is_webhook and request.method == "POST":
            self._remember_ids(capture)
            self.call_count += request.host in (hosts.RUN, hosts.QUEUE)
        if finishes_exchange(capture):
            if response.status == 200 and request.host in (hosts.QUEUE, hosts.RUN):
                self._start_media_fetches(capture)
            await self.archive.save()

    async def wait_for_media(self) -> None:
        """Wait for files that are still being fetched."""
        if self._fetch_tasks:
            await asyncio.wait(self._fetch_tasks, timeout=_FETCH_TIMEOUT_SECONDS)

    def elapsed(self) -> float:
        """Seconds since the recording began."""
        return self.now() - self.archive.recording.started_at

    def add_note(self, text: str) -> None:
        """Say what could not be recorded."""
        self.archive.add_note(text)

    def register_webhook(self, url: str) -> str:
        """The path at which a webhook is received in place of the caller."""
        return self._webhooks.register_target(url)

    async def _forward(
        self, request: web.BaseRequest, address: Address, body: bytes | None
    ) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            self.add_note(f"WebSocket {address.host}{address.path}: passed through, and not kept")
            return await relay(request, address, self.upstream, self.start_task)
        return await RequestForwarder(self, request, address).forward(body)

    def _belongs_to_upstream(self, request: web.BaseRequest, address: Address) -> bool:
        """Whether a request is about something that upstream has begun."""
        if address.host in (hosts.REST, *hosts.MEDIA_HOSTS):
            is_read = request.method in ("GET", "HEAD")
            return not is_read or f"https://{address.host}{address.path}" in self._media_urls
        parts = address.path.split("/requests/")
        return len(parts) > 1 and parts[1].split("/")[0] in self._request_ids

    def _remember_ids(self, capture: Capture) -> None:
        """Know a request that upstream has begun, or a file that it has taken."""
        try:
            body = capture.response.json()
        except ValueError:
            return
        if isinstance(body, dict) and capture.response.status < 300:
            if isinstance(body.get("request_id"), str):
                self._request_ids.add(body["request_id"])
            self._media_urls.update(media_urls([body.get("access_url"), body.get("file_url")]))

    def _start_media_fetches(self, capture: Capture) -> None:
        """Fetch the files of an output, and know their URLs."""
        try:
            body = capture.response.json()
        except ValueError:
            return
        for url in media_urls(body):
            if url not in self._media_urls:
                self._media_urls.add(url)
                if self.should_fetch_media:
                    task = self.start_task(self._fetch_media(url), "media of a recording")
                    self._fetch_tasks.add(task)
                    task.add_done_callback(self._fetch_tasks.discard)

    async def _fetch_media(self, url: str) -> None:
        """Read a file of upstream as its public would; the distiller notes what is not there."""
        host, _, path = url.removeprefix("https://").partition("/")
        started_at = self.elapsed()
        target = self.upstream.url(host, f"/{path}", "")
        with suppress(aiohttp.ClientError, OSError):
            response = await self.upstream.send("GET", target, (("User-Agent", "fakefal"),), None)
            async with response:
                recorded_response = buffered_response(
                    response.status, [*response.headers.items()], await response.read()
                )
            request = RecordedRequest("GET", host, f"/{path}")
            self.archive.add(Capture(started_at, self.elapsed(), request, recorded_response))

    async def _relay_webhook(
        self, request: web.BaseRequest, address: Address
    ) -> web.StreamResponse:
        capture = await self._webhooks.relay(request, address.path)
        if capture is None:
            return web.Response(status=404, text="no webhook was asked for here")
        await self.record(capture)
        response = capture.response
        return web.Response(status=response.status, body=response.body)


def _resolve_address(request: web.BaseRequest) -> Address | None:
    return addressing.resolve(
        request.raw_path,
        request.headers,
        scheme=request.scheme,
        connected_host=getattr(request.protocol, "meant", ""),
    )
