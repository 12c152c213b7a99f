"""What a face gets and gives: a request that knows what was meant, and a response as data."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from fakefal.addressing import Address, link, media_link
from fakefal.engine.files.blobs import Blob
from fakefal.engine.files.tokens import mark_named
from fakefal.engine.tenant import Tenant
from fakefal.handlers.bodies import read_body
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call, Json, Outcome, Via
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.platform_options import MAX_QUEUE_LENGTH, NO_WISHES, read_wishes
from fakefal.protocol.errors.errors import WireError, unauthenticated, unknown_application
from fakefal.protocol.errors.fault import Cut, Operation, Trouble
from fakefal.protocol.platform_headers import check_queue_length, platform_headers
from fakefal.protocol.storage.storage import unauthorized

JSON = "application/json"

NO_STORE = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
"""Headers of every event stream. Source: inferred (protocol.md section 5)."""


def _no_mark(mark: str) -> None:
    """The tenant of a mark where there are no tenants."""


@dataclass(slots=True)
class Request:
    """An HTTP request whose fal host is known.

    ``path`` has its percent-encoding undone. ``tenant`` is None for a caller without a key;
    ``nobody`` gives the one that is meant where no key is needed. What is sent to the hosts of
    files is in ``blob`` and not in ``body``. ``marked`` gives the tenant whose mark a file or a
    token has; ``owner`` is set to the one that answers where no key tells it. ``trouble`` is what
    the request met: it happens to the answer, and just so to a refusal.
    """

    method: str
    address: Address
    path: str
    headers: Mapping[str, str]
    body: bytes
    tenant: Tenant | None
    nobody: Callable[[], Tenant] | None = None
    marked: Callable[[str], Tenant | None] = _no_mark
    blob: Blob | None = None
    owner: Tenant | None = None
    trouble: Trouble | None = None

    def meet(
        self, tenant: Tenant, operation: Operation, app: str = "", request_id: str = ""
    ) -> Trouble | None:
        """What happens to a request that begins no call; raises Interrupted if it is not served."""
        self.trouble = tenant.trouble(operation, app, request_id)
        return self.trouble

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

    def reachable(self, url: str) -> str:
        """The URL of a file under fal's own name as one that this caller can reach."""
        host, slash, path = url.removeprefix("https://").partition("/")
        return media_link(self.address, host, slash + path)


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
    is_private: bool = False
    """Whether it is nothing that pages of other origins may read."""


@dataclass(slots=True)
class EventStream:
    """An answer whose bytes come bit by bit; each item is written at once."""

    chunks: AsyncGenerator[bytes, None]
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    request_id: str = ""
    trouble: Trouble | None = None
    is_private: bool = False


@dataclass(slots=True)
class FileBody:
    """An answer whose body is a part of a blob, read as it is sent."""

    status: int
    blob: Blob
    start: int
    stop: int
    headers: tuple[tuple[str, str], ...]
    content_type: str
    trouble: Trouble | None = None


Send = Callable[[bytes | str], Awaitable[None]]
"""Sends a message of a WebSocket: bytes in a binary frame, text in a text frame."""


@dataclass(slots=True)
class Conversation:
    """A WebSocket. ``hear`` takes each message that comes; ``talk`` sends until it is over.

    ``talk`` gives how it ends: with a close frame, or without. It is cancelled when the caller
    leaves. ``closed`` is told how it ended, in words.
    """

    hear: Callable[[bytes | str], Awaitable[None]]
    talk: Callable[[Send], Coroutine[Any, Any, Cut]]
    closed: Callable[[str], None]
    trouble: None = None
    """What goes wrong with its answers is for ``talk`` to do."""


Answer = Response | EventStream | FileBody | Conversation
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


def granted_tenant(request: Request, endpoint: EndpointId) -> Tenant | None:
    """The tenant of the key, or of a ``fal_jwt_token`` in the query; None if there is neither.

    Raises the 401 of a token that is not good, and the 403 of one for other apps. Source: client
    (protocol.md sections 9.1 to 9.3).
    """
    if request.tenant is not None:
        return request.tenant
    token = request.parameter("fal_jwt_token")
    if token is None:
        return None
    mark = mark_named(token)
    tenant = None if mark is None else request.marked(mark)
    if tenant is None:
        raise unauthorized("the token is not one of this fake's")
    tenant.tokens.check_grant(token, endpoint)
    request.owner = tenant
    return tenant


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
    request: Request,
    outcome: Outcome,
    request_id: str,
    units: float | None,
    trouble: Trouble | None = None,
) -> Response:
    """How a call ended, as the answer that it is; links to files lead this caller to them."""
    payload = outcome.payload
    if outcome.links:
        payload = linked(request, payload, outcome.links)
    return Response(
        outcome.status,
        payload,
        outcome.headers,
        outcome.content_type,
        request_id if outcome.identified else "",
        units,
        trouble,
    )


def linked(request: Request, payload: bytes, links: Sequence[str]) -> bytes:
    """JSON with the URLs of our own files as this caller can reach them."""
    for url in links:
        reachable = request.reachable(url)
        if reachable != url:
            payload = payload.replace(f'"{url}"'.encode(), f'"{reachable}"'.encode())
    return payload


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
        error.trouble,
    )
