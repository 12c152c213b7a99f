"""Does what is due outside: posts webhooks, and tells the engine how it went."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from pathlib import Path

from fakefal.engine.core.clock import Signal
from fakefal.engine.webhooks.deliveries import Heard, Post
from fakefal.engine.webhooks.scheduler import Webhooks
from fakefal.server.tasks import Tasks
from fakefal.server.webhooks.client import Poster

_LOG = logging.getLogger("fakefal")

_AT_ONCE = 32
"""Posts under way for one tenant, where time passes by itself."""

_PATIENCE_SECONDS = 15.0
"""How long, in real time, an instant clock waits for a receiver before it takes it for silent."""

_GRACE_SECONDS = 1.0
"""The same for a manual clock that was moved beyond the limit: who moves it right after a submit
does not mean to cut off an answer that is on its way."""


class Pump:
    """A loop for each tenant that has webhooks; it ends when the tenant is replaced.

    On a clock that runs by itself several posts are under way at a time. On a manual or instant one
    they go out one after the other, each when the one before was answered or its limit has passed
    on the clock, so that their order is always the same.
    """

    def __init__(
        self,
        tasks: Tasks,
        allow: Iterable[str],
        home: Path,
        patience: float = _PATIENCE_SECONDS,
        grace: float = _GRACE_SECONDS,
    ) -> None:
        self._tasks = tasks
        self._poster = Poster(allow, home)
        self._patience = patience
        self._grace = grace
        self._attended: dict[Webhooks, None] = {}
        self._is_running = False
        self.unsent: list[str] = []

    def attend(self, webhooks: Webhooks) -> None:
        """Send what becomes due there from now on."""
        self._attended[webhooks] = None
        if self._is_running:
            self._begin(webhooks)

    def start(self) -> None:
        """Begin to send."""
        self._is_running = True
        for webhooks in list(self._attended):
            self._begin(webhooks)

    async def stop(self) -> None:
        """Say in ``unsent`` and in the log what was still to be sent; the tasks have ended."""
        self._is_running = False
        self.unsent = [line for webhooks in self._attended for line in webhooks.unfinished()]
        for line in self.unsent:
            _LOG.warning("stopped before a webhook was delivered: %s", line)
        await self._poster.close()

    def _begin(self, webhooks: Webhooks) -> None:
        self._tasks.start(self._serve(webhooks), "webhooks")

    async def _serve(self, webhooks: Webhooks) -> None:
        most = 1 if webhooks.in_turn else _AT_ONCE
        under_way: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            webhooks.stirred.set()

        while not webhooks.is_closed:
            has_room = len(under_way) < most
            post = webhooks.due() if has_room else None
            if post is None:
                until = webhooks.next_due() if has_room else math.inf
                await webhooks.clock.wait_until(until, webhooks.stirred)
                continue
            task = self._tasks.start(self._send(webhooks, post), "webhook")
            under_way.add(task)
            task.add_done_callback(ended)
        self._attended.pop(webhooks, None)
        for task in under_way:
            task.cancel()

    async def _send(self, webhooks: Webhooks, post: Post) -> None:
        task = self._tasks.start(self._poster.post(post.url, post.headers, post.body), "post")
        try:
            await self._wait(webhooks, post, task)
            if task.done() and not task.cancelled():
                heard = task.result()
            else:
                task.cancel()
                limit = f"no answer within {post.limit_seconds:g}s"
                heard = Heard(failure=limit, kind="timeout")
        except asyncio.CancelledError:
            task.cancel()
            webhooks.heard(post, Heard(failure="fakefal was stopped meanwhile", kind="stopped"))
            raise
        except Exception as error:
            _LOG.exception("fakefal failed to post a webhook")
            heard = Heard(failure=f"fakefal failed: {error!r}", kind="failed")
        if heard.kind == "refused":
            _LOG.warning("webhook to %s refused: %s", post.delivery.shown_url, heard.failure)
        webhooks.heard(post, heard)

    async def _wait(self, webhooks: Webhooks, post: Post, task: asyncio.Task[Heard]) -> None:
        """Wait for the answer, or until the limit has passed on the clock."""
        clock = webhooks.clock
        until = clock.later(post.began, post.limit_seconds)
        if clock.kind == "instant":
            await asyncio.wait({task}, timeout=self._patience)
            if not task.done():
                clock.reach(until)
            return
        answered = Signal()
        task.add_done_callback(lambda _: answered.set())
        if not task.done():
            await clock.wait_until(until, answered)
        if not task.done() and clock.kind == "manual":
            await asyncio.wait({task}, timeout=self._grace)
