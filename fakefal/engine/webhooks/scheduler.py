"""Schedules the webhooks of one tenant. The server sends them; nothing here does I/O."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.bounds import Bounds
from fakefal.engine.core.clock import Clock, Signal, time_for_others
from fakefal.engine.core.signing_keys import SigningKeys
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.retention import stored_until
from fakefal.engine.webhooks.deliveries import (
    Attempt,
    Delivery,
    DeliveryResult,
    Stage,
    WebhookRequest,
    never_ran,
    shown_url,
)
from fakefal.engine.webhooks.ordering import WebhookOrder
from fakefal.engine.webhooks.signing import Signer, body_of, user_id_of
from fakefal.errors import SettingError
from fakefal.protocol.core.status_phrases import reason_phrase
from fakefal.protocol.errors.errors import ApiError, ingress_page
from fakefal.protocol.webhooks import FIRST_TIMEOUT_SECONDS, RETRY_PAUSES, RETRY_TIMEOUT_SECONDS
from fakefal.scenario.compiled.webhooks import DEFAULT_WEBHOOK, CompiledWebhook

if TYPE_CHECKING:
    from fakefal.engine.calls.resolver import CallResolver
    from fakefal.engine.core.journal import Journal
    from fakefal.engine.queue.queue import Queue


class WebhookScheduler:
    """Watches the jobs that have a webhook and decides which request is due.

    The dispatcher sends what ``due`` returns and reports the result to ``on_attempt_done``. Between
    two requests it waits on the clock until ``next_due``, or until ``changed`` is set. ``progress``
    is set whenever an attempt or a delivery is over. At most ``max_deliveries`` are kept; only
    finished ones are dropped, the oldest first. Settings and exchanges are those of ``resolver``.
    """

    def __init__(
        self,
        key: str,
        clock: Clock,
        journal: Journal,
        queue: Queue,
        resolver: CallResolver,
        max_deliveries: int,
    ) -> None:
        self.clock = clock
        self._journal = journal
        self._queue = queue
        self._resolver = resolver
        self._max_deliveries = max_deliveries
        self._seed = resolver.settings.seed
        self.signing_keys = SigningKeys(self._seed, resolver.settings.jwks, clock.now())
        self._signer = Signer(self.signing_keys, user_id_of(key, self._seed))
        self._order = WebhookOrder(lambda: (resolver.own_index, resolver.base_index))
        self.changed = Signal()
        self.progress = Signal()
        self.is_closed = False
        self._jobs: dict[str, tuple[Job, CompiledWebhook]] = {}
        self._job_boundaries: list[tuple[float, int, Job]] = []
        self._jobs_awaiting_polls: dict[str, Job] = {}
        self._ready_heap: list[tuple[float, int, int, int, Delivery]] = []
        self._held: list[Delivery] = []
        self._deliveries: dict[int, Delivery] = {}
        self._count = 0
        self._unfinished_count = 0

    @property
    def alive_count(self) -> int:
        """The number of webhooks that are due now or later, those of running requests included."""
        return len(self._jobs) + self._unfinished_count

    def check_room(self, bounds: Bounds) -> None:
        """Raise the 429 of a request with a webhook if too many webhooks are not done yet."""
        if self.alive_count >= self._max_deliveries:
            reason = f"{self.alive_count} webhooks of this key are not delivered yet"
            raise bounds.refuse("deliveries", reason)

    @property
    def is_sequential(self) -> bool:
        """Whether a delivery has to be done before the next one is sent.

        On a clock that does not run, parallel attempts would finish in random order.
        """
        return self.clock.kind in ("manual", "instant")

    @property
    def _pauses(self) -> tuple[float, ...]:
        return RETRY_PAUSES[self._resolver.settings.flags.webhook_retries]

    @property
    def user_id(self) -> str:
        """The fal user id in the headers."""
        return self._signer.user_id

    def timestamp(self) -> float:
        """The timestamp of a signature made now.

        By default it is the system's time, as receivers compare it with their own clock, except on
        a manual clock, whose tests control the receiver's clock too.
        """
        source = self._resolver.settings.flags.webhook_timestamps
        if source == "auto" and self.clock.kind == "manual":
            source = "clock"
        return time_for_others(self.clock, source)

    # Scheduling

    def track(self, job: Job, webhook: CompiledWebhook | None) -> None:
        """Watch a job that has a webhook."""
        webhook = webhook or DEFAULT_WEBHOOK
        if webhook.is_early:
            self._schedule(job, webhook, self.clock.now())
        else:
            self._jobs[job.id] = (job, webhook)
            self._follow(job, self.clock.now())
        self.changed.set()

    def notify(self) -> None:
        """Check all jobs again: one may have changed by other means than elapsed time."""
        now = self.clock.now()
        for job, _ in list(self._jobs.values()):
            if job.is_over:
                self._follow(job, now)
        self.changed.set()

    def next_due(self) -> float:
        """The next instant at which a request may be due; infinite if there is none."""
        ends = self._job_boundaries[0][0] if self._job_boundaries else math.inf
        ready = self._ready_heap[0][0] if self._ready_heap else math.inf
        return min(ends, ready)

    def due(self) -> WebhookRequest | None:
        """The next request that is due now, signed; None if there is none."""
        now = self.clock.now()
        self._advance_to(now)
        while self._ready_heap and self._ready_heap[0][0] <= now and not self.is_closed:
            due_at, *_, delivery = heapq.heappop(self._ready_heap)
            if delivery.stage != "waiting" or delivery.due_at != due_at:
                continue
            delivery.reason = self._order.reason_blocked(delivery)
            if delivery.reason:
                delivery.stage = "held"
                self._held.append(delivery)
                self.progress.set()
                continue
            return self._make_request(delivery, now)
        return None

    def _advance_to(self, now: float) -> None:
        for job in list(self._jobs_awaiting_polls.values()):
            self._follow(job, now)
        while self._job_boundaries and self._job_boundaries[0][0] <= now:
            job = heapq.heappop(self._job_boundaries)[2]
            if job.id in self._jobs:
                self._follow(job, now)

    def _follow(self, job: Job, now: float) -> None:
        """Schedule the webhook of a job that has ended, else the next check of the job."""
        self._queue.advance_job(job, now)
        self._jobs_awaiting_polls.pop(job.id, None)
        if job.is_over:
            _, webhook = self._jobs.pop(job.id)
            self._on_job_end(job, webhook)
            return
        boundary = self._queue.next_boundary_of(job)
        if now < boundary < math.inf:
            self._count += 1
            heapq.heappush(self._job_boundaries, (boundary, self._count, job))
        else:
            self._jobs_awaiting_polls[job.id] = job

    def _on_job_end(self, job: Job, webhook: CompiledWebhook) -> None:
        ended_at = self.clock.now() if job.ended_at is None else job.ended_at
        if never_ran(job):
            self._skip(job, webhook, ended_at, "the request was cancelled in the queue")
        elif webhook.is_dropped:
            self._skip(job, webhook, ended_at, "the scenario drops this webhook")
        else:
            self._schedule(job, webhook, ended_at)

    def _skip(self, job: Job, webhook: CompiledWebhook, at: float, reason: str) -> None:
        delivery = self._add_delivery(job, webhook, at)
        self._finish(delivery, "never", at, reason)
        self._note(delivery, at, 0, f"never sent: {reason}")

    def _schedule(self, job: Job, webhook: CompiledWebhook, ended_at: float) -> None:
        for copy_number in range(1 + webhook.duplicates):
            due_at = self.clock.later(
                ended_at, webhook.after_seconds + copy_number * webhook.every_seconds
            )
            self._make_ready(self._add_delivery(job, webhook, due_at, copy_number))

    def _make_ready(self, delivery: Delivery) -> None:
        delivery.stage = "waiting"
        self._count += 1
        rank = delivery.webhook.order or 0
        heap_item = (delivery.due_at, rank, delivery.number, self._count, delivery)
        heapq.heappush(self._ready_heap, heap_item)

    def _add_delivery(
        self, job: Job, webhook: CompiledWebhook, due_at: float, copy_number: int = 0
    ) -> Delivery:
        if len(self._deliveries) >= self._max_deliveries:
            oldest = next((other for other in self._deliveries.values() if other.is_over), None)
            if oldest is not None:
                del self._deliveries[oldest.number]
        self._count += 1
        self._unfinished_count += 1
        assert job.call.webhook is not None
        delivery = Delivery(self._count, job, job.call.webhook, webhook, due_at, copy_number)
        self._deliveries[delivery.number] = delivery
        return delivery

    # Attempts

    def _make_request(self, delivery: Delivery, now: float) -> WebhookRequest:
        attempts_made = len(delivery.attempts)
        webhook = delivery.webhook
        forgery = webhook.forgery if attempts_made < webhook.forgeries else None
        body = body_of(delivery.job, webhook, self._seed)
        headers, body = self._signer.sign(delivery.job.id, body, self.timestamp(), now, forgery)
        delivery.stage = "sending"
        timeout_seconds = RETRY_TIMEOUT_SECONDS if attempts_made else FIRST_TIMEOUT_SECONDS
        due_at = delivery.due_at if self.is_sequential else now
        return WebhookRequest(delivery, delivery.url, headers, body, timeout_seconds, due_at, now)

    def on_attempt_done(self, request: WebhookRequest, result: DeliveryResult) -> None:
        """Record the result of an attempt: finish the delivery, or schedule a retry."""
        delivery = request.delivery
        seconds = round(max(0.0, self.clock.now() - request.started_at), 6)
        if self.is_sequential:  # the measured time would depend on when a test advances the clock
            seconds = request.timeout_seconds if result.kind == "timeout" else 0.0
        delivery.attempts.append(Attempt(request.due_at, seconds, result))
        ended_at = self.clock.later(request.due_at, seconds)
        attempts_made, max_attempts = len(delivery.attempts), 1 + len(self._pauses)
        note = result.describe(attempts_made, max_attempts, seconds)
        self._note(delivery, request.due_at, result.status, note)
        if result.is_success:
            self._finish(delivery, "delivered", ended_at)
        elif result.is_final or attempts_made >= max_attempts:
            stage: Stage = "refused" if result.kind == "refused" else "failed"
            self._finish(delivery, stage, ended_at, result.reason_failed(attempts_made))
        elif result.kind == "stopped":
            delivery.stage = "waiting"
        else:
            due_at = self.clock.later(ended_at, self._pauses[attempts_made - 1])
            self._schedule_retry(delivery, ended_at, due_at)
        self.progress.set()
        self.changed.set()

    def _schedule_retry(self, delivery: Delivery, ended_at: float, due_at: float) -> None:
        """Schedule the next attempt, or give up if the result has expired by then."""
        if due_at < stored_until(delivery.job):
            delivery.due_at = due_at
            self._make_ready(delivery)
            return
        last_result = delivery.attempts[-1].result
        reason = "the result expires before the next attempt"
        detail = f"{reason}; the last: {last_result.status or last_result.failure}"
        self._finish(delivery, "failed", ended_at, detail)
        self._note(delivery, ended_at, 0, f"given up: {reason}")

    def _finish(self, delivery: Delivery, stage: Stage, at: float, reason: str = "") -> None:
        delivery.stage, delivery.reason = stage, reason
        self._unfinished_count -= 1
        self._queue.mark_done(delivery.job)
        self._order.record_finished(delivery)
        held, self._held = self._held, []
        for other in held:
            if self._order.reason_blocked(other):
                self._held.append(other)
            elif other.stage == "held":
                other.due_at = max(other.due_at, at)
                self._make_ready(other)
        self.progress.set()

    def _note(self, delivery: Delivery, at: float, status: int, note: str) -> None:
        job = delivery.job
        copy = f" (duplicate {delivery.copy_number})" if delivery.copy_number else ""
        text = f"{delivery.shown_url}{copy}: {note}"
        self._journal.write(at, "webhook", job.call, job.id, status, job.label, text)

    # Inspection and control

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The kept deliveries, oldest first."""
        self._advance_to(self.clock.now())
        return tuple(self._deliveries.values())

    @property
    def is_busy(self) -> bool:
        """Whether a request is being sent or is due now.

        On an instant clock, which jumps to every due instant, later requests count too.
        """
        self._advance_to(self.clock.now())
        horizon = self.clock.now() if self.clock.kind != "instant" else math.inf
        return any(
            delivery.stage == "sending"
            or (delivery.stage == "waiting" and delivery.due_at <= horizon)
            for delivery in self._deliveries.values()
        )

    @property
    def is_due(self) -> bool:
        """Whether a request is being sent or is due now, on any clock."""
        now = self.clock.now()
        self._advance_to(now)
        return any(
            delivery.stage == "sending" or (delivery.stage == "waiting" and delivery.due_at <= now)
            for delivery in self._deliveries.values()
        )

    def unfinished(self) -> list[str]:
        """One line for each webhook that is not sent yet."""
        waiting = [
            f"{job.id} to {shown_url(job.call.webhook or '')}: the request has not ended"
            for job, _ in self._jobs.values()
        ]
        for delivery in self._deliveries.values():
            if not delivery.is_over:
                attempts_made = len(delivery.attempts)
                state = (
                    delivery.reason
                    or f"{attempts_made} attempt{'' if attempts_made == 1 else 's'} so far"
                )
                waiting.append(f"{delivery.job.id} to {delivery.shown_url}: {state}")
        return waiting

    def redeliver(self, request_id: str | None = None) -> list[Delivery]:
        """Send again, immediately and correctly signed: the webhook of one request, or all failed.

        Raises SettingError for a request without a webhook.
        """
        now = self.clock.now()
        deliveries = [
            delivery for delivery in self.deliveries if delivery.is_redelivered_by(request_id)
        ]
        if request_id is not None:
            if not deliveries:
                raise SettingError(f"no webhook of {request_id} was sent or is due")
            deliveries = deliveries[-1:]
        redelivered = []
        for previous in deliveries:
            webhook = replace(previous.webhook, forgery=None, order=None, behind=None)
            if previous.is_over or previous.stage == "sending":
                redelivered.append(self._add_delivery(previous.job, webhook, now))
            else:
                previous.webhook, previous.due_at = webhook, now
                redelivered.append(previous)
            self._make_ready(redelivered[-1])
        self.changed.set()
        return redelivered

    async def published_jwks(self) -> dict[str, Any]:
        """The JWKS as a receiver gets it; raises the ApiError of a scripted failure."""
        delay_seconds = self.signing_keys.compiled_jwks.delay_seconds
        if delay_seconds:
            await self.clock.wait_until(self.clock.later(self.clock.now(), delay_seconds))
        status = self.signing_keys.next_error_status()
        if status:
            page = ingress_page(status, reason_phrase(status))
            raise ApiError(status, page, content_type="text/html", has_request_id=False)
        return self.signing_keys.jwks(self.clock.now())

    async def wait_early_attempt(self, job: Job) -> None:
        """Wait for the first attempt of a webhook that is sent before the submit response."""
        early_deliveries = [
            delivery
            for delivery in reversed(self._deliveries.values())
            if delivery.webhook.is_early and delivery.job is job and not delivery.copy_number
        ]
        while not self.is_closed and any(
            not delivery.attempts and not delivery.is_over for delivery in early_deliveries
        ):
            await self.clock.wait_until(math.inf, self.progress)

    def close(self) -> None:
        """Stop sending: the tenant was replaced or dropped."""
        self.is_closed = True
        self.progress.set()
        self.changed.set()
