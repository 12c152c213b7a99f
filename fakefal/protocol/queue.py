"""The bodies of the queue: submit, status, result too early, cancel; and log entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import iso

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
"""The three words of fal's queue; every end is COMPLETED. Source: documented (docs: Queue)."""

TRUE_VALUES = frozenset({"1", "true", "yes", "on", "t", "y"})

IN_PROGRESS_DETAIL = "Request is still in progress"
"""The AI SDK compares this text. Source: recorded, client (protocol.md section 3.4)."""

CANCELLATION_REQUESTED: dict[str, Json] = {"status": "CANCELLATION_REQUESTED"}
ALREADY_COMPLETED: dict[str, Json] = {"status": "ALREADY_COMPLETED"}
SUCCESS: dict[str, Json] = {"success": True}
CANCELLED_ERROR = "Request was cancelled"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log entry of a job; ``at`` is an instant in seconds since 1970."""

    message: str
    at: float
    level: str = "INFO"
    source: str = "USER"
    labels: tuple[tuple[str, str], ...] = ()

    def body(self) -> dict[str, Json]:
        """The superset of the recorded shapes. Source: protocol.md sections 3.2, 16 row 11."""
        return {
            "timestamp": iso(self.at),
            "message": self.message,
            "level": self.level,
            "source": self.source,
            "labels": dict(self.labels),
        }


@dataclass(slots=True)
class Snapshot:
    """What one look at a job shows. ``logs`` is None where they were not asked for."""

    status: Status
    request_id: str
    queue_position: int | None = None
    logs: tuple[LogLine, ...] | None = None
    inference_time: float | None = None
    error: str | None = None
    error_type: str | None = None


@dataclass(slots=True)
class QueueUrls:
    """The three URLs of a job, as this caller can reach them."""

    response: str
    status: str
    cancel: str


def request_urls(
    url_for: Callable[[str], str], app: str, request_id: str, has_suffix: bool = False
) -> QueueUrls:
    """The URLs of a job; ``link`` makes a path of the queue host reachable for the caller.

    The endpoint's path is dropped. With ``suffix`` the response URL ends in ``/response``, as fal's
    docs show it. Source: recorded (protocol.md sections 2, 16 row 2).
    """
    base = url_for(f"/{_quoted_app(app)}/requests/{request_id}")
    return QueueUrls(f"{base}/response" if has_suffix else base, f"{base}/status", f"{base}/cancel")


@lru_cache(maxsize=1024)
def _quoted_app(app: str) -> str:
    """An app's name as a path holds it; one of odd characters must lead back to the same app."""
    return quote(app, safe="/:@!$&'()*+,;=~")


def wants_logs(value: str | None) -> bool:
    """Whether a ``logs`` query value asks for logs. Source: client (protocol.md section 3.2)."""
    return value is not None and value.lower() in TRUE_VALUES


def status_body(snapshot: Snapshot, urls: QueueUrls) -> dict[str, Any]:
    """The body of a status answer, of a submit answer and of a status event.

    Fields in fal's order; ``queue_position`` only while IN_QUEUE; ``error`` only after a failure.
    Source: recorded (protocol.md sections 3.1, 3.2).
    """
    logs = snapshot.logs
    metrics = {} if snapshot.inference_time is None else {"inference_time": snapshot.inference_time}
    body: dict[str, Any] = {
        "status": snapshot.status,
        "request_id": snapshot.request_id,
        "response_url": urls.response,
        "status_url": urls.status,
        "cancel_url": urls.cancel,
        "logs": None if logs is None else [log.body() for log in logs],
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
    """202 while a job waits or runs, 200 once it is COMPLETED; the fal SDK goes by this alone.

    Source: recorded, client (protocol.md section 3.2).
    """
    return 200 if status == "COMPLETED" else 202


def too_early_body(request_id: str, urls: QueueUrls) -> dict[str, Json]:
    """The 400 of a result asked for too early. Source: recorded (protocol.md section 3.4)."""
    return {
        "cancel_url": urls.cancel,
        "detail": IN_PROGRESS_DETAIL,
        "request_id": request_id,
        "response_url": urls.response,
        "status_url": urls.status,
    }
