"""A fault to inject into one response: another status, a cut connection, a delay and so on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from fakefal.protocol.core.call import Json, Outcome

Operation = Literal[
    "submit",
    "status",
    "status_stream",
    "result",
    "cancel",
    "run",
    "stream",
    "connect",
    "upload",
    "upload_put",
    "token",
    "download",
    "platform",
]
"""The operations that a fault can be set for."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

CALL_OPERATIONS: frozenset[Operation] = frozenset(("submit", "run", "stream"))
"""The operations that create a call."""

CutKind = Literal["reset", "close", "stall", "garbage"]
CutPoint = Literal["before", "head", "body", "end"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection that ends, or stalls, before the response is complete.

    ``kind``: a TCP reset, an orderly close, a stall of ``stall_seconds`` and then a close, or
    garbage bytes and then a close.
    ``point``: before the first byte, after the head, after ``body_share`` of the body (for a
    stream: after ``event_count`` events), or after the last byte. An orderly close of a WebSocket
    sends a close frame with ``close_code`` and ``reason``, unless the code is 0.
    """

    kind: CutKind
    point: CutPoint
    body_share: float = 0.5
    event_count: int = 1
    stall_seconds: float = math.inf
    close_code: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SlowBody:
    """A body that is sent in chunks of ``chunk_bytes`` with pauses of ``interval_seconds``."""

    chunk_bytes: int = 1
    interval_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Changes to one response; every field has a default that changes nothing.

    ``outcome`` replaces the response. ``is_performed`` is whether the operation is executed anyway,
    so that a lost response to a submit leaves a job behind. ``body_share`` truncates the body, with
    a matching ``Content-Length``. ``raw_response`` replaces the HTTP bytes. ``removed_fields`` and
    ``changed_fields`` apply to a JSON object. ``is_too_early`` answers a result of a COMPLETED job
    with the 400 of a running one. ``is_unanswered`` drops one input of a socket.
    """

    name: str
    outcome: Outcome | None = None
    is_performed: bool = True
    delay_seconds: float = 0.0
    cut: Cut | None = None
    slow_body: SlowBody | None = None
    body_share: float | None = None
    status: int | None = None
    body: bytes | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    removed_fields: tuple[str, ...] = ()
    changed_fields: dict[str, Json] = field(default_factory=dict)
    raw_response: bytes | None = None
    is_too_early: bool = False
    is_unanswered: bool = False

    @property
    def journal_status(self) -> int:
        """The HTTP status for the journal; 0 if the caller gets no HTTP response."""
        if self.raw_response is not None or (self.cut is not None and self.cut.point == "before"):
            return 0
        if self.outcome is not None:
            return self.outcome.status
        return self.status or 200


class FaultAbort(Exception):
    """Ends the handling of a request: only its fault is performed."""

    def __init__(self, fault: Fault, request_id: str = "") -> None:
        super().__init__(fault.name)
        self.fault = fault
        self.request_id = request_id
