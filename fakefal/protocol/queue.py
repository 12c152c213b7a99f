"""Bodies of the queue's responses: submit, status, result before completion, cancel, logs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.compat_flags import CancelAnswer, LogEntries
from fakefal.protocol.core.json_codec import iso

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
"""Failed and cancelled jobs are COMPLETED too.

Source: documented (docs/reference/protocol.md#status).
"""

TRUE_VALUES = frozenset({"1", "true", "yes", "on", "t", "y"})

IN_PROGRESS_DETAIL = "Request is still in progress"
"""Vercel's AI SDK compares this text.

Source: recorded, client (docs/reference/protocol.md#result).
"""

CANCELLATION_REQUESTED: dict[str, Json] = {"status": "CANCELLATION_REQUESTED"}
ALREADY_COMPLETED: dict[str, Json] = {"status": "ALREADY_COMPLETED"}
SUCCESS: dict[str, Json] = {"success": True}
CANCELLED_STATUS = 499
CANCELLED_ERROR = "Request was cancelled"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log entry of a job; ``at`` is a Unix timestamp."""

    message: str
    at: float
    level: str = "INFO"
    source: str = "USER"
    labels: tuple[tuple[str, str], ...] = ()
    timestamp: str | None = None
    """Sent instead of ``at``, as it is."""

    def body(self, form: LogEntries = "recorded") -> dict[str, Json]:
        """The entry as recorded, or with all fields that the docs and the JavaScript types have.

        Source: recorded, documented (docs/reference/open-questions.md#log-entry-fields).
        """
        at = iso(self.at) if self.timestamp is None else self.timestamp
        if form == "recorded":
            at = at.removesuffix("Z") if self.timestamp is None else at
            labels = {"level": self.level, "source": self.source, **dict(self.labels)}
            return {"timestamp": at, "message": self.message, "labels": labels}
        return {
            "timestamp": at,
            "message": self.message,
            "level": self.level,
            "source": self.source,
            "labels": dict(self.labels),
        }


@dataclass(slots=True)
class Snapshot:
    """The state of a job at one time. ``logs`` is None if the caller did not request them."""

    status: Status
    request_id: str
    queue_position: int | None = None
    logs: tuple[LogLine, ...] | None = None
    inference_time: float | None = None
    error: str | None = None
    error_type: str | None = None


@dataclass(slots=True)
class QueueUrls:
    """The three URLs of a job, with a host that the caller can reach."""

    response: str
    status: str
    cancel: str


def request_urls(queue_url: str, app: str, request_id: str, has_suffix: bool = False) -> QueueUrls:
    """The URLs of a job, without the endpoint's path.

    ``queue_url`` is that of the queue host, without a slash at its end. With ``has_suffix`` the
    response URL ends in ``/response``, as in fal's docs. Source: recorded
    (docs/reference/protocol.md#endpoint-ids-and-urls,
    docs/reference/open-questions.md#response-suffix).
    """
    base = f"{queue_url}/{_quoted_app(app)}/requests/{request_id}"
    return QueueUrls(f"{base}/response" if has_suffix else base, f"{base}/status", f"{base}/cancel")


@lru_cache(maxsize=1024)
def _quoted_app(app: str) -> str:
    """An app's name, percent-encoded so that the URLs of a job lead back to the same app."""
    return quote(app, safe="/:@!$&'()*+,;=~")


def wants_logs(value: str | None) -> bool:
    """Whether the query parameter ``logs`` is true.

    Source: client (docs/reference/protocol.md#logs).
    """
    return value is not None and value.lower() in TRUE_VALUES


def status_body(
    snapshot: Snapshot, urls: QueueUrls, log_entries: LogEntries = "recorded"
) -> dict[str, Any]:
    """The body of a status response, a submit response and a status event.

    Fields in fal's order. ``queue_position`` is present while IN_QUEUE, ``error`` after a failure.
    Source: recorded (docs/reference/protocol.md#submit, docs/reference/protocol.md#status).
    """
    logs = snapshot.logs
    metrics = {} if snapshot.inference_time is None else {"inference_time": snapshot.inference_time}
    body: dict[str, Any] = {
        "status": snapshot.status,
        "request_id": snapshot.request_id,
        "response_url": urls.response,
        "status_url": urls.status,
        "cancel_url": urls.cancel,
        "logs": None if logs is None else [log.body(log_entries) for log in logs],
        "metrics": metrics,
    }
    if snapshot.queue_position is not None:
        body["queue_position"] = snapshot.queue_position
    if snapshot.error is not None:
        body["error"] = snapshot.error
    if snapshot.error_type is not None:
        body["error_type"] = snapshot.error_type
    return body


def status_code(status: Status) -> int:
    """200 for COMPLETED, else 202. The fal SDK looks at this code only.

    Source: recorded, client (docs/reference/protocol.md#status).
    """
    return 200 if status == "COMPLETED" else 202


def cancel_status(answer: CancelAnswer) -> int:
    """The status of an accepted cancel.

    Source: documented (docs/reference/protocol.md#cancel).
    """
    return 200 if answer == "success" else 202


def too_early_body(request_id: str, urls: QueueUrls) -> dict[str, Json]:
    """The 400 of a result before completion.

    Source: recorded (docs/reference/protocol.md#result).
    """
    return {
        "cancel_url": urls.cancel,
        "detail": IN_PROGRESS_DETAIL,
        "request_id": request_id,
        "response_url": urls.response,
        "status_url": urls.status,
    }
