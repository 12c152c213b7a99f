"""A webhook on its way: when it is due, what was tried, and how that went."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from fakefal.engine.queue.job import Job
from fakefal.protocol.core.headers import without_credentials
from fakefal.protocol.core.json_codec import iso
from fakefal.scenario.compiled.webhooks import CompiledWebhook

Stage = Literal["waiting", "held", "sending", "delivered", "failed", "refused", "never", "dropped"]
"""Where a delivery is.

``held``: it waits for another one. ``failed``: no attempt is left, or the receiver redirected.
``refused``: its target is not allowed. ``never``: the scenario says so, or the job was cancelled in
the queue. ``dropped``: too many waited.
"""

UNFINISHED: frozenset[Stage] = frozenset(("waiting", "held", "sending"))

EXCERPT_CHARACTERS = 500

_USERINFO = re.compile(r"//[^/@?#]*@")


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How one attempt went: the receiver's status and the beginning of its body, or what failed.

    ``status`` 0 means that no answer came. ``kind`` says why, where it matters: the limit passed,
    the target is not allowed, or the fake was stopped meanwhile.
    """

    status: int = 0
    excerpt: str = ""
    failure: str = ""
    kind: Literal["answered", "failed", "timeout", "refused", "stopped"] = "answered"

    @property
    def is_success(self) -> bool:
        """Any 2xx. Source: documented (protocol.md section 8)."""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether it is not tried again: a redirect, or a target that is not allowed."""
        return self.kind == "refused" or 300 <= self.status < 400


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. ``at`` is the instant of the plan, ``seconds`` how long it took on the clock."""

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
    """A webhook of one job. ``copy`` is 0 for the first and counts its duplicates."""

    number: int
    job: Job
    url: str
    plan: CompiledWebhook
    due_at: float
    copy_number: int = 0
    stage: Stage = "waiting"
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self.stage not in UNFINISHED

    @property
    def shown_url(self) -> str:
        """The URL without secrets, as journal and lists have it."""
        return shown_url(self.url)

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
    """What the pump sends: once, without following redirects.

    ``at`` is the instant at which it was due; ``limit_seconds`` is how long the receiver may take.
    """

    delivery: Delivery
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_seconds: float
    due_at: float
    started_at: float


def shown_url(url: str) -> str:
    """A URL without its secrets."""
    return _USERINFO.sub("//", without_credentials([("url", url)])["url"])
