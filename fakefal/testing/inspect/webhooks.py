"""``fakefal.webhooks``: what was delivered in a test, waiting for it, and sending it again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.engine.webhooks.scheduler import Webhooks
from fakefal.errors import FakefalError
from fakefal.server.thread import ThreadedFakeFal


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook of one request.

    ``state`` is ``waiting``, ``held``, ``sending``, ``delivered``, ``failed``, ``refused``,
    ``never`` or ``dropped``, and ``why`` explains it. Each attempt is
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
    """The webhooks of one test. Patience is real time, whatever the clock."""

    def __init__(self, server: ThreadedFakeFal, controls: Controls) -> None:
        self._server = server
        self._controls = controls

    @property
    def records(self) -> list[WebhookRecord]:
        """All webhooks, oldest first."""
        return [_record(body) for body in self._server.call(lambda: self._of_tenant().told())]

    def __iter__(self) -> Iterator[WebhookRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def delivered(self) -> list[WebhookRecord]:
        """Those that a receiver has accepted."""
        return [record for record in self if record.state == "delivered"]

    def wait(self, count: int = 1, *, patience: float = 10.0) -> list[WebhookRecord]:
        """Wait until this many webhooks of the test are delivered; gives them.

        Raises FakefalError, with what became of each, after ``patience`` seconds. Not for a test
        whose own event loop is the receiver: that one awaits ``wait_async``.
        """
        self._waiting(count, patience).result()
        return self.delivered

    async def wait_async(self, count: int = 1, *, patience: float = 10.0) -> list[WebhookRecord]:
        """The same, for async tests."""
        await asyncio.wrap_future(self._waiting(count, patience))
        return self.delivered

    def settle(self, *, patience: float = 10.0) -> None:
        """Wait until all that is due at the clock's present was tried, delivered or not.

        Raises FakefalError after ``patience`` seconds. ``settle_async`` is the same for tests whose
        own event loop is the receiver.
        """
        self._server.wait(_until_settled(self._controls, patience)).result()

    async def settle_async(self, *, patience: float = 10.0) -> None:
        """The same, for async tests."""
        settling = self._server.wait(_until_settled(self._controls, patience))
        await asyncio.wrap_future(settling)

    def redeliver(self, request_id: str | None = None) -> list[WebhookRecord]:
        """Send one request's webhook again, genuine and at once; without an id all that failed."""
        found = self._server.call(lambda: self._of_tenant().redeliver(request_id))
        return [_record(body) for body in found]

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys, as they are published now."""
        return self._server.call(lambda: self._of_tenant().jwks())

    def publish(self, jwks: Any) -> None:
        """Publish the keys as ``jwks`` of a scenario says: ``"down"``, ``{"delay": "20s"}``."""
        self._server.call(lambda: self._of_tenant().publish(jwks))

    def rotate_keys(self) -> None:
        """Sign with a new key from now on; the old one is withdrawn."""
        self._server.call(lambda: self._of_tenant().rotate())

    def now(self) -> float:
        """The time that signatures carry: a manual clock's own, else the real one."""
        return self._server.call(lambda: self._controls.tenant.webhooks.stamp())

    def _of_tenant(self) -> WebhookControls:
        return WebhookControls(self._controls.tenant)

    def _waiting(self, count: int, patience: float) -> Future[None]:
        return self._server.wait(_until_delivered(self._controls, count, patience))


async def _until_delivered(controls: Controls, count: int, patience: float) -> None:
    webhooks = controls.tenant.webhooks
    if not await becomes(webhooks, lambda: _delivered(webhooks) >= count, patience):
        head = f"{_delivered(webhooks)} of {count} webhooks were delivered within {patience:g}s"
        raise FakefalError(_story(webhooks, head))


async def _until_settled(controls: Controls, patience: float) -> None:
    webhooks = controls.tenant.webhooks
    if not await becomes(webhooks, lambda: not webhooks.is_busy, patience):
        raise FakefalError(_story(webhooks, f"webhooks are still on their way after {patience:g}s"))


async def becomes(webhooks: Webhooks, is_true: Callable[[], bool], patience: float) -> bool:
    """Wait for something to become true of webhooks; False if it does not in time."""

    async def wait() -> None:
        while not is_true():
            await webhooks.clock.wait_until(math.inf, webhooks.news)

    try:
        await asyncio.wait_for(wait(), patience)
    except asyncio.TimeoutError:
        return False
    return True


def _delivered(webhooks: Webhooks) -> int:
    return sum(1 for delivery in webhooks.deliveries if delivery.stage == "delivered")


def _story(webhooks: Webhooks, head: str) -> str:
    lines = [head]
    for delivery in webhooks.deliveries:
        told = delivery.why
        if delivery.attempts and delivery.stage != "delivered":
            heard = delivery.attempts[-1].heard
            told = told or heard.failure or f"the last answer was {heard.status}"
        told = told or ("the clock has not reached it" if delivery.stage == "waiting" else "")
        line = f"{delivery.job.id} to {delivery.shown_url}: {delivery.stage}"
        lines.append(f"{line} — {told}" if told else line)
    if len(lines) == 1:
        lines += webhooks.unfinished() or ["no call asked for one: submit(…, webhook_url=…)"]
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
