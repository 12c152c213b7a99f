"""``fakefal.webhooks``: reads, awaits and redelivers the webhooks of one test."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.next_event import standing_clock
from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.errors import FakefalError, hide_frame
from fakefal.server.thread import ThreadedServer

__tracebackhide__ = hide_frame


_STEP_SECONDS, _IDLE_SECONDS = 0.1, 0.3
"""How long nothing may happen before a wait asks whether anything still can."""


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook of one request.

    ``state`` is ``waiting``, ``held``, ``sending``, ``delivered``, ``failed``, ``refused``,
    ``never`` or ``dropped``, and ``why`` is the reason. Each attempt is
    ``{"at", "seconds", "status", "body", "failure"}``.
    """

    request_id: str
    url: str
    state: str
    why: str
    copy: int
    due: str | None
    attempts: tuple[dict[str, Any], ...]


class FakeWebhooks:
    """The webhooks of one test. A ``timeout`` is in real seconds, whatever the clock."""

    def __init__(self, server: ThreadedServer, controls: Controls) -> None:
        self._server = server
        self._controls = controls

    @property
    def records(self) -> list[WebhookRecord]:
        """All webhooks, oldest first."""
        bodies = self._server.call(lambda: self._webhook_controls().deliveries())
        return [_record(body) for body in bodies]

    def __iter__(self) -> Iterator[WebhookRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def delivered(self) -> list[WebhookRecord]:
        """The webhooks that a receiver accepted."""
        return [record for record in self if record.state == "delivered"]

    def wait(self, count: int = 1, *, timeout: float = 10.0) -> list[WebhookRecord]:
        """Wait until ``count`` webhooks are delivered, and return all that are.

        Raises FakefalError with the state of each webhook after ``timeout`` seconds, or as soon as
        no more can come: all have ended, or a manual clock stands still. If the receiver runs in
        the test's own event loop, await ``wait_async`` instead.
        """
        self._server.run(_wait_delivered(self._controls, count, timeout, is_blocking=True))
        return self.delivered

    async def wait_async(self, count: int = 1, *, timeout: float = 10.0) -> list[WebhookRecord]:
        """``wait`` for async tests."""
        waiting = _wait_delivered(self._controls, count, timeout, is_blocking=False)
        future = self._server.submit(waiting)
        await asyncio.wrap_future(future)
        return self.delivered

    def wait_idle(self, *, timeout: float = 10.0) -> None:
        """Wait until every webhook that is due now was attempted, successfully or not.

        Raises FakefalError after ``timeout`` seconds. If the receiver runs in the test's own event
        loop, await ``wait_idle_async`` instead.
        """
        self._server.run(_wait_idle(self._controls, timeout))

    async def wait_idle_async(self, *, timeout: float = 10.0) -> None:
        """``wait_idle`` for async tests."""
        future = self._server.submit(_wait_idle(self._controls, timeout))
        await asyncio.wrap_future(future)

    def redeliver(self, request_id: str | None = None) -> list[WebhookRecord]:
        """Send one request's webhook again, immediately and with a valid signature.

        Without an id all that failed are sent again.
        """
        bodies = self._server.call(lambda: self._webhook_controls().redeliver(request_id))
        return [_record(body) for body in bodies]

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys as they are published now."""
        return self._server.call(lambda: self._webhook_controls().jwks())

    def publish(self, jwks: Any) -> None:
        """Change how the keys are published, as ``jwks`` of a scenario: ``{"delay": "20s"}``."""
        self._server.call(lambda: self._webhook_controls().publish(jwks))

    def rotate_keys(self) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self._server.call(lambda: self._webhook_controls().rotate())

    def now(self) -> float:
        """The time of signatures: that of a manual clock, else the real time."""
        return self._server.call(lambda: self._controls.tenant.webhooks.timestamp())

    def _webhook_controls(self) -> WebhookControls:
        return WebhookControls(self._controls.tenant.webhooks)


async def _wait_delivered(
    controls: Controls, count: int, timeout: float, *, is_blocking: bool
) -> None:
    """Wait in steps: what cannot come any more is not waited for until the timeout.

    ``is_blocking``: the caller's thread waits, so it cannot advance the clock meanwhile.
    """
    tenant = controls.tenant
    webhooks = tenant.webhooks
    waited, idle, seen = 0.0, 0.0, -1
    while waited < timeout:
        step = min(_STEP_SECONDS, timeout - waited)
        if await wait_for_condition(webhooks, lambda: _count_delivered(webhooks) >= count, step):
            return
        waited += step
        idle = idle + step if tenant.journal.count == seen else 0.0
        seen = tenant.journal.count
        if idle >= _IDLE_SECONDS and (
            _has_ended(controls) or (is_blocking and standing_clock(tenant))
        ):
            break
    if _count_delivered(webhooks) >= count:
        return
    heading = f"{_count_delivered(webhooks)} of {count} webhooks were delivered"
    if waited >= timeout:
        heading += f" within {timeout:g}s"
    elif _has_ended(controls):
        heading += ", and no more can come: all of them have ended, and no request is running"
    raise FakefalError(_describe(controls, heading))


def _has_ended(controls: Controls) -> bool:
    """Whether there were webhooks, and every one has ended, as has every request."""
    tenant = controls.tenant
    webhooks, now = tenant.webhooks, tenant.clock.now()
    for job in tenant.queue.jobs.values():
        tenant.queue.advance_job(job, now)
        if not job.is_over:
            return False
    return bool(webhooks.deliveries) and not webhooks.is_busy and not webhooks.unfinished()


async def _wait_idle(controls: Controls, timeout: float) -> None:
    webhooks = controls.tenant.webhooks
    if not await wait_for_condition(webhooks, lambda: not webhooks.is_busy, timeout):
        raise FakefalError(_describe(controls, f"webhooks are still being sent after {timeout:g}s"))


async def wait_for_condition(
    webhooks: WebhookScheduler, condition: Callable[[], bool], timeout: float
) -> bool:
    """Wait for a condition on the webhooks; returns False after ``timeout`` real seconds."""

    async def wait() -> None:
        while not condition():
            await webhooks.clock.wait_until(math.inf, webhooks.progress)

    try:
        await asyncio.wait_for(wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True


def _count_delivered(webhooks: WebhookScheduler) -> int:
    return sum(1 for delivery in webhooks.deliveries if delivery.stage == "delivered")


def _describe(controls: Controls, heading: str) -> str:
    webhooks, lines = controls.tenant.webhooks, [heading]
    if clock_text := standing_clock(controls.tenant):
        lines[0] += f": {clock_text}"
    for delivery in webhooks.deliveries:
        reason = delivery.reason
        if delivery.attempts and delivery.stage != "delivered":
            result = delivery.attempts[-1].result
            reason = reason or result.failure or f"the last response was {result.status}"
        reason = reason or ("the clock has not reached it" if delivery.stage == "waiting" else "")
        line = f"{delivery.job.id} to {delivery.shown_url}: {delivery.stage}"
        lines.append(f"{line} — {reason}" if reason else line)
    if len(lines) == 1:
        lines += webhooks.unfinished() or ["no call requested one: submit(…, webhook_url=…)"]
    return "\n  ".join(lines)


def _record(body: dict[str, Any]) -> WebhookRecord:
    return WebhookRecord(
        body["request_id"],
        body["url"],
        body["state"],
        body["why"],
        body["copy"],
        body["due"],
        tuple(body["attempts"]),
    )
