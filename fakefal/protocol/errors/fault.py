"""What can go wrong with one answer on its way to the caller."""

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
]
"""What a caller asks of fal, as far as it can go wrong by itself."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

CALL_OPERATIONS: frozenset[Operation] = frozenset(("submit", "run", "stream"))
"""The operations that begin a call; the others are about something that is already there, or open
a socket."""

CutKind = Literal["reset", "close", "stall", "garbage"]
CutPoint = Literal["before", "head", "body", "end"]


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends, or falls silent, before the answer is complete.

    ``how``: a TCP reset, an orderly close, silence for ``seconds`` and then a close, or bytes that
    make no sense and then a close.
    ``where``: before the first byte, after the head, after ``share`` of the body (of a stream:
    after ``events`` of it), or after the last byte. A WebSocket that is closed in order gets a
    close frame with ``code`` and ``reason``; 0 is none.
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
    """The body comes ``size`` bytes at a time, with a pause between."""

    chunk_bytes: int = 1
    interval_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; what is not set stays as it is.

    ``refusal`` is answered in place of the healthy answer. ``is_performed`` says whether the
    operation takes place all the same: a lost answer to an accepted submit leaves a job behind.
    ``kept`` is the share of the body that is sent as if it were the whole. ``raw`` is sent in place
    of HTTP. ``dropped`` and ``changed`` are fields of a JSON object. ``is_too_early`` is for a
    result that is held back although the status says COMPLETED. ``is_unanswered`` is for an input
    of a socket that nothing follows, and the socket stays open.
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
        """The HTTP status for the journal; 0 where no answer comes."""
        if self.raw_response is not None or (self.cut is not None and self.cut.point == "before"):
            return 0
        if self.outcome is not None:
            return self.outcome.status
        return self.status or 200


class FaultAbort(Exception):
    """A request that is not served: its trouble is all that the caller gets."""

    def __init__(self, fault: Fault, request_id: str = "") -> None:
        super().__init__(fault.name)
        self.fault = fault
        self.request_id = request_id
