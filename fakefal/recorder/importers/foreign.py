"""What every importer gives: captures or exchanges, and a line for each thing it could not use."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from gzip import decompress
from typing import Any
from urllib.parse import urlsplit

from fakefal import addressing
from fakefal.addressing import Address, Form
from fakefal.protocol.core.hosts import CANONICAL
from fakefal.recorder.capture.captures import Asked, Capture, Heard, Pairs

Fields = dict[str, Any]


class NotThisFormat(ValueError):
    """A file of another format; the text says what is missing."""


@dataclass(slots=True)
class Imported:
    """What a foreign file holds. ``exchanges`` are those that no captures stand for.

    ``unused`` are lines that say what could not be used, each with its place.
    """

    captures: list[Capture] = field(default_factory=list)
    exchanges: list[Fields] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Exchanged:
    """A request with its answer as foreign files have it, before it is known to be fal's.

    ``headers`` and ``answer_headers`` may come packed: ``body`` is then unpacked. ``at`` and
    ``seconds`` are 0 where the file tells no times.
    """

    method: str
    url: str
    headers: Pairs = ()
    body: bytes = b""
    status: int = 0
    answer_headers: Pairs = ()
    answer: bytes = b""
    at: float = 0.0
    seconds: float = 0.0
    pieces: tuple[tuple[float, bytes], ...] = ()


def add(imported: Imported, found: Exchanged, place: str) -> None:
    """Take a request that is fal's as a capture; say so of one that is not."""
    address = _address(found)
    if address is None:
        host = urlsplit(found.url).hostname or found.url
        imported.unused.append(f"{place}: {found.method} {host}: no host of fal's")
        return
    if not found.status:
        imported.unused.append(f"{place}: {found.method} {found.url}: it has no answer")
        return
    body = canonical(found.body, address)
    answer = canonical(unpacked(found.answer, found.answer_headers), address)
    pieces = found.pieces or (((found.seconds, answer),) if answer else ())
    asked = Asked(
        found.method.upper(), address.host, address.path, address.query, found.headers, body
    )
    heard = Heard(found.status, found.answer_headers, pieces)
    imported.captures.append(Capture(found.at, found.at + found.seconds, asked, heard, place))


def canonical(body: bytes, address: Address) -> bytes:
    """A body with URLs under fal's own names."""
    if address.form is Form.HOST:
        return body
    for host in set(CANONICAL.values()):
        for make in (addressing.link, addressing.media_link):
            before = make(address, host, "")
            body = body.replace(f'"{before}/'.encode(), f'"https://{host}/'.encode())
    return body


def unpacked(body: bytes, headers: Pairs) -> bytes:
    """A body without its Content-Encoding; one that is not packed after all is as it was."""
    packing = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    try:
        if packing.lower() in ("gzip", "x-gzip"):
            return decompress(body)
        if packing.lower() == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
    return body


def spread(body: bytes, first: float, last: float) -> tuple[tuple[float, bytes], ...]:
    """An event stream whose events came at unknown times between two known ones, evenly."""
    mark = b"\r\n\r\n" if b"\r\n\r\n" in body else b"\n\n"
    events = [part + mark for part in body.split(mark) if part]
    if not events:
        return ()
    step = max(0.0, last - first) / len(events)
    return tuple((first + step * index, event) for index, event in enumerate(events))


def pairs(headers: Mapping[str, Any]) -> Pairs:
    """Headers of a mapping whose values are texts or lists of them."""
    found: list[tuple[str, str]] = []
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        found += [
            (str(name), it.decode("latin-1") if isinstance(it, bytes) else str(it)) for it in values
        ]
    return tuple(found)


def _address(found: Exchanged) -> Address | None:
    lowered = {name.lower(): value for name, value in found.headers}
    parts = urlsplit(found.url)
    lowered.setdefault("host", parts.netloc)
    lowered.pop("x-forwarded-host", None)
    target = found.url if addressing.resolve(found.url, {}) else _target(found.url)
    address = addressing.resolve(target, lowered, scheme=parts.scheme or "http")
    return None if address is None or address.form is Form.CONTROL else address


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
