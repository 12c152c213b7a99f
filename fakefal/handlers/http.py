"""The requests that handlers receive, and the responses they return, as data."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from fakefal.addressing import Address, AddressForm, media_url_for
from fakefal.engine.core.request_ids import runner_id
from fakefal.engine.files.blobs import Blob
from fakefal.engine.files.tokens import claimed_tenant_tag
from fakefal.engine.tenant import Tenant
from fakefal.handlers.bodies import MAX_VALUES, check_value_count, explain_body
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call, Json, Outcome, Via
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.hosts import RUN
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.core.platform_options import (
    DEFAULT_OPTIONS,
    MAX_QUEUE_LENGTH,
    read_platform_options,
)
from fakefal.protocol.errors.errors import ApiError, unauthenticated, unknown_segment
from fakefal.protocol.errors.fault import Cut, Fault, Operation
from fakefal.protocol.platform_headers import (
    PLATFORM_HEADERS,
    check_queue_length,
    read_platform_headers,
)
from fakefal.protocol.storage.storage import unauthorized

JSON = "application/json"

EVENT_STREAM_HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
"""Headers of every event stream. Source: inferred (docs/reference/protocol.md#streaming)."""


def _no_tenant(tag: str) -> None:
    """A lookup that finds nothing, for requests without an engine."""


@dataclass(slots=True)
class Request:
    """An HTTP request whose fal host is known.

    ``path`` is percent-decoded. ``tenant`` is None without a key; ``fallback_tenant`` returns the
    one to use where no key is needed. A body sent to a media host is in ``blob``, not in ``body``.
    ``tenant_by_tag`` finds the tenant of the tag in a file's URL or in a token; the handler sets
    ``owner_tenant`` if it responds for a tenant that was found in this way. ``fault`` applies to
    the response, also to an error.
    """

    method: str
    address: Address
    path: str
    headers: Mapping[str, str]
    body: bytes
    tenant: Tenant | None
    blob: Blob | None = None
    fallback_tenant: Callable[[], Tenant] | None = None
    tenant_by_tag: Callable[[str], Tenant | None] = _no_tenant
    owner_tenant: Tenant | None = None
    fault: Fault | None = None

    def check_fault(
        self, tenant: Tenant, operation: Operation, app: str = "", request_id: str = ""
    ) -> Fault | None:
        """The fault of a request that starts no call; raises FaultAbort if it is not executed."""
        self.fault = tenant.check_fault(operation, app, request_id)
        return self.fault

    def parameter(self, name: str) -> str | None:
        """A query parameter, percent-decoded; the last one if it is repeated."""
        query = self.address.query
        if name not in query and "%" not in query:
            return None
        if "%" in query or "+" in query:
            return self.parameters().get(name)
        pairs = [pair.partition("=") for pair in query.split("&")]
        return next((value for key, _, value in reversed(pairs) if key == name), None)

    def parameters(self) -> dict[str, str]:
        """All query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.address.query, keep_blank_values=True))

    def public_url(self, url: str) -> str:
        """A file's ``https://v3.fal.media/…`` URL, as this caller can reach it."""
        host, slash, path = url.removeprefix("https://").partition("/")
        return media_url_for(self.address, host, slash + path)


@dataclass(slots=True)
class BufferedResponse:
    """A response with its whole body."""

    status: int
    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON
    request_id: str = ""
    billable_units: float | None = None
    fault: Fault | None = None
    is_private: bool = False
    """Whether pages of other origins must not read it: it gets no CORS headers."""
    default_headers: tuple[tuple[str, str], ...] = ()
    """Sent unless ``headers`` has the same name."""


@dataclass(slots=True)
class EventStreamResponse:
    """A response that is streamed; each chunk is written immediately."""

    chunks: AsyncGenerator[bytes, None]
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    request_id: str = ""
    fault: Fault | None = None
    is_private: bool = False


@dataclass(slots=True)
class FileResponse:
    """A response with a range of a blob as its body, read while it is sent."""

    status: int
    blob: Blob
    start: int
    stop: int
    headers: tuple[tuple[str, str], ...]
    content_type: str
    fault: Fault | None = None


Send = Callable[[bytes | str], Awaitable[None]]
"""Sends a message of a WebSocket: bytes in a binary frame, text in a text frame."""


@dataclass(slots=True)
class WebSocketSession:
    """A WebSocket: ``on_message`` receives each message, ``run`` sends until the session ends.

    ``run`` returns how to end the connection, with or without a close frame. It is cancelled when
    the caller leaves. ``on_closed`` gets a note for the journal on how the connection ended.
    """

    on_message: Callable[[bytes | str], Awaitable[None]]
    run: Callable[[Send], Coroutine[Any, Any, Cut]]
    on_closed: Callable[[str], None]
    fault: None = None
    """Always None: ``run`` applies the faults itself."""


HttpResponse = BufferedResponse | EventStreamResponse | FileResponse | WebSocketSession
Handler = Callable[[Request, Mapping[str, str]], Coroutine[Any, Any, HttpResponse]]
"""Handles a request; the mapping has the named parts of its path."""


def endpoint_of(text: str, host: str = RUN) -> EndpointId:
    """The endpoint that a path names; raises the 404 of an invalid app name, as the host has it."""
    endpoint = parse_endpoint(text)
    if endpoint is None:
        raise unknown_segment(host, f'"{text.strip("/")}" is not an app: it needs an owner')
    return endpoint


def tenant_of(request: Request, endpoint: EndpointId) -> Tenant:
    """The caller's tenant; raises the 401 of a call without a key."""
    if request.tenant is None:
        raise unauthenticated(endpoint.app)
    return request.tenant


def caller_of(request: Request, endpoint: str, host: str = RUN) -> tuple[Tenant, EndpointId]:
    """The caller's tenant, and the endpoint that it calls.

    Raises the 404 of an invalid app name, and the 401 of a call without a key.
    """
    endpoint_id = parse_endpoint(endpoint) or endpoint_of(endpoint, host)
    if request.tenant is None:
        raise unauthenticated(endpoint_id.app)
    return request.tenant, endpoint_id


def granted_tenant(request: Request, endpoint: EndpointId) -> Tenant | None:
    """The tenant of the key, or of a ``fal_jwt_token`` in the query; None if there is neither.

    Raises the 401 of an invalid token, and the 403 of one for other apps.

    Source: client (docs/reference/protocol.md#tokens, docs/reference/protocol.md#realtime-tokens).
    """
    if request.tenant is not None:
        return request.tenant
    token = request.parameter("fal_jwt_token")
    if token is None:
        return None
    tag = claimed_tenant_tag(token)
    tenant = None if tag is None else request.tenant_by_tag(tag)
    if tenant is None:
        raise unauthorized("the token was not issued by this server")
    tenant.tokens.check_grant(token, endpoint)
    request.owner_tenant = tenant
    return tenant


def read_call(request: Request, endpoint: EndpointId, via: Via) -> Call:
    """The call that a request describes; raises the 400 of a malformed platform header.

    A body that is not JSON is accepted: the app reports it, as the result of the call.

    Source: client (docs/reference/protocol.md#submit, docs/reference/errors.md#validation-errors).
    """
    headers, body = request.headers, request.body
    queue_length = webhook = None
    if via == "queue" and request.address.query:
        queue_length = request.parameter(MAX_QUEUE_LENGTH)
        webhook = request.parameter("fal_webhook")
    options = DEFAULT_OPTIONS
    if queue_length is not None or any(map(headers.__contains__, PLATFORM_HEADERS)):
        sent_headers = read_platform_headers(headers)
        check_queue_length(queue_length)
        options = read_platform_options(sent_headers, queue_length)
    validation_errors: tuple[Json, ...] = ()
    if request.method == "GET":
        input_: Json = request.parameters()
    else:
        try:
            if len(body) > MAX_VALUES:
                check_value_count(body)
            input_ = decode(body) if body else None
        except ValueError as error:
            input_, validation_errors = explain_body(body, str(error))
    return Call(
        endpoint,
        via,
        input_,
        names.RedactedHeaders(headers),
        request.method,
        webhook,
        validation_errors,
        body if len(body) <= 256 else blake2b(body, digest_size=32).digest(),
        options,
        public_url=None if webhook is None else request.public_url,
    )


def response_for_outcome(
    request: Request,
    outcome: Outcome,
    request_id: str,
    billable_units: float | None,
    fault: Fault | None = None,
) -> BufferedResponse:
    """The response for a call's outcome, with file URLs that this caller can reach."""
    payload = outcome.payload
    if outcome.file_urls:
        payload = with_public_urls(request, payload, outcome.file_urls)
    response = BufferedResponse(
        outcome.status,
        payload,
        outcome.headers,
        outcome.content_type,
        request_id if outcome.has_request_id else "",
        billable_units,
        fault,
    )
    tenant = request.tenant
    if outcome.is_success and tenant is not None:
        runner = runner_id(request_id)
        recorded = tenant.settings.flags.result_headers
        is_fal_host = request.address.form is not AddressForm.BASE
        response.default_headers = names.result_headers(runner, recorded, is_fal_host=is_fal_host)
    return response


def with_public_urls(request: Request, payload: bytes, links: Sequence[str]) -> bytes:
    """A JSON payload with each of fakefal's file URLs as this caller can reach it."""
    for url in links:
        public = request.public_url(url)
        if public != url:
            payload = payload.replace(f'"{url}"'.encode(), f'"{public}"'.encode())
    return payload


def response_for_error(error: ApiError) -> BufferedResponse:
    """The response for an error; fakefal's explanation goes into a header."""
    headers = error.headers
    if error.hint:
        headers = (*headers, (names.HINT, error.hint))
    return BufferedResponse(
        error.status,
        error.payload,
        headers,
        error.content_type,
        error.request_id if error.has_request_id else "",
        error.billable_units,
        error.fault,
    )
