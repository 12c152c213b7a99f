"""The upstream: the real fal, or a base URL in its place."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable
from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from fakefal.addressing import Address, media_url_for, url_for
from fakefal.errors import FakefalError
from fakefal.protocol.core import hosts
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.recorder.capture.bypass import bypass_redirect
from fakefal.recorder.capture.captures import HeaderPairs

_MAX_FIELD_BYTES = 65_536
_FAL_BASE = "https://{host}"

HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are not forwarded: the hop-by-hop ones of RFC 9110 section 7.6.1, and those that
aiohttp sets itself because it decodes and re-frames bodies."""

_INTERNAL_HEADERS = frozenset(
    {"accept-encoding", "x-forwarded-host", "x-fal-target-host", "x-fal-target-url"}
)


class Upstream:
    """Sends requests to fal, or to ``base`` with the host as first path segment."""

    def __init__(self, base: str | None = None) -> None:
        self._base = _FAL_BASE if base is None else f"{_check_base_url(base)}/{{host}}"
        self._session: aiohttp.ClientSession | None = None
        self._proxies = _environment_proxies() if base is None else {}
        self.name = "https://fal.run" if base is None else base.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that its webhooks can reach us."""
        host = URL(self._base.format(host="x")).host or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def url(self, host: str, path: str, query: str) -> URL:
        """The upstream URL for a path on a fal host."""
        text = f"{self._base.replace('{host}', host)}{path}"
        return URL(f"{text}?{query}" if query else text, encoded=True)

    async def send(
        self, method: str, url: URL, headers: HeaderPairs, body: bytes | AsyncIterable[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Send a request and return the response once its head has arrived; the caller closes it.

        Does not follow redirects. Verifies certificates. Raises aiohttp.ClientError.
        """
        with bypass_redirect():
            return await self.session().request(
                method,
                url,
                headers=headers,
                data=body,
                allow_redirects=False,
                proxy=self._proxies.get(url.host or ""),
            )

    async def open_socket(
        self, url: URL, headers: HeaderPairs, limit_bytes: int
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket for messages of at most ``limit_bytes``; raises aiohttp.ClientError."""
        with bypass_redirect():
            return await self.session().ws_connect(
                url,
                headers=headers,
                max_msg_size=limit_bytes,
                compress=0,
                autoclose=False,
                proxy=self._proxies.get(url.host or ""),
            )

    def session(self) -> aiohttp.ClientSession:
        """The HTTP client, created on first use."""
        if self._session is None:
            is_named = self._base != _FAL_BASE
            self._session = aiohttp.ClientSession(
                # aiohttp retries an idempotent request once when a reused connection breaks; a
                # new connection for each request lets the caller see what a fake upstream breaks.
                connector=aiohttp.TCPConnector(
                    limit=0, force_close=is_named, ssl=_new_tls_context()
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
                max_line_size=_MAX_FIELD_BYTES,
                max_field_size=_MAX_FIELD_BYTES,
            )
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    # URLs in bodies

    def canonical(self, body: bytes) -> bytes:
        """A body of upstream with fal's canonical URLs."""
        return self._replace_hosts(body, self._base, _FAL_BASE)

    def for_caller(self, body: bytes, address: Address) -> bytes:
        """A body of upstream with URLs that lead the caller back to the recorder."""
        for host in _HOST_NAMES:
            make_link = media_url_for if host in hosts.MEDIA_HOSTS else url_for
            upstream_url = self._base.replace("{host}", host)
            body = _replace_url(body, upstream_url, make_link(address, CANONICAL_HOSTS[host], ""))
        return body

    def from_caller(self, body: bytes, address: Address) -> bytes:
        """A body of the caller with fal's canonical URLs."""
        for host in set(CANONICAL_HOSTS.values()):
            for make_link in (url_for, media_url_for):
                body = _replace_url(body, make_link(address, host, ""), f"https://{host}")
        return body

    def to_upstream(self, body: bytes) -> bytes:
        """A body with canonical URLs, rewritten to the upstream's base."""
        return self._replace_hosts(body, _FAL_BASE, self._base)

    def _replace_hosts(self, body: bytes, before: str, after: str) -> bytes:
        if before == after:
            return body
        for host in _HOST_NAMES:
            body = _replace_url(body, before.replace("{host}", host), after.replace("{host}", host))
        return body


_HOST_NAMES = tuple(CANONICAL_HOSTS)


def forwarded_headers(headers: HeaderPairs) -> HeaderPairs:
    """The headers to send upstream. Bodies must not be compressed: URLs in them are rewritten."""
    connection_headers = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    dropped = HOP_BY_HOP | _INTERNAL_HEADERS | connection_headers
    forwarded = tuple(pair for pair in headers if pair[0].lower() not in dropped)
    return (*forwarded, ("Accept-Encoding", "identity"))


def _replace_url(body: bytes, before: str, after: str) -> bytes:
    """Replace one URL by another at the beginning of JSON strings."""
    if before == after:
        return body
    return body.replace(f'"{before}/'.encode(), f'"{after}/'.encode())


def _environment_proxies() -> dict[str, str]:
    """The environment's proxy for each fal host, without those in NO_PROXY.

    Read once: tests change the proxy variables later, to redirect their own clients.
    """
    proxy = getproxies().get("https")
    return {} if not proxy else {name: proxy for name in _HOST_NAMES if not proxy_bypass(name)}


def _check_base_url(base: str) -> str:
    try:
        url = URL(base)
        is_valid = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise FakefalError(f'--upstream "{base}" is not a base URL — write http://127.0.0.1:8788')
    return base.rstrip("/")


def _new_tls_context() -> ssl.SSLContext:
    """As aiohttp's own, whose roots our commands do not read (``cli/trust_roots.py``)."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
