"""The errors of fal's wire, as values that know their own status, body and headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Moment, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.fault import Trouble

Kind = Literal["model", "request", "account", "routing", "app", "ingress"]
Retried = Literal["yes", "no", "maybe"]
Grade = Literal["documented", "client", "recorded", "inferred"]

DOCS_URL = "https://docs.fal.ai/errors/#"


@dataclass(eq=False)
class WireError(Exception):
    """A failure that the door writes as an answer, in fal's own words.

    ``body`` is JSON, or bytes for a page that is not. ``note`` is our own explanation; it goes into
    the ``x-fakefal-hint`` header and never into the body. ``request_id`` and ``units`` are of the
    call that failed, where there was one; ``trouble`` is what happens to the answer.
    """

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    note: str = ""
    identified: bool = True
    request_id: str = ""
    units: float | None = None
    trouble: Trouble | None = None

    def __post_init__(self) -> None:
        Exception.__init__(self, self.status, self.note)

    @classmethod
    def of(cls, outcome: Outcome) -> WireError:
        """The failure that an outcome is."""
        return cls(
            outcome.status,
            outcome.body,
            outcome.headers,
            outcome.content_type,
            identified=outcome.identified,
        )

    @property
    def told(self) -> str:
        """What the body says, on one line."""
        body = self.body
        told = body.get("detail", body) if isinstance(body, dict) else body
        return told if isinstance(told, str) else str(told)

    @property
    def payload(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else encode(self.body)


@dataclass(frozen=True, slots=True)
class ErrorEntry:
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
    retried: Retried = "no"
    context: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    moment: Moment = "result"
    body: Any = None
    word: str = ""


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
    entry: ErrorEntry,
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
        entry.name,
        entry.message if message is None else message,
        loc,
        entry.context if context is None else context,
        **(extra or {}),
    )
    retryable = entry.retried != "no"
    flags: tuple[tuple[str, str], ...] = ((names.RETRYABLE, "true" if retryable else "false"),)
    if retryable:
        flags += ((names.NEEDS_RETRY, "1"),)
    return failure(status or entry.status, {"detail": [item]}, headers=flags + headers)


def request_error(
    entry: ErrorEntry,
    *,
    detail: str | None = None,
    status: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """The flat body of a platform failure. Source: documented (protocol.md section 7.2)."""
    text = entry.message if detail is None else detail
    word = entry.word or entry.name
    return failure(
        status or entry.status,
        {"detail": text, "error_type": word},
        headers=((names.ERROR_TYPE, word), *entry.headers, *headers),
        error=text,
        error_type=word,
    )


def plain_error(
    entry: ErrorEntry, *, status: int | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Outcome:
    """An account, routing or app error: ``detail``, and for the concurrency limit type and data.

    Source: recorded (protocol.md sections 3.9, 4, 7.3).
    """
    body = {"detail": entry.message, **entry.data} if entry.body is None else entry.body
    return failure(
        status or entry.status, body, headers=(*entry.headers, *headers), moment=entry.moment
    )


def ingress_page(status: int, reason: str) -> bytes:
    """The load balancer's page. Source: client (protocol.md section 3.10), nginx's stock page."""
    return (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    ).encode()


def failure(
    status: int,
    body: Any,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    error: str | None = None,
    error_type: str | None = None,
    moment: Moment = "result",
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
        moment=moment,
    )


def not_found(note: str = "") -> WireError:
    """An unknown request id. Source: recorded (protocol.md section 3.2)."""
    return WireError(404, {"status": "NOT_FOUND"}, note=note)


def method_not_allowed(note: str = "") -> WireError:
    """A wrong method. Source: recorded status, inferred body (protocol.md section 7.3)."""
    return WireError(405, {"detail": "Method Not Allowed"}, note=note)


def unauthenticated(app: str) -> WireError:
    """A run or submit without a usable key. Source: recorded (protocol.md section 7.3)."""
    text = (
        f'Cannot access application "{app}". Authentication is required to access this application.'
    )
    return WireError(401, {"detail": text})


def forbidden_application(app: str) -> WireError:
    """A token for other apps. Source: inferred (protocol.md section 7.3)."""
    return WireError(403, {"detail": f'Cannot access application "{app}".'})


def bad_key() -> WireError:
    """A key that is not known. Source: recorded (protocol.md section 7.3, April 2026)."""
    return WireError(401, {"detail": "invalid key credentials"})


def malformed_key() -> WireError:
    """A key that is not ``id:secret``. Source: recorded (protocol.md section 7.3)."""
    text = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
    return WireError(401, {"detail": text})


def key_as_bearer() -> WireError:
    """A key where a JWT should be. Source: recorded (protocol.md section 7.3)."""
    return WireError(401, {"detail": "bearer: unable to decode issuer"})


def no_user() -> WireError:
    """A key that is not known, as it was told until April 2026. Source: protocol.md section 7.3."""
    return WireError(401, {"detail": "No user found for Key ID and Secret"})


def too_many(limit: int) -> WireError:
    """As many calls run as may. Source: recorded (protocol.md section 3.9)."""
    word = "concurrent_requests_limit"
    return WireError(
        429,
        {
            "detail": f"Reached concurrent requests limit of {limit}",
            "type": word,
            "data": {"limit": limit},
        },
        ((names.NEEDS_RETRY, "1"), (names.ERROR_TYPE, word)),
    )


def queue_full(waiting: int, allowed: int) -> WireError:
    """A queue longer than allowed. Source: documented status, inferred body (section 7.3)."""
    text = f"Queue length {waiting} exceeds the maximum of {allowed} (fal_max_queue_length)"
    return WireError(429, {"detail": text})


def unknown_application(alias: str) -> WireError:
    """No such app; only the alias is quoted. Source: recorded (protocol.md section 7.3)."""
    return WireError(404, {"detail": f'Application "{alias}" not found'})


def unknown_path(path: str, request_id: str = "") -> WireError:
    """A path that a known app does not have. Source: recorded (protocol.md sections 6.4, 7.3)."""
    headers = ((names.HINT, "miss"),) if request_id else ()
    return WireError(404, {"detail": f"Path /{path} not found"}, headers, request_id=request_id)


def body_too_large() -> WireError:
    """A body over the limit. Source: inferred (protocol.md sections 3.10, 16 row 29)."""
    page = ingress_page(413, "Request Entity Too Large")
    return WireError(413, page, content_type="text/html", identified=False)


def bad_request(detail: str) -> WireError:
    """A malformed platform header. Source: documented (protocol.md section 3.7)."""
    return WireError(
        400,
        {"detail": detail, "error_type": "bad_request"},
        ((names.ERROR_TYPE, "bad_request"),),
    )
