"""Dispatches webhooks when they are due, and reports each attempt to the engine."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from pathlib import Path

from fakefal.engine.core.clock import Signal
from fakefal.engine.webhooks.deliveries import DeliveryResult, WebhookRequest
from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.server.tasks import Tasks
from fakefal.server.webhooks.client import WebhookClient

_LOG = logging.getLogger("fakefal")

_MAX_CONCURRENT = 32
"""Concurrent posts for one tenant, on a clock that runs by itself."""

_INSTANT_TIMEOUT_SECONDS = 15.0
"""Real time after which a receiver counts as timed out on an instant clock."""

_MANUAL_GRACE_SECONDS = 1.0
"""Real time that a response may still take once a manual clock has passed the deadline: a test
that advances the clock right after a submit does not mean to time out a response in transit."""


class WebhookDispatcher:
    """Runs a loop for each tenant with webhooks; it ends when the tenant is reset.

    A real clock allows concurrent posts. A manual or instant clock sends them one by one, each
    after the previous one was answered or timed out, so that their order is deterministic.
    ``allow`` lists permitted receivers, ``home`` is the folder of the local CA.
    """

    def __init__(
        self,
        tasks: Tasks,
        allow: Iterable[str],
        home: Path,
        instant_timeout_seconds: float = _INSTANT_TIMEOUT_SECONDS,
        manual_grace_seconds: float = _MANUAL_GRACE_SECONDS,
    ) -> None:
        self._tasks = tasks
        self._client = WebhookClient(allow, home)
        self._instant_timeout_seconds = instant_timeout_seconds
        self._manual_grace_seconds = manual_grace_seconds
        self._watched: dict[WebhookScheduler, None] = {}
        self._is_running = False
        self.unsent: list[str] = []

    def watch(self, webhooks: WebhookScheduler) -> None:
        """Deliver the webhooks of a tenant from now on, or from ``start``."""
        self._watched[webhooks] = None
        if self._is_running:
            self._start_loop(webhooks)

    def start(self) -> None:
        """Start the loops of all watched tenants."""
        self._is_running = True
        for webhooks in list(self._watched):
            self._start_loop(webhooks)

    async def stop(self) -> None:
        """List undelivered webhooks in ``unsent`` and the log, once the tasks have ended."""
        self._is_running = False
        self.unsent = [line for webhooks in self._watched for line in webhooks.unfinished()]
        for line in self.unsent:
            _LOG.warning("stopped before a webhook was delivered: %s", line)
        await self._client.close()

    def _start_loop(self, webhooks: WebhookScheduler) -> None:
        self._tasks.start(self._run(webhooks), "webhooks")

    async def _run(self, webhooks: WebhookScheduler) -> None:
        max_concurrent = 1 if webhooks.is_sequential else _MAX_CONCURRENT
        pending: set[asyncio.Task[None]] = set()

        def on_done(task: asyncio.Task[None]) -> None:
            pending.discard(task)
            webhooks.changed.set()

        while not webhooks.is_closed:
            has_room = len(pending) < max_concurrent
            post = webhooks.due() if has_room else None
            if post is None:
                until = webhooks.next_due() if has_room else math.inf
                await webhooks.clock.wait_until(until, webhooks.changed)
                continue
            task = self._tasks.start(self._send(webhooks, post), "webhook")
            pending.add(task)
            task.add_done_callback(on_done)
        self._watched.pop(webhooks, None)
        for task in pending:
            task.cancel()

    async def _send(self, webhooks: WebhookScheduler, post: WebhookRequest) -> None:
        task = self._tasks.start(self._client.post(post.url, post.headers, post.body), "post")
        try:
            await self._wait(webhooks, post, task)
            if task.done() and not task.cancelled():
                result = task.result()
            else:
                task.cancel()
                limit = f"no response within {post.timeout_seconds:g}s"
                result = DeliveryResult(failure=limit, kind="timeout")
        except asyncio.CancelledError:
            task.cancel()
            webhooks.on_attempt_done(
                post, DeliveryResult(failure="fakefal was stopped", kind="stopped")
            )
            raise
        except Exception as error:
            _LOG.exception("fakefal failed to post a webhook")
            result = DeliveryResult(failure=f"fakefal failed: {error!r}", kind="failed")
        if result.kind == "refused":
            _LOG.warning("webhook to %s refused: %s", post.delivery.shown_url, result.failure)
        webhooks.on_attempt_done(post, result)

    async def _wait(
        self, webhooks: WebhookScheduler, post: WebhookRequest, task: asyncio.Task[DeliveryResult]
    ) -> None:
        """Wait for the response, or until the clock passes the deadline."""
        clock = webhooks.clock
        deadline = clock.later(post.started_at, post.timeout_seconds)
        if clock.kind == "instant":
            await asyncio.wait({task}, timeout=self._instant_timeout_seconds)
            if not task.done():
                clock.jump_to(deadline)
            return
        response_arrived = Signal()
        task.add_done_callback(lambda _: response_arrived.set())
        if not task.done():
            await clock.wait_until(deadline, response_arrived)
        if not task.done() and clock.kind == "manual":
            await asyncio.wait({task}, timeout=self._manual_grace_seconds)
