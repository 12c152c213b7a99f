"""The errors of fal's wire, as values that know their own status, body and headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import FailsAt, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.fault import Fault

Kind = Literal["model", "request", "account", "routing", "app", "ingress"]
QueueRetry = Literal["yes", "no", "maybe"]
Grade = Literal["documented", "client", "recorded", "inferred"]

DOCS_URL = "https://docs.fal.ai/errors/#"


@dataclass(eq=False)
class ApiError(Exception):
    """A failure that the door writes as an answer, in fal's own words.

    ``body`` is JSON, or bytes for a page that is not. ``note`` is our own explanation; it goes into
    the ``x-fakefal-hint`` header and never into the body. ``request_id`` and ``units`` are of the
    call that failed, where there was one; ``trouble`` is what happens to the answer.
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

    def __post_init__(self) -> None:
        Exception.__init__(self, self.status, self.hint)

    @classmethod
    def from_outcome(cls, outcome: Outcome) -> ApiError:
        """The failure that an outcome is."""
        return cls(
            outcome.status,
            outcome.body,
            outcome.headers,
            outcome.content_type,
            identified=outcome.has_request_id,
        )

    @property
    def message(self) -> str:
        """What the body says, on one line."""
        body = self.body
        detail = body.get("detail", body) if isinstance(body, dict) else body
        return detail if isinstance(detail, str) else str(detail)

    @property
    def payload(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else encode(self.body)


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """An entry of the error catalogue.

    ``message`` is the usual text (``msg`` of a model error, else ``detail``). ``context`` is the
    model error's ``ctx``; ``data`` goes beside ``detail`` in the other shapes. ``retried`` says
    whether fal's own queue tries again. ``body`` is for the few that have no ``detail`` text,
    ``word`` for a request error that goes by another's ``error_type``.
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


def model_error_item(
    type_: str,
    message: str,
    loc: tuple[str | int, ...] = ("body",),
    context: dict[str, Any] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """One item of a model error's ``detail`` list; ``extra`` may hold ``input``.

    Source: documented (protocol.md section 7.1).
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
    loc: tuple[str | int, ...] = ("body",),
    context: dict[str, Any] | None = None,
    status: int | None = None,
    extra: dict[str, Any] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """The answer that a model error ends in.

    Source: documented (protocol.md sections 7.1, 16 row 14).
    """
    item = model_error_item(
        spec.name,
        spec.message if message is None else message,
        loc,
        spec.context if context is None else context,
        **(extra or {}),
    )
    retryable = spec.queue_retry != "no"
    flags: tuple[tuple[str, str], ...] = ((names.RETRYABLE, "true" if retryable else "false"),)
    if retryable:
        flags += ((names.NEEDS_RETRY, "1"),)
    return failed_outcome(status or spec.status, {"detail": [item]}, headers=flags + headers)


def request_error(
    spec: ErrorSpec,
    *,
    detail: str | None = None,
    status: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """The flat body of a platform failure. Source: documented (protocol.md section 7.2)."""
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
    """An account, routing or app error: ``detail``, and for the concurrency limit type and data.

    Source: recorded (protocol.md sections 3.9, 4, 7.3).
    """
    body = {"detail": spec.message, **spec.data} if spec.body is None else spec.body
    return failed_outcome(
        status or spec.status, body, headers=(*spec.headers, *headers), fails_at=spec.fails_at
    )


def ingress_page(status: int, phrase: str) -> bytes:
    """The load balancer's page. Source: client (protocol.md section 3.10), nginx's stock page."""
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
    """An outcome that is not a success. The queue's status says what it was.

    Source: documented wording of webhooks (protocol.md sections 8 and 16 row 5).
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
    """An unknown request id. Source: recorded (protocol.md section 3.2)."""
    return ApiError(404, {"status": "NOT_FOUND"}, hint=hint)


def method_not_allowed(hint: str = "") -> ApiError:
    """A wrong method. Source: recorded status, inferred body (protocol.md section 7.3)."""
    return ApiError(405, {"detail": "Method Not Allowed"}, hint=hint)


def unauthenticated(app: str) -> ApiError:
    """A run or submit without a usable key. Source: recorded (protocol.md section 7.3)."""
    text = (
        f'Cannot access application "{app}". Authentication is required to access this application.'
    )
    return ApiError(401, {"detail": text})


def forbidden_application(app: str) -> ApiError:
    """A token for other apps. Source: inferred (protocol.md section 7.3)."""
    return ApiError(403, {"detail": f'Cannot access application "{app}".'})


def bad_key() -> ApiError:
    """A key that is not known. Source: recorded (protocol.md section 7.3, April 2026)."""
    return ApiError(401, {"detail": "invalid key credentials"})


def malformed_key() -> ApiError:
    """A key that is not ``id:secret``. Source: recorded (protocol.md section 7.3)."""
    text = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
    return ApiError(401, {"detail": text})


def key_as_bearer() -> ApiError:
    """A key where a JWT should be. Source: recorded (protocol.md section 7.3)."""
    return ApiError(401, {"detail": "bearer: unable to decode issuer"})


def no_user_for_key() -> ApiError:
    """A key that is not known, as it was told until April 2026. Source: protocol.md section 7.3."""
    return ApiError(401, {"detail": "No user found for Key ID and Secret"})


def concurrency_limit_reached(limit: int) -> ApiError:
    """As many calls run as may. Source: recorded (protocol.md section 3.9)."""
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
    """A queue longer than allowed. Source: documented status, inferred body (section 7.3)."""
    text = f"Queue length {waiting} exceeds the maximum of {allowed} (fal_max_queue_length)"
    return ApiError(429, {"detail": text})


def unknown_application(alias: str) -> ApiError:
    """No such app; only the alias is quoted. Source: recorded (protocol.md section 7.3)."""
    return ApiError(404, {"detail": f'Application "{alias}" not found'})


def unknown_path(path: str, request_id: str = "") -> ApiError:
    """A path that a known app does not have. Source: recorded (protocol.md sections 6.4, 7.3)."""
    headers = ((names.HINT, "miss"),) if request_id else ()
    return ApiError(404, {"detail": f"Path /{path} not found"}, headers, request_id=request_id)


def body_too_large() -> ApiError:
    """A body over the limit. Source: inferred (protocol.md sections 3.10, 16 row 29)."""
    page = ingress_page(413, "Request Entity Too Large")
    return ApiError(413, page, content_type="text/html", has_request_id=False)


def bad_request(detail: str) -> ApiError:
    """A malformed platform header. Source: documented (protocol.md section 3.7)."""
    return ApiError(
        400,
        {"detail": detail, "error_type": "bad_request"},
        ((names.ERROR_TYPE, "bad_request"),),
    )
