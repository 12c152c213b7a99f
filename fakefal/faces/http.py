"""What a face gets and gives: a request that knows what was meant, and a response as data."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from fakefal.addressing import Address, link
from fakefal.engine.tenant import Tenant
from fakefal.faces.bodies import read_body
from fakefal.protocol import headers as names
from fakefal.protocol.call import Call, Json, Outcome, Via
from fakefal.protocol.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.errors import WireError, unauthenticated, unknown_application
from fakefal.protocol.platform_headers import check_queue_length, platform_headers
from fakefal.protocol.trouble import Trouble
from fakefal.protocol.wishes import MAX_QUEUE_LENGTH, NO_WISHES, read_wishes

JSON = "application/json"

NO_STORE = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
"""Headers of every event stream. Source: inferred (protocol.md section 5)."""


@dataclass(slots=True)
class Request:
    """An HTTP request whose fal host is known.

    ``path`` has its percent-encoding undone. ``tenant`` is None for a caller without a key;
    ``nobody`` gives the one that is meant where no key is needed.
    """

    method: str
    address: Address
    path: str
    headers: Mapping[str, str]
    body: bytes
    tenant: Tenant | None
    nobody: Callable[[], Tenant] | None = None

    def parameter(self, name: str) -> str | None:
        """A query parameter; the last one if it is repeated."""
        query = self.address.query
        if name not in query and "%" not in query:
            return None
        if "%" in query or "+" in query:
            return self.parameters().get(name)
        pairs = [pair.partition("=") for pair in query.split("&")]
        return next((value for key, _, value in reversed(pairs) if key == name), None)

    def parameters(self) -> dict[str, str]:
        """All query parameters."""
        return dict(parse_qsl(self.address.query, keep_blank_values=True))

    def link(self, host: str) -> Callable[[str], str]:
        """Makes paths of a fal host into URLs that this caller can reach."""
        address = self.address
        return lambda path: link(address, host, path)


@dataclass(slots=True)
class Response:
    """An answer with a body that is there at once."""

    status: int
    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON
    request_id: str = ""
    units: float | None = None
    trouble: Trouble | None = None


@dataclass(slots=True)
class EventStream:
    """An answer whose bytes come bit by bit; each item is written at once."""

    chunks: AsyncGenerator[bytes, None]
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    request_id: str = ""
    trouble: Trouble | None = None


Answer = Response | EventStream
Handler = Callable[[Request, Mapping[str, str]], Coroutine[Any, Any, Answer]]
"""A face's function: the request, and what the route took from its path."""


def endpoint_of(text: str) -> EndpointId:
    """The endpoint that a path names; raises the 404 of an app that cannot be."""
    endpoint = parse_endpoint(text)
    if endpoint is None:
        raise unknown_application(text.strip("/"))
    return endpoint


def tenant_of(request: Request, endpoint: EndpointId) -> Tenant:
    """The caller's tenant; raises the 401 of a run or submit without a key."""
    if request.tenant is None:
        raise unauthenticated(endpoint.app)
    return request.tenant


def read_call(request: Request, endpoint: EndpointId, via: Via) -> Call:
    """The call that a request asks for; raises the 400 of a malformed platform header.

    A body that is not JSON is no error of the platform: the app says so, with the result. Source:
    protocol.md sections 3.1, 6.5.
    """
    asked = platform_headers(request.headers)
    length = request.parameter(MAX_QUEUE_LENGTH) if via == "queue" else None
    check_queue_length(length)
    wishes = read_wishes(asked, length) if asked or length is not None else NO_WISHES
    body, flaws = _input(request)
    return Call(
        endpoint,
        via,
        body,
        names.VisibleHeaders(request.headers),
        request.method,
        request.parameter("fal_webhook") if via == "queue" else None,
        flaws,
        _fingerprint(request.body),
        wishes,
    )


def _fingerprint(body: bytes) -> bytes:
    return body if len(body) <= 256 else blake2b(body, digest_size=32).digest()


def _input(request: Request) -> tuple[Json, tuple[Json, ...]]:
    if request.method == "GET":
        return request.parameters(), ()
    return read_body(request.body)


def answered(
    outcome: Outcome, request_id: str, units: float | None, trouble: Trouble | None = None
) -> Response:
    """How a call ended, as the answer that it is."""
    return Response(
        outcome.status,
        outcome.payload,
        outcome.headers,
        outcome.content_type,
        request_id if outcome.identified else "",
        units,
        trouble,
    )


def failed(error: WireError) -> Response:
    """A wire error as the answer that it is."""
    headers = error.headers
    if error.note:
        headers = (*headers, (names.HINT, error.note))
    return Response(
        error.status,
        error.payload,
        headers,
        error.content_type,
        error.request_id if error.identified else "",
        error.units,
    )
