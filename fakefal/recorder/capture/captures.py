"""Captures: raw HTTP requests with their answers and times. A recording is a session of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode

HeaderPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as fal's own hosts would get it: URLs in it are under fal's own names.

    ``path`` is percent-encoded and begins with a slash. ``body`` is empty for an upload, of which
    ``size`` bytes came.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: HeaderPairs = ()
    body: bytes = b""
    size: int = 0

    @property
    def decoded_path(self) -> str:
        """The path without percent-encoding and without a slash at either end."""
        return unquote(self.path).strip("/")

    @property
    def url(self) -> str:
        """The URL without its query."""
        return f"https://{self.host}{self.path}"

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty if it is not there."""
        return _find_header(self.headers, name)

    def parameter(self, name: str) -> str | None:
        """A query parameter; the last one if it is repeated."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name)

    def json(self) -> Json:
        """The body as JSON; None for one that is empty. Raises ValueError for what is none."""
        return decode(self.body) if self.body.strip() else None


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """An answer. ``pieces`` are the bytes in the order and at the times that they came, in seconds
    after the request; joined they are the body. ``cut`` says how it broke off, if it did."""

    status: int
    headers: HeaderPairs = ()
    pieces: tuple[tuple[float, bytes], ...] = ()
    cut: Literal["", "close", "reset"] = ""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(data for _, data in self.pieces)

    @property
    def content_type(self) -> str:
        """The media type, in lower case and without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty if it is not there."""
        return _find_header(self.headers, name)

    def json(self) -> Json:
        """The body as JSON; raises ValueError for what is none."""
        return decode(self.body)


@dataclass(frozen=True, slots=True)
class Capture:
    """A request with its answer. ``at`` is when it was asked and ``ended`` when its answer was
    complete, in seconds after the recording began. ``place`` says where it stands in an imported
    file. A ``webhook`` was asked by upstream, and answered by the receiver."""

    at: float
    ended: float
    request: RecordedRequest
    response: RecordedResponse
    location: str = ""
    is_webhook: bool = False


@dataclass(slots=True)
class Recording:
    """A session: captures in the order in which they were asked, and where they are from.

    ``at`` is when it began, in seconds since 1970. ``notes`` is what could not be recorded.
    """

    source: str
    started_at: float
    captures: list[Capture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_complete: bool = True

    @property
    def clients(self) -> list[str]:
        """Who asked, by User-Agent, in order of appearance."""
        user_agents = (
            capture.request.header("user-agent")
            for capture in self.captures
            if not capture.is_webhook
        )
        return list(dict.fromkeys(filter(None, user_agents)))


def buffered_response(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, after: float = 0.0
) -> RecordedResponse:
    """An answer that came in one piece, so many seconds after the request."""
    return RecordedResponse(status, tuple(headers), ((after, body),) if body else ())


def to_pairs(headers: Mapping[str, str]) -> HeaderPairs:
    """Headers as pairs."""
    return tuple(headers.items())


def _find_header(pairs: HeaderPairs, name: str) -> str:
    lowered = name.lower()
    return next((value for key, value in pairs if key.lower() == lowered), "")
