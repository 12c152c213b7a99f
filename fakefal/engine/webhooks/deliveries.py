"""The delivery of a webhook: its attempts and their results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from fakefal.engine.queue.job import Job, State
from fakefal.protocol.core.headers import without_credentials
from fakefal.protocol.core.json_codec import iso
from fakefal.scenario.compiled.webhooks import CompiledWebhook

Stage = Literal["waiting", "held", "sending", "delivered", "failed", "refused", "never"]
"""The stage of a delivery.

``held``: it waits for another delivery. ``failed``: no attempt is left, or the receiver redirected.
``refused``: its target is not allowed. ``never``: the scenario drops it, or the job was cancelled
in the queue.
"""

UNFINISHED: frozenset[Stage] = frozenset(("waiting", "held", "sending"))

EXCERPT_CHARACTERS = 500

_USERINFO = re.compile(r"//[^/@?#]*@")


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The result of one attempt: the receiver's status and the start of its body, or an error.

    ``status`` 0 means that there was no response; ``kind`` then says why: an error, a timeout, a
    target that is not allowed, or the server was stopped.
    """

    status: int = 0
    excerpt: str = ""
    failure: str = ""
    kind: Literal["answered", "failed", "timeout", "refused", "stopped"] = "answered"

    @property
    def is_success(self) -> bool:
        """Any 2xx. Source: documented (docs/reference/webhooks.md#delivery)"""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether it is not retried: a redirect, or a target that is not allowed."""
        return self.kind == "refused" or 300 <= self.status < 400

    def reason_failed(self, attempts_made: int) -> str:
        """Why the delivery failed with this result."""
        if self.kind == "refused":
            return self.failure
        if 300 <= self.status < 400:
            return f"redirects are not followed ({self.status})"
        return f"no attempt left after {attempts_made}; the last: {self.status or self.failure}"

    def describe(self, attempts_made: int, max_attempts: int, seconds: float) -> str:
        """One line for the journal."""
        if self.kind == "refused":
            return f"refused: {self.failure}"
        outcome = str(self.status) if self.status else self.failure
        excerpt = " ".join(self.excerpt.split())[:100]
        suffix = f": {excerpt}" if excerpt else ""
        return f"attempt {attempts_made} of {max_attempts}: {outcome} after {seconds:g}s{suffix}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. ``at`` is the instant at which it was due, ``seconds`` its duration."""

    at: float
    seconds: float
    result: DeliveryResult

    def body(self) -> dict[str, Any]:
        """The attempt as JSON."""
        return {
            "at": iso(self.at),
            "seconds": self.seconds,
            "status": self.result.status,
            "body": self.result.excerpt,
            "failure": self.result.failure,
        }


@dataclass(slots=True, eq=False)
class Delivery:
    """A webhook of one job. ``copy_number`` is 0 for the first and counts its duplicates."""

    number: int
    job: Job
    url: str
    webhook: CompiledWebhook
    due_at: float
    copy_number: int = 0
    stage: Stage = "waiting"
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether no attempt follows."""
        return self.stage not in UNFINISHED

    @property
    def shown_url(self) -> str:
        """The URL without secrets, for the journal and lists."""
        return shown_url(self.url)

    def is_redelivered_by(self, request_id: str | None) -> bool:
        """Whether a redelivery of one request, or of all failed ones (None), includes this one."""
        if request_id is not None:
            return self.job.id == request_id
        if self.stage == "waiting":
            return bool(self.attempts)
        return self.stage == "failed"

    def body(self) -> dict[str, Any]:
        """The delivery as JSON."""
        return {
            "number": self.number,
            "request_id": self.job.id,
            "url": self.shown_url,
            "copy": self.copy_number,
            "state": self.stage,
            "why": self.reason,
            "due": None if self.is_over else iso(self.due_at),
            "attempts": [attempt.body() for attempt in self.attempts],
        }


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request to be sent once, without following redirects.

    ``due_at`` and ``started_at`` are instants on the tenant's clock.
    """

    delivery: Delivery
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_seconds: float
    due_at: float
    started_at: float


def shown_url(url: str) -> str:
    """A URL without its userinfo and without credentials in its query."""
    return _USERINFO.sub("//", without_credentials([("url", url)])["url"])


def never_ran(job: Job) -> bool:
    """Whether a request was cancelled in the queue.

    Source: docs/reference/open-questions.md#webhook-of-a-cancelled-request
    """
    step = job.position.step
    if job.state is not State.CANCELLED or step >= len(job.steps):
        return False
    return job.steps[step].state == "IN_QUEUE"
