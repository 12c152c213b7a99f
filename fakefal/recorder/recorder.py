"""Records by forwarding: requests go upstream, responses go back to the caller, both are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from fakefal import addressing
from fakefal.addressing import Address, AddressForm
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import Capture, RecordedRequest, buffered_response
from fakefal.recorder.capture.forwarding import RequestForwarder
from fakefal.recorder.capture.sockets import StartTask, relay
from fakefal.recorder.capture.upstream import Upstream
from fakefal.recorder.capture.webhooks import PREFIX, WebhookRelay
from fakefal.recorder.distil.media import media_urls
from fakefal.recorder.output.archive import Archive, finishes_exchange

_FETCH_TIMEOUT_SECONDS = 60.0


@dataclass(slots=True)
class Recorder:
    """Responds on behalf of upstream. ``now`` returns seconds since 1970.

    ``misses_only``: the fake answers first, and only calls that matched no exchange come here;
    reads of their requests and files follow them, and so does every upload.
    ``should_fetch_media``: files in outputs are fetched even if the caller does not read them,
    because a replay needs them. ``on_capture`` receives captures that the fake has not journaled
    itself. ``keep_alive`` False closes the caller's connection after each response.
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
        """Upstream's response; None for a request that the fake answers itself."""
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
        """Upstream's response to a call that matched no exchange; ``body`` is already read."""
        address = _resolve_address(request)
        assert address is not None, request.raw_path  # the miss was found under this address
        return await self._forward(request, address, body)

    async def record(self, capture: Capture) -> None:
        """Add a capture; if it finishes an exchange, return once the file is on disk."""
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
        """Wait for running fetches of files, at most a minute."""
        if self._fetch_tasks:
            await asyncio.wait(self._fetch_tasks, timeout=_FETCH_TIMEOUT_SECONDS)

    def elapsed(self) -> float:
        """Seconds since the recording began."""
        return self.now() - self.archive.recording.started_at

    def add_note(self, text: str) -> None:
        """Add a line to the recording's notes of what could not be recorded."""
        self.archive.add_note(text)

    def add_upstream_error(self) -> None:
        """Count a request that did not reach upstream."""
        self.archive.recording.upstream_errors += 1

    def register_webhook(self, url: str) -> str:
        """The local path that receives the webhook in place of the caller's URL."""
        return self._webhooks.register_target(url)

    async def _forward(
        self, request: web.BaseRequest, address: Address, body: bytes | None
    ) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            self.add_note(f"WebSocket {address.host}{address.path}: forwarded, not recorded")
            return await relay(request, address, self.upstream, self.start_task)
        is_call_start = request.method == "POST" and address.host in (hosts.RUN, hosts.QUEUE)
        if self.archive.write_error and is_call_start:
            return _not_recorded_response(self.archive.write_error)
        return await RequestForwarder(self, request, address).forward(body)

    def _belongs_to_upstream(self, request: web.BaseRequest, address: Address) -> bool:
        """Whether a request reads a job or a file that upstream has created, or uploads one."""
        if address.host in (hosts.REST, *hosts.MEDIA_HOSTS):
            is_read = request.method in ("GET", "HEAD")
            return not is_read or f"https://{address.host}{address.path}" in self._media_urls
        parts = address.path.split("/requests/")
        return len(parts) > 1 and parts[1].split("/")[0] in self._request_ids

    def _remember_ids(self, capture: Capture) -> None:
        """Remember the request id of a submit and the URL of an upload."""
        try:
            body = capture.response.json()
        except ValueError:
            return
        if isinstance(body, dict) and capture.response.status < 300:
            if isinstance(body.get("request_id"), str):
                self._request_ids.add(body["request_id"])
            self._media_urls.update(media_urls([body.get("access_url"), body.get("file_url")]))

    def _start_media_fetches(self, capture: Capture) -> None:
        """Start to fetch the files that an output names."""
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
        """Read a file without credentials; a failure is noted when the recording is distilled."""
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
            return web.Response(status=404, text="no webhook is expected at this URL")
        await self.record(capture)
        response = capture.response
        return web.Response(status=response.status, body=response.body)


def _not_recorded_response(write_error: str) -> web.Response:
    """The recorder's own 507 for a call that would be paid for and lost."""
    detail = f"fakefal cannot record this call, so it is not sent to fal: {write_error}"
    return web.Response(
        status=507,
        body=encode({"detail": detail}),
        content_type="application/json",
        headers={names.HINT: "the recording cannot be written"},
    )


def _resolve_address(request: web.BaseRequest) -> Address | None:
    return addressing.resolve(
        request.raw_path,
        request.headers,
        scheme=request.scheme,
        connected_host=getattr(request.protocol, "named_host", ""),
    )
