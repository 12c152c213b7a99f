"""The second answerer: forwards requests to upstream, hands the answers back, and keeps both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

from fakefal import addressing
from fakefal.addressing import Address, Form
from fakefal.protocol import headers as names
from fakefal.protocol import hosts
from fakefal.protocol.texts import encode
from fakefal.recorder.archive import Archive, finishes
from fakefal.recorder.captures import Asked, Capture, Heard, whole
from fakefal.recorder.endings import Unusable
from fakefal.recorder.media import media_urls
from fakefal.recorder.sockets import relay
from fakefal.recorder.upstream import HOP_BY_HOP, Upstream, handed_on
from fakefal.recorder.webhooks import PREFIX, Webhooks

Start = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Runs a coroutine beside the others, and keeps its task."""

_CHUNK_BYTES = 65_536
_FETCH_SECONDS = 60.0
_MOST_REQUEST_BYTES = 100_000_000


@dataclass(slots=True)
class Recorder:
    """Answers for upstream. ``now`` gives seconds since 1970, ``start`` keeps tasks.

    ``misses_only``: calls are answered by somebody else first, and come here if nobody did; what
    they were about comes back here, uploads always do. ``fetches_media``: files in outputs that the
    caller does not read are fetched all the same, so that nothing is missing at the next run.
    """

    archive: Archive
    upstream: Upstream
    now: Callable[[], float]
    start: Start
    misses_only: bool = False
    fetches_media: bool = True
    calls: int = 0
    _webhooks: Webhooks = field(init=False)
    _ours: set[str] = field(default_factory=set)
    _media: set[str] = field(default_factory=set)
    _fetching: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._webhooks = Webhooks(self.upstream, self._elapsed)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Upstream's answer to a request; None for one that is not for upstream."""
        address = addressing.resolve(request.raw_path, request.headers, scheme=request.scheme)
        if address is None:
            return None
        if address.form is Form.CONTROL:
            if address.path.startswith(PREFIX) and request.method == "POST":
                return await self._webhook(request, address)
            return None
        is_preflight = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and is_preflight:
            return None
        if self.misses_only and not self._is_ours(request, address):
            return None
        return await self.forward(request, address)

    async def forward(
        self, request: web.BaseRequest, address: Address, body: bytes | None = None
    ) -> web.StreamResponse:
        """Upstream's answer, whatever the request is about. ``body`` is it if it was read before."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            self.archive.note(f"WebSocket {address.host}{address.path}: passed through only")
            return await relay(request, address, self.upstream, self.start)
        return await _Forwarding(self, request, address).answer(body)

    async def keep(self, capture: Capture) -> None:
        """Keep a capture; return when it is on disk, if it finishes an exchange."""
        self.archive.add(capture)
        if finishes(capture):
            self.calls += capture.asked.method == "POST" and not capture.is_webhook
            self._look_for_media(capture)
            await self.archive.save()

    async def close(self) -> None:
        """Wait for what is still fetched, and close all connections."""
        if self._fetching:
            await asyncio.wait(self._fetching, timeout=_FETCH_SECONDS)
        await self.upstream.close()

    def _elapsed(self) -> float:
        return self.now() - self.archive.recording.at

    def _is_ours(self, request: web.BaseRequest, address: Address) -> bool:
        """Whether a request is about something that upstream has begun."""
        if address.host in (hosts.REST, *hosts.STORED):
            return request.method != "GET" or f"https://{address.host}{address.path}" in self._media
        parts = address.path.split("/requests/")
        return len(parts) > 1 and parts[1].split("/")[0] in self._ours

    # What an answer brings with it

    def _look_for_media(self, capture: Capture) -> None:
        """Fetch the files of an output, and know their URLs."""
        asked, heard = capture.asked, capture.heard
        if heard.status != 200 or asked.host not in (hosts.QUEUE, hosts.RUN):
            return
        try:
            body = heard.json()
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
        """Read a file of upstream as its public would; what fails is noted by the distiller."""
        host, _, path = url.removeprefix("https://").partition("/")
        began = self._elapsed()
        target = self.upstream.url(host, f"/{path}", "")
        with suppress(aiohttp.ClientError, OSError):
            response = await self.upstream.ask("GET", target, (("User-Agent", "fakefal"),), None)
            async with response:
                heard = whole(response.status, [*response.headers.items()], await response.read())
            asked = Asked("GET", host, f"/{path}")
            self.archive.add(Capture(began, self._elapsed(), asked, heard))

    async def _webhook(self, request: web.BaseRequest, address: Address) -> web.StreamResponse:
        capture = await self._webhooks.relay(request, address.path)
        if capture is None:
            return web.Response(status=404, text="no webhook was asked for here")
        await self.keep(capture)
        heard = capture.heard
        return web.Response(status=heard.status or 502, body=heard.body)


class _Forwarding:
    """One request on its way to upstream and back."""

    def __init__(self, recorder: Recorder, request: web.BaseRequest, address: Address) -> None:
        self._recorder = recorder
        self._upstream = recorder.upstream
        self._request = request
        self._address = address
        self._at = recorder._elapsed()
        self._size = 0

    async def answer(self, body: bytes | None) -> web.StreamResponse:
        recorder, request, address = self._recorder, self._request, self._address
        query = address.query
        if address.host == hosts.QUEUE and "fal_webhook=" in query:
            query = self._with_webhook(query)
        is_blob = address.host in hosts.STORED and request.can_read_body
        canonical = b""
        sent: bytes | AsyncIterator[bytes] | None
        if is_blob:
            sent = self._uploaded()
        else:
            if body is None:
                body = await request.read() if request.can_read_body else b""
            canonical = self._upstream.from_caller(body, address)
            sent = self._upstream.to_upstream(canonical) or None
        pairs = tuple(request.headers.items())
        url = self._upstream.url(address.host, address.path, query)
        headers = handed_on(pairs)
        if is_blob and request.content_length is not None:
            headers = (*headers, ("Content-Length", str(request.content_length)))
        try:
            response = await self._upstream.ask(request.method, url, headers, sent)
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            recorder.archive.note(f"{request.method} {address.host}: upstream is out of reach")
            return _unreachable(self._upstream.name, error)
        except (aiohttp.ClientError, OSError) as error:
            return await self._broken(self._asked(pairs, canonical), (), 0, (), error)
        async with response:
            return await self._hand_back(response, self._asked(pairs, canonical))

    def _asked(self, pairs: tuple[tuple[str, str], ...], body: bytes) -> Asked:
        address = self._address
        kept = tuple(pair for pair in pairs if pair[0].lower() not in HOP_BY_HOP)
        return Asked(
            self._request.method, address.host, address.path, address.query, kept, body, self._size
        )

    async def _uploaded(self) -> AsyncIterator[bytes]:
        async for chunk in self._request.content.iter_chunked(_CHUNK_BYTES):
            self._size += len(chunk)
            yield chunk

    def _with_webhook(self, query: str) -> str:
        """The query with a webhook URL that leads here, where upstream can reach it."""
        webhooks = self._recorder._webhooks
        local = self._request.transport and self._request.transport.get_extra_info("sockname")
        if not self._upstream.is_local or not local:
            self._recorder.archive.note(
                "webhooks: upstream cannot reach this machine, so they go where the caller said "
                "and are not recorded"
            )
            return query
        host = f"[{local[0]}]" if ":" in local[0] else local[0]
        own = f"http://{host}:{local[1]}"
        pairs = [
            (name, f"{own}{webhooks.expect(value)}" if name == "fal_webhook" else value)
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        return urlencode(pairs)

    async def _hand_back(
        self, response: aiohttp.ClientResponse, asked: Asked
    ) -> web.StreamResponse:
        address = self._address
        kept = tuple(
            (name, value)
            for name, value in response.headers.items()
            if name.lower() not in HOP_BY_HOP
        )
        answer = web.StreamResponse(status=response.status, reason=response.reason)
        for name, value in kept:
            if name.lower() == "location":
                value = self._upstream.for_caller(f'"{value}"'.encode(), address).decode()[1:-1]
            answer.headers.add(name, value)
        is_stream = response.content_type == "text/event-stream"
        is_file = address.host in hosts.STORED and asked.method in ("GET", "HEAD")
        write = self._pieces if is_stream or is_file else self._whole
        return await write(response, asked, kept, answer, is_stream)

    async def _whole(
        self,
        response: aiohttp.ClientResponse,
        asked: Asked,
        kept: tuple[tuple[str, str], ...],
        answer: web.StreamResponse,
        is_stream: bool,
    ) -> web.StreamResponse:
        try:
            body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            return await self._broken(asked, kept, response.status, (), error)
        canonical = self._upstream.canonical(body)
        after = self._recorder._elapsed() - self._at
        heard = whole(response.status, kept, canonical, after)
        self._remember(asked, heard)
        await self._keep(asked, heard)
        returned = self._upstream.for_caller(body, self._address)
        if asked.method != "HEAD" and response.status not in (204, 304):
            answer.content_length = len(returned)
        await answer.prepare(self._request)
        if returned and asked.method != "HEAD":
            await answer.write(returned)
        await answer.write_eof()
        return answer

    async def _pieces(
        self,
        response: aiohttp.ClientResponse,
        asked: Asked,
        kept: tuple[tuple[str, str], ...],
        answer: web.StreamResponse,
        is_stream: bool,
    ) -> web.StreamResponse:
        """Hand bytes on as they come, those of a stream event by event."""
        if response.content_length is not None and not is_stream:
            answer.content_length = response.content_length
        await answer.prepare(self._request)
        pieces: list[tuple[float, bytes]] = []
        try:
            async for data in _events(response) if is_stream else response.content.iter_any():
                pieces.append(
                    (self._recorder._elapsed() - self._at, self._upstream.canonical(data))
                )
                await answer.write(
                    self._upstream.for_caller(data, self._address) if is_stream else data
                )
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, OSError) as error:
            if self._request.transport is None or self._request.transport.is_closing():
                raise  # it was the caller who left
            return await self._broken(asked, kept, response.status, tuple(pieces), error)
        await self._keep(asked, Heard(response.status, kept, tuple(pieces)))
        await answer.write_eof()
        return answer

    async def _broken(
        self,
        asked: Asked,
        kept: tuple[tuple[str, str], ...],
        status: int,
        pieces: tuple[tuple[float, bytes], ...],
        error: Exception,
    ) -> web.StreamResponse:
        """Upstream broke the connection: so is that of the caller."""
        was_reset = isinstance(error.__cause__ or error, ConnectionResetError)
        cut = Heard(status, kept, pieces, "reset" if was_reset else "close")
        await self._keep(asked, cut)
        if self._request.transport is not None:
            self._request.transport.abort()
        raise ConnectionResetError("upstream broke the connection")

    def _remember(self, asked: Asked, heard: Heard) -> None:
        """Know a request that upstream has begun."""
        if asked.host == hosts.QUEUE and asked.method == "POST" and heard.status < 300:
            with suppress(ValueError, TypeError, KeyError, Unusable):
                self._recorder._ours.add(heard.json()["request_id"])

    async def _keep(self, asked: Asked, heard: Heard) -> None:
        ended = self._recorder._elapsed()
        await self._recorder.keep(Capture(self._at, ended, asked, heard))


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The bytes of an event stream, cut after whole events, as URLs in them must not be cut."""
    rest = b""
    async for data in response.content.iter_any():
        rest += data
        end = max(rest.rfind(b"\n\n"), rest.rfind(b"\r\n\r\n") + 2, rest.rfind(b"\r\r"))
        if end > 1:
            yield rest[: end + 2]
            rest = rest[end + 2 :]
    if rest:
        yield rest


def _unreachable(name: str, error: Exception) -> web.Response:
    """The recorder's own answer; it is not recorded."""
    told = f"fakefal records from {name}, which is out of reach: {error}"
    return web.Response(
        status=502,
        body=encode({"detail": told}),
        content_type="application/json",
        headers={names.HINT: "upstream is out of reach"},
    )


Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
