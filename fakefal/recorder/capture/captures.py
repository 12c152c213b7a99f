"""Captures are raw HTTP requests with their responses and times; a recording is a list of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode

HeaderPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as fal would receive it: host and URLs are fal's canonical ones.

    ``path`` is percent-encoded and begins with a slash. The bytes of an upload are not kept:
    ``body`` is empty and ``size`` is their number.
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
        """The first value of a header, ignoring the case of its name; empty if it is missing."""
        return _find_header(self.headers, name)

    def parameter(self, name: str) -> str | None:
        """A query parameter; the last one if it is repeated."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name)

    def json(self) -> Json:
        """The body as JSON; None if it is empty. Raises ValueError if it is not JSON."""
        return decode(self.body) if self.body.strip() else None


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """A response. ``pieces`` are chunks of the body, each with its time in seconds after the
    request. ``cut`` says how the connection broke off; status 0 is a response that never began."""

    status: int
    headers: HeaderPairs = ()
    pieces: tuple[tuple[float, bytes], ...] = ()
    cut: Literal["", "close", "reset"] = ""

    @property
    def body(self) -> bytes:
        """All pieces joined."""
        return b"".join(data for _, data in self.pieces)

    @property
    def content_type(self) -> str:
        """The media type, in lower case and without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """The first value of a header, ignoring the case of its name; empty if it is missing."""
        return _find_header(self.headers, name)

    def json(self) -> Json:
        """The body as JSON; raises ValueError if it is not JSON."""
        return decode(self.body)


@dataclass(frozen=True, slots=True)
class Capture:
    """A request with its response. ``at`` is the time of the request and ``ended`` that of the
    complete response, in seconds after the recording began. ``location`` is the position in an
    imported file. Webhooks go the other way: upstream sends them and the receiver responds."""

    at: float
    ended: float
    request: RecordedRequest
    response: RecordedResponse
    location: str = ""
    is_webhook: bool = False


@dataclass(slots=True)
class Recording:
    """Captures in the order of their requests. ``source`` is the upstream or the imported file,
    ``sources`` the files if there are several.

    ``started_at`` is in seconds since 1970. ``notes`` say what could not be recorded. A live
    recording has ``ended`` False until it ends regularly, and is complete only if every call ended
    too. ``exit_code`` is that of the command whose calls were recorded, 0 if there was none.
    ``upstream_errors`` counts the requests that did not reach upstream.
    """

    source: str
    started_at: float
    captures: list[Capture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    is_live: bool = False
    ended: bool = True
    exit_code: int = 0
    upstream_errors: int = 0

    @property
    def clients(self) -> list[str]:
        """The distinct User-Agents, in order of appearance."""
        user_agents = (
            capture.request.header("user-agent")
            for capture in self.captures
            if not capture.is_webhook
        )
        return list(dict.fromkeys(filter(None, user_agents)))


def buffered_response(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, after: float = 0.0
) -> RecordedResponse:
    """A response whose body arrives in one piece, ``after`` seconds after the request."""
    return RecordedResponse(status, tuple(headers), ((after, body),) if body else ())


def _find_header(pairs: HeaderPairs, name: str) -> str:
    lowered = name.lower()
    return next((value for key, value in pairs if key.lower() == lowered), "")
