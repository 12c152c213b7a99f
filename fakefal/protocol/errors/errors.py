"""Error responses of fal's API: status, body and headers.

Source of all functions that return an ApiError, unless stated otherwise: recorded
(docs/reference/errors.md#account-and-routing-errors).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import FailsAt, Outcome
from fakefal.protocol.core.hosts import QUEUE
from fakefal.protocol.core.json_codec import encode, encode_spaced
from fakefal.protocol.errors.fault import Fault

Kind = Literal["model", "request", "account", "routing", "app", "ingress"]
QueueRetry = Literal["yes", "no", "maybe"]
Grade = Literal["documented", "client", "recorded", "inferred"]

DOCS_URL = "https://docs.fal.ai/errors#"
"""Source: recorded (docs/reference/open-questions.md#url-of-model-errors)."""


@dataclass(eq=False)
class ApiError(Exception):
    """An error response; handlers raise it and the HTTP layer writes it.

    ``body`` is JSON, or bytes for an HTML page. ``hint`` is fakefal's own explanation; it is sent
    in the ``x-fakefal-hint`` header and never in the body. ``request_id`` and ``billable_units``
    are those of the failed call, if there was one. ``fault`` is applied to the response.
    ``encoded`` is the body as it is sent, if it is not in the usual form.
    """

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    hint: str = ""
    has_request_id: bool = True
    request_id: str = ""
    billable_units: float | None = None
    fault: Fault | None = None
    encoded: bytes | None = None

    def __post_init__(self) -> None:
        Exception.__init__(self, self.status, self.hint)

    @classmethod
    def from_outcome(cls, outcome: Outcome) -> ApiError:
        """An error with the status, body and headers of an outcome."""
        return cls(
            outcome.status,
            outcome.body,
            outcome.headers,
            outcome.content_type,
            has_request_id=outcome.has_request_id,
            encoded=outcome.payload,
        )

    @property
    def is_of_ingress(self) -> bool:
        """Whether it is a page of the load balancer, before fal's own servers."""
        return self.content_type == "text/html"

    @property
    def message(self) -> str:
        """The body's ``detail`` as text, else the whole body; the hint instead of bytes."""
        body = self.body
        if isinstance(body, bytes) and self.hint:
            return self.hint
        detail = body.get("detail", body) if isinstance(body, dict) else body
        return detail if isinstance(detail, str) else str(detail)

    @property
    def payload(self) -> bytes:
        """The encoded body."""
        if self.encoded is not None:
            return self.encoded
        return self.body if isinstance(self.body, bytes) else encode(self.body)


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """An entry of the error catalog.

    ``message`` is the default text: ``msg`` of a model error, ``detail`` of others. ``context`` is
    a model error's ``ctx``; ``data`` holds further fields of other bodies. ``queue_retry`` is
    whether fal's queue retries. ``body`` replaces the ``detail`` body, ``error_type`` the name in a
    request error. ``loc`` is the default one of a model error. ``is_spaced``: the body has spaces
    after colons and commas, as Python's json writes it.
    """

    name: str
    kind: Kind
    status: int
    message: str
    source: str
    grade: Grade
    queue_retry: QueueRetry = "no"
    context: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    fails_at: FailsAt = "result"
    body: Any = None
    error_type: str = ""
    loc: tuple[str | int, ...] = ("body",)
    is_spaced: bool = False


def model_error_item(
    type_: str,
    message: str,
    loc: tuple[str | int, ...] = ("body",),
    context: dict[str, Any] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """One item of a model error's ``detail`` list; ``extra`` adds fields such as ``input``.

    Source: documented (docs/reference/errors.md#model-errors).
    """
    item: dict[str, Any] = {"loc": list(loc), "msg": message, "type": type_}
    if context:
        item["ctx"] = context
    item["url"] = f"{DOCS_URL}{type_}"
    item.update(extra)
    return item


def model_error(
    spec: ErrorSpec,
    *,
    message: str | None = None,
    loc: tuple[str | int, ...] | None = None,
    context: dict[str, Any] | None = None,
    status: int | None = None,
    extra: dict[str, Any] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """The outcome of a model error: a ``detail`` list, and headers if it may be retried.

    Source: documented, recorded (docs/reference/errors.md#model-errors,
    docs/reference/open-questions.md#retry-headers).
    """
    item = model_error_item(
        spec.name,
        spec.message if message is None else message,
        spec.loc if loc is None else loc,
        spec.context if context is None else context,
        **(extra or {}),
    )
    retryable = spec.queue_retry != "no"
    flags = ((names.RETRYABLE, "true"), (names.NEEDS_RETRY, "1")) if retryable else ()
    return failed_outcome(status or spec.status, {"detail": [item]}, headers=flags + headers)


def request_error(
    spec: ErrorSpec,
    *,
    detail: str | None = None,
    status: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """The outcome of a platform failure: ``detail`` and ``error_type``.

    Source: documented (docs/reference/errors.md#request-errors).
    """
    text = spec.message if detail is None else detail
    error_type = spec.error_type or spec.name
    return failed_outcome(
        status or spec.status,
        {"detail": text, "error_type": error_type},
        headers=((names.ERROR_TYPE, error_type), *spec.headers, *headers),
        error=text,
        error_type=error_type,
    )


def detail_error(
    spec: ErrorSpec, *, status: int | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Outcome:
    """The outcome of an account, routing or app error: ``detail``, and the spec's ``data``.

    Source: recorded (docs/reference/errors.md#account-and-routing-errors,
    docs/reference/errors.md#app-errors, docs/reference/errors.md#concurrency-limit).
    """
    body = {"detail": spec.message, **spec.data} if spec.body is None else spec.body
    outcome = failed_outcome(
        status or spec.status, body, headers=(*spec.headers, *headers), fails_at=spec.fails_at
    )
    return replace(outcome, payload=encode_spaced(body)) if spec.is_spaced else outcome


def ingress_page(status: int, phrase: str) -> bytes:
    """nginx's default error page. Source: client (docs/reference/errors.md#ingress-errors)."""
    return (
        f"<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {phrase}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    ).encode()


def failed_outcome(
    status: int,
    body: Any,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    error: str | None = None,
    error_type: str | None = None,
    fails_at: FailsAt = "result",
) -> Outcome:
    """An outcome with an error status; ``error`` and ``error_type`` are shown in the queue status.

    Source: documented for webhooks (docs/reference/webhooks.md#payload,
    docs/reference/open-questions.md#model-errors-in-the-status).
    """
    return Outcome(
        status,
        body,
        body if isinstance(body, bytes) else encode(body),
        headers,
        error=f"Invalid status code: {status}" if error is None else error,
        error_type=error_type,
        fails_at=fails_at,
    )


def not_found(hint: str = "") -> ApiError:
    """An unknown request id. Source: recorded (docs/reference/protocol.md#status)."""
    return ApiError(404, {"status": "NOT_FOUND"}, hint=hint)


def path_in_request_url(app: str) -> ApiError:
    """A status, result or cancel URL that keeps the endpoint's path: only a submit has that.

    Source: recorded (docs/reference/open-questions.md#subpath-in-request-urls).
    """
    hint = f"status and result URLs omit the path of the endpoint: use {app}"
    headers = (("allow", "POST"),)
    return ApiError(405, b"", headers, content_type="", hint=hint, has_request_id=False)


def unknown_segment(host: str, hint: str = "") -> ApiError:
    """A path that is not an app, such as one of a single segment.

    Source: recorded (docs/reference/open-questions.md#single-segment-paths).
    """
    if host == QUEUE:
        return ApiError(404, b"", content_type="", hint=hint)
    return ApiError(404, b"404: Not Found", content_type="text/plain", hint=hint)


def method_not_allowed(hint: str = "") -> ApiError:
    """A method that the path does not support. The body is inferred."""
    return ApiError(405, {"detail": "Method Not Allowed"}, hint=hint)


def unauthenticated(app: str) -> ApiError:
    """A run or submit without a valid key."""
    text = (
        f'Cannot access application "{app}". Authentication is required to access this application.'
    )
    return ApiError(401, {"detail": text})


def forbidden_application(app: str) -> ApiError:
    """A token that is not valid for this app. Inferred."""
    return ApiError(403, {"detail": f'Cannot access application "{app}".'})


def bad_key() -> ApiError:
    """An unknown key, since April 2026."""
    return ApiError(401, {"detail": "invalid key credentials"})


def malformed_key() -> ApiError:
    """A key that is not ``id:secret``."""
    text = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
    return ApiError(401, {"detail": text})


def key_as_bearer() -> ApiError:
    """A key with the scheme ``Bearer``, which is for JWTs."""
    return ApiError(401, {"detail": "bearer: unable to decode issuer"})


def no_user_for_key() -> ApiError:
    """An unknown key, until April 2026."""
    return ApiError(401, {"detail": "No user found for Key ID and Secret"})


def concurrency_limit_reached(limit: int) -> ApiError:
    """Too many concurrent calls. Source: recorded (docs/reference/errors.md#concurrency-limit)."""
    error_type = "concurrent_requests_limit"
    return ApiError(
        429,
        {
            "detail": f"Reached concurrent requests limit of {limit}",
            "type": error_type,
            "data": {"limit": limit},
        },
        ((names.NEEDS_RETRY, "1"), (names.ERROR_TYPE, error_type)),
    )


def queue_full(waiting: int, allowed: int) -> ApiError:
    """A queue longer than ``fal_max_queue_length``. Documented; the body is inferred."""
    text = f"Queue length {waiting} exceeds the maximum of {allowed} (fal_max_queue_length)"
    return ApiError(429, {"detail": text})


def unknown_application(alias: str) -> ApiError:
    """An unknown app; the text has the alias only."""
    return ApiError(404, {"detail": f'Application "{alias}" not found'})


def unknown_path(path: str, request_id: str = "") -> ApiError:
    """An unknown path of a known app."""
    headers = ((names.HINT, "miss"),) if request_id else ()
    return ApiError(404, {"detail": f"Path /{path} not found"}, headers, request_id=request_id)


def body_too_large() -> ApiError:
    """A body over the limit.

    Source: inferred (docs/reference/open-questions.md#body-size-limit).
    """
    page = ingress_page(413, "Request Entity Too Large")
    return ApiError(413, page, content_type="text/html", has_request_id=False)


def bad_request(detail: str) -> ApiError:
    """A malformed header. Source: documented (docs/reference/protocol.md#request-headers)."""
    return ApiError(
        400,
        {"detail": detail, "error_type": "bad_request"},
        ((names.ERROR_TYPE, "bad_request"),),
    )
