"""What all importers share: their result, and the conversion of one foreign request."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from gzip import decompress
from typing import Any
from urllib.parse import urlsplit

from fakefal import addressing
from fakefal.addressing import Address, AddressForm
from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.core.json_codec import decode
from fakefal.recorder.capture.captures import (
    Capture,
    HeaderPairs,
    RecordedRequest,
    RecordedResponse,
)

Fields = dict[str, Any]


class NotThisFormat(ValueError):
    """The file has another format; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class PastedBody:
    """A body without the request it answers. ``status`` is None if only the body is known."""

    location: str
    body: bytes
    status: int | None = None
    headers: HeaderPairs = ()

    def json(self) -> Json:
        """The body as JSON; raises ValueError if it is not JSON."""
        return decode(self.body)


@dataclass(slots=True)
class ImportResult:
    """The content of a foreign file: captures, ``exchanges`` or ``pasted`` bodies if the format
    has no requests.

    ``unused`` are messages about what could not be imported, each with its location, and ``used``
    is the number of entries that could. ``recorded_at`` is when it was recorded, in seconds since
    1970, if the file says so.
    """

    captures: list[Capture] = field(default_factory=list)
    exchanges: list[Fields] = field(default_factory=list)
    pasted: list[PastedBody] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    recorded_at: float | None = None

    @property
    def used(self) -> int:
        """The number of entries that were imported."""
        return len(self.captures) + len(self.exchanges) + len(self.pasted)


@dataclass(slots=True)
class ForeignExchange:
    """A request with its response as in a foreign file; the URL need not be fal's.

    ``response_body`` may be compressed as its headers say. ``started_at`` and ``seconds`` are 0 if
    the file has no times.
    """

    method: str
    url: str
    headers: HeaderPairs = ()
    body: bytes = b""
    status: int = 0
    response_headers: HeaderPairs = ()
    response_body: bytes = b""
    started_at: float = 0.0
    seconds: float = 0.0
    pieces: tuple[tuple[float, bytes], ...] = ()


def add_capture(imported: ImportResult, exchange: ForeignExchange, location: str) -> None:
    """Add a capture, or a message to ``unused`` if the request is not to fal."""
    address = _address_of(exchange)
    if address is None and (webhook := _webhook_of(exchange, location)) is not None:
        imported.captures.append(webhook)
        return
    if address is None:
        host = urlsplit(exchange.url).hostname or exchange.url
        imported.unused.append(f"{location}: {exchange.method} {host}: not a fal host")
        return
    if not exchange.status:
        imported.unused.append(f"{location}: {exchange.method} {exchange.url}: no response")
        return
    body = canonical(exchange.body, address)
    response_body = canonical(
        decompress_body(exchange.response_body, exchange.response_headers), address
    )
    pieces = exchange.pieces or (((exchange.seconds, response_body),) if response_body else ())
    request = RecordedRequest(
        exchange.method.upper(), address.host, address.path, address.query, exchange.headers, body
    )
    response = RecordedResponse(exchange.status, exchange.response_headers, pieces)
    imported.captures.append(
        Capture(
            exchange.started_at, exchange.started_at + exchange.seconds, request, response, location
        )
    )


def _webhook_of(exchange: ForeignExchange, location: str) -> Capture | None:
    """The capture of a webhook of fal to the caller's own host; None if it is something else."""
    if exchange.method.upper() != "POST" or b'"request_id"' not in exchange.body:
        return None
    try:
        body = decode(exchange.body)
    except ValueError:
        return None
    if not isinstance(body, dict) or not {"request_id", "status", "payload"} <= body.keys():
        return None
    request = RecordedRequest("POST", hosts.QUEUE, "/webhook", "", exchange.headers, exchange.body)
    response = RecordedResponse(exchange.status or 200, exchange.response_headers)
    ended = exchange.started_at + exchange.seconds
    return Capture(exchange.started_at, ended, request, response, location, is_webhook=True)


def canonical(body: bytes, address: Address) -> bytes:
    """A body with fal's canonical URLs in place of those of a proxy or base URL."""
    if address.form is AddressForm.HOST:
        return body
    for host in set(CANONICAL_HOSTS.values()):
        for make in (addressing.url_for, addressing.media_url_for):
            before = make(address, host, "")
            body = body.replace(f'"{before}/'.encode(), f'"https://{host}/'.encode())
    return body


def decompress_body(body: bytes, headers: HeaderPairs) -> bytes:
    """A body without its Content-Encoding; unchanged if it is not compressed after all."""
    encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    try:
        if encoding.lower() in ("gzip", "x-gzip"):
            return decompress(body)
        if encoding.lower() == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
    return body


def spread_events(body: bytes, first: float, last: float) -> tuple[tuple[float, bytes], ...]:
    """The events of a stream, spread evenly between two times."""
    separator = b"\r\n\r\n" if b"\r\n\r\n" in body else b"\n\n"
    events = [part + separator for part in body.split(separator) if part]
    if not events:
        return ()
    step = max(0.0, last - first) / len(events)
    return tuple((first + step * index, event) for index, event in enumerate(events))


def to_pairs(headers: Mapping[str, Any]) -> HeaderPairs:
    """Headers from a mapping whose values are strings or lists of strings."""
    header_pairs: list[tuple[str, str]] = []
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        header_pairs += [
            (str(name), item.decode("latin-1") if isinstance(item, bytes) else str(item))
            for item in values
        ]
    return tuple(header_pairs)


def _address_of(exchange: ForeignExchange) -> Address | None:
    headers = {name.lower(): value for name, value in exchange.headers}
    parts = urlsplit(exchange.url)
    headers.setdefault("host", parts.netloc)
    headers.pop("x-forwarded-host", None)
    target = exchange.url if addressing.resolve(exchange.url, {}) else _request_target(exchange.url)
    address = addressing.resolve(target, headers, scheme=parts.scheme or "http")
    if address is None or address.form is AddressForm.CONTROL:
        return None
    # https://example.com/fal.run is a page about fal rather than a request to it.
    return None if address.form is not AddressForm.HOST and address.path in ("", "/") else address


def _request_target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
