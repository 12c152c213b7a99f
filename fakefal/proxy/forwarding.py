"""Forwards absolute-form proxy requests (RFC 9112 section 3.2.2) to hosts other than fal's."""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "proxy-connection",
        "keep-alive",
        "proxy-authorization",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
"""Headers of a single connection, which a proxy must not forward (RFC 9110 section 7.6.1)."""

_CONNECT_SECONDS = 30.0
_CHUNK_BYTES = 65_536
_NO_AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Forwarder:
    """Forwards requests; redirects, cookies and compression are left to the caller."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: web.BaseRequest) -> web.StreamResponse:
        """Forward a request to the host in its URL, and send the response back.

        Raises OSError or aiohttp.ClientError if there is no response. If the response breaks off,
        the caller's connection is aborted, and ConnectionError raised.
        """
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        headers = end_to_end_headers(request.headers)
        if request.can_read_body and headers.pop("Content-Encoding", None) is not None:
            headers.pop("Content-Length", None)  # aiohttp has decompressed the body
        async with self._client().request(
            request.method,
            URL(request.raw_path, encoded=True),
            headers=headers,
            data=request.content if request.can_read_body else None,
            skip_auto_headers=_NO_AUTO_HEADERS,
            allow_redirects=False,
        ) as origin_response:
            return await self._send_back(origin_response, request)

    async def close(self) -> None:
        """Abort the requests that are still being forwarded."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=_new_tls_context()),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                auto_decompress=False,
            )
        return self._session

    async def _send_back(
        self, origin_response: aiohttp.ClientResponse, request: web.BaseRequest
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=origin_response.status, reason=origin_response.reason)
        for name, value in end_to_end_headers(origin_response.headers).items():
            response.headers.add(name, value)
        if (
            "Content-Length" not in origin_response.headers
            and request.version == aiohttp.HttpVersion11
        ):
            has_body = request.method != "HEAD" and origin_response.status not in (204, 304)
            if has_body:
                response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            async for chunk in origin_response.content.iter_chunked(_CHUNK_BYTES):
                await response.write(chunk)
        except aiohttp.ClientError as error:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError(str(error)) from None
        await response.write_eof()
        return response


def end_to_end_headers(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Headers without those of a single connection, which ``Connection`` may add to."""
    connection_options = ",".join(headers.getall("Connection", [])).lower().split(",")
    dropped = _HOP_BY_HOP.union(name.strip() for name in connection_options)
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in dropped
    )


def _new_tls_context() -> ssl.SSLContext:
    """As aiohttp's own, whose roots our commands do not read (``cli/trust_roots.py``)."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
