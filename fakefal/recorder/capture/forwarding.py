"""One request on its way to upstream, and its answer on the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from fakefal.addressing import Address
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import Asked, Capture, Heard, Pairs, whole
from fakefal.recorder.capture.upstream import HOP_BY_HOP, Upstream, handed_on

_CHUNK_BYTES = 65_536


class Keeper(Protocol):
    """Who keeps what was asked and answered."""

    @property
    def upstream(self) -> Upstream:
        """Where requests go."""

    @property
    def keep_alive(self) -> bool:
        """Whether callers' connections stay open."""

    def elapsed(self) -> float:
        """Seconds since the recording began."""

    def note(self, text: str) -> None:
        """Say what could not be recorded."""

    def expect_webhook(self, url: str) -> str:
        """The path at which a webhook is received in place of the caller."""

    async def keep(self, capture: Capture) -> None:
        """Keep a capture; return when it is on disk, if it finishes an exchange."""


class Forwarding:
    """Asks upstream what was asked here. The caller hears the end of an answer once it is kept."""

    def __init__(self, keeper: Keeper, request: web.BaseRequest, address: Address) -> None:
        self._keeper = keeper
        self._upstream = keeper.upstream
        self._request = request
        self._address = address
        self._at = keeper.elapsed()
        self._size = 0

    async def answer(self, body: bytes | None = None) -> web.StreamResponse:
        """Upstream's answer. ``body`` is that of the request, if it was read before."""
        request, address = self._request, self._address
        query = address.query
        if address.host == hosts.QUEUE and "fal_webhook=" in query:
            query = self._with_webhook(query)
        is_blob = address.host in hosts.STORED and request.can_read_body
        canonical = b""
        sent: bytes | AsyncIterator[bytes] | None
        if request.headers.get("Expect", "").lower() == "100-continue" and body is None:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
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
            self._keeper.note(f"{request.method} {address.host}: upstream was out of reach")
            return _unreachable(self._upstream.name, error)
        except (aiohttp.ClientError, OSError) as error:
            return await self._broken(self._asked(pairs, canonical), Heard(0), error)
        async with response:
            return await self._hand_back(response, self._asked(pairs, canonical))

    def _asked(self, pairs: Pairs, body: bytes) -> Asked:
        address = self._address
        kept = _of_message(pairs)
        return Asked(
            self._request.method, address.host, address.path, address.query, kept, body, self._size
        )

    async def _uploaded(self) -> AsyncIterator[bytes]:
        async for chunk in self._request.content.iter_chunked(_CHUNK_BYTES):
            self._size += len(chunk)
            yield chunk

    def _with_webhook(self, query: str) -> str:
        """The query with a webhook URL that leads here, where upstream can reach it."""
        transport = self._request.transport
        local = None if transport is None else transport.get_extra_info("sockname")
        if not self._upstream.is_local or not local:
            self._keeper.note(
                "webhooks: upstream cannot reach this machine, so they go where the caller said "
                "and are not recorded"
            )
            return query
        host = f"[{local[0]}]" if ":" in local[0] else local[0]
        pairs = parse_qsl(query, keep_blank_values=True)
        for index, (name, value) in enumerate(pairs):
            if name == "fal_webhook":
                path = self._keeper.expect_webhook(value)
                pairs[index] = (name, f"http://{host}:{local[1]}{path}")
        return urlencode(pairs)

    async def _hand_back(
        self, response: aiohttp.ClientResponse, asked: Asked
    ) -> web.StreamResponse:
        kept = _of_message(tuple(response.headers.items()))
        answer = web.StreamResponse(status=response.status, reason=response.reason)
        if not self._keeper.keep_alive:
            answer.force_close()
        for name, value in kept:
            if name.lower() == "location":
                quoted = f'"{value}"'.encode()
                value = self._upstream.for_caller(quoted, self._address).decode()[1:-1]
            answer.headers.add(name, value)
        head = Heard(response.status, kept)
        if response.content_type == "text/event-stream":
            return await self._pieces(response, asked, head, answer, is_stream=True)
        if self._address.host in hosts.STORED and asked.method == "GET":
            return await self._pieces(response, asked, head, answer, is_stream=False)
        return await self._whole(response, asked, head, answer)

    async def _whole(
        self,
        response: aiohttp.ClientResponse,
        asked: Asked,
        head: Heard,
        answer: web.StreamResponse,
    ) -> web.StreamResponse:
        try:
            body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            return await self._broken(asked, head, error)
        canonical = self._upstream.canonical(body)
        after = self._keeper.elapsed() - self._at
        await self._keep(asked, whole(head.status, head.headers, canonical, after))
        returned = self._upstream.for_caller(body, self._address)
        is_head = asked.method == "HEAD"
        if response.status not in (204, 304):
            answer.content_length = response.content_length if is_head else len(returned)
        await answer.prepare(self._request)
        if returned and not is_head:
            await answer.write(returned)
        await answer.write_eof()
        return answer

    async def _pieces(
        self,
        response: aiohttp.ClientResponse,
        asked: Asked,
        head: Heard,
        answer: web.StreamResponse,
        *,
        is_stream: bool,
    ) -> web.StreamResponse:
        """Hand bytes on as they come, those of a stream event by event."""
        if response.content_length is not None and not is_stream:
            answer.content_length = response.content_length
        await answer.prepare(self._request)
        pieces: list[tuple[float, bytes]] = []
        try:
            async for data in _events(response) if is_stream else response.content.iter_any():
                after = self._keeper.elapsed() - self._at
                pieces.append((after, self._upstream.canonical(data) if is_stream else data))
                returned = self._upstream.for_caller(data, self._address) if is_stream else data
                await answer.write(returned)
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError) as error:
            cut = Heard(head.status, head.headers, tuple(pieces))
            return await self._broken(asked, cut, error)
        await self._keep(asked, Heard(head.status, head.headers, tuple(pieces)))
        await answer.write_eof()
        return answer

    async def _broken(self, asked: Asked, head: Heard, error: Exception) -> web.StreamResponse:
        """Upstream broke the connection: so is that of the caller."""
        causes = (error, error.__cause__, error.__context__)
        was_reset = any(isinstance(cause, ConnectionResetError) for cause in causes)
        cut = Heard(head.status, head.headers, head.pieces, "reset" if was_reset else "close")
        await self._keep(asked, cut)
        transport = self._request.transport
        if transport is not None:
            if was_reset:
                transport.abort()
            else:
                transport.close()
        return _Broken()

    async def _keep(self, asked: Asked, heard: Heard) -> None:
        await self._keeper.keep(Capture(self._at, self._keeper.elapsed(), asked, heard))


class _Broken(web.StreamResponse):
    """Stands for an answer that will not be completed: the connection is closed already."""

    @property
    def keep_alive(self) -> bool | None:
        """It does not stay open."""
        return False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing more is sent."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing more is sent."""


def _of_message(pairs: Pairs) -> Pairs:
    """Headers without those of the connection."""
    return tuple(pair for pair in pairs if pair[0].lower() not in HOP_BY_HOP)


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The bytes of an event stream, cut after whole events, as URLs in them must not be cut."""
    rest = b""
    async for data in response.content.iter_any():
        rest += data
        end = max((rest.rfind(mark) + len(mark) for mark in _ENDS if mark in rest), default=0)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


def _unreachable(name: str, error: Exception) -> web.Response:
    """The recorder's own answer; it is not recorded."""
    told = f"fakefal records from {name}, which is out of reach: {error}"
    return web.Response(
        status=502,
        body=encode({"detail": told}),
        content_type="application/json",
        headers={names.HINT: "upstream is out of reach"},
    )
