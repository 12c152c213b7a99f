"""The webhooks of one tenant: which are due when, and what becomes of each. It never sends."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.clock import Signal, real_now
from fakefal.engine.core.signing_keys import Keyring
from fakefal.engine.queue.job import Job, State
from fakefal.engine.queue.retention import stored_until
from fakefal.engine.webhooks.deliveries import Attempt, Delivery, Heard, Post, Stage, shown_url
from fakefal.engine.webhooks.ordering import Turns
from fakefal.engine.webhooks.signing import Signer, body_of, user_id_of
from fakefal.errors import SettingError
from fakefal.protocol.core.status_phrases import reason_of
from fakefal.protocol.errors.errors import WireError, ingress_page
from fakefal.protocol.webhooks import FIRST_LIMIT_SECONDS, LATER_LIMIT_SECONDS, RETRY_PAUSES
from fakefal.scenario.compiled.webhooks import USUAL, WebhookPlan
from fakefal.settings import Limits

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant


class Webhooks:
    """Follows the jobs that asked for a webhook, and says what is due.

    The pump asks ``due`` for what to post and tells ``heard`` how it went; in between it waits on
    the clock until ``next_due``, or until ``stirred`` is set. ``news`` is set whenever an attempt
    or a delivery is over. At most ``limits.deliveries`` are kept; the oldest finished go first.
    """

    def __init__(self, tenant: Tenant, limits: Limits) -> None:
        self.clock = tenant.clock
        self._tenant = tenant
        self.stirred = Signal()
        self.news = Signal()
        self.is_closed = False
        seed = tenant.terms.seed
        self.keyring = Keyring(seed, tenant.terms.jwks, self.clock.now())
        self._signer = Signer(self.keyring, user_id_of(tenant.key, seed))
        self._seed = seed
        self._journal = tenant.journal
        self._limit = limits.deliveries
        self._turns = Turns(lambda: (tenant.own, tenant.base))
        self._jobs: dict[str, tuple[Job, WebhookPlan]] = {}
        self._ends: list[tuple[float, int, Job]] = []
        self._stuck: dict[str, Job] = {}
        self._ready: list[tuple[float, int, int, int, Delivery]] = []
        self._held: list[Delivery] = []
        self._kept: dict[int, Delivery] = {}
        self._count = 0

    @property
    def in_turn(self) -> bool:
        """Whether one is sent after the other: where time stands still, order is all there is."""
        return self.clock.kind in ("manual", "instant")

    @property
    def _pauses(self) -> tuple[float, ...]:
        return RETRY_PAUSES[self._tenant.terms.switches.webhook_retries]

    @property
    def user_id(self) -> str:
        """The fal user id that the headers name."""
        return self._signer.user_id

    def stamp(self) -> float:
        """The instant that a signature made now carries."""
        told = self._tenant.terms.switches.webhook_timestamps
        if told == "clock" or (told == "auto" and self.clock.kind == "manual"):
            return self.clock.now()
        return real_now()

    # What becomes due

    def expect(self, job: Job, plan: WebhookPlan | None) -> None:
        """Follow a job that asked for a webhook."""
        plan = plan or USUAL
        if plan.is_early:
            self._schedule(job, plan, self.clock.now())
        else:
            self._jobs[job.id] = (job, plan)
            self._follow(job, self.clock.now())
        self.stirred.set()

    def stir(self) -> None:
        """Look at all jobs again: something other than time has moved one of them."""
        now = self.clock.now()
        for job, _ in list(self._jobs.values()):
            if job.is_over:
                self._follow(job, now)
        self.stirred.set()

    def next_due(self) -> float:
        """The instant at which there may be something to post; infinite if there is none."""
        ends = self._ends[0][0] if self._ends else math.inf
        ready = self._ready[0][0] if self._ready else math.inf
        return min(ends, ready)

    def due(self) -> Post | None:
        """The next post that is due at the clock's present, worded and signed."""
        now = self.clock.now()
        self._look(now)
        while self._ready and self._ready[0][0] <= now and not self.is_closed:
            due, *_, delivery = heapq.heappop(self._ready)
            if delivery.stage != "waiting" or delivery.due != due:
                continue
            delivery.why = self._turns.obstacle(delivery)
            if delivery.why:
                delivery.stage = "held"
                self._held.append(delivery)
                self.news.set()
                continue
            return self._post(delivery, now)
        return None

    def _look(self, now: float) -> None:
        for job in list(self._stuck.values()):
            self._follow(job, now)
        while self._ends and self._ends[0][0] <= now:
            job = heapq.heappop(self._ends)[2]
            if job.id in self._jobs:
                self._follow(job, now)

    def _follow(self, job: Job, now: float) -> None:
        """Wait for the next move of a job, or for what comes after its last."""
        self._tenant.queue.look(job, now)
        self._stuck.pop(job.id, None)
        if job.is_over:
            _, plan = self._jobs.pop(job.id)
            self._ended(job, plan)
            return
        boundary = self._tenant.queue.boundary(job)
        if now < boundary < math.inf:
            self._count += 1
            heapq.heappush(self._ends, (boundary, self._count, job))
        else:
            self._stuck[job.id] = job

    def _ended(self, job: Job, plan: WebhookPlan) -> None:
        end = self.clock.now() if job.ended_at is None else job.ended_at
        if _never_ran(job):
            self._never(job, plan, end, "the request was cancelled in the queue")
        elif plan.is_dropped:
            self._never(job, plan, end, "the scenario drops it")
        else:
            self._schedule(job, plan, end)

    def _never(self, job: Job, plan: WebhookPlan, at: float, why: str) -> None:
        delivery = self._keep(job, plan, at)
        self._finish(delivery, "never", at, why)
        self._note(delivery, at, 0, f"never sent: {why}")

    def _schedule(self, job: Job, plan: WebhookPlan, end: float) -> None:
        for copy in range(1 + plan.duplicates):
            due = self.clock.later(end, plan.after_seconds + copy * plan.every_seconds)
            self._make_ready(self._keep(job, plan, due, copy))

    def _make_ready(self, delivery: Delivery) -> None:
        delivery.stage = "waiting"
        self._count += 1
        rank = delivery.plan.order or 0
        place = (delivery.due, rank, delivery.number, self._count, delivery)
        heapq.heappush(self._ready, place)

    def _keep(self, job: Job, plan: WebhookPlan, due: float, copy: int = 0) -> Delivery:
        if len(self._kept) >= self._limit:
            kept = self._kept.values()
            oldest = next((it for it in kept if it.is_over), next(iter(kept)))
            del self._kept[oldest.number]
            if not oldest.is_over:
                why = f"more than {self._limit} webhooks are waiting"
                self._finish(oldest, "dropped", self.clock.now(), why)
                self._note(oldest, self.clock.now(), 0, f"never sent: {why}")
        self._count += 1
        assert job.call.webhook is not None
        delivery = Delivery(self._count, job, job.call.webhook, plan, due, copy)
        self._kept[delivery.number] = delivery
        return delivery

    # What is sent, and how it went

    def _post(self, delivery: Delivery, now: float) -> Post:
        tried = len(delivery.attempts)
        plan = delivery.plan
        forgery = plan.forgery if tried < plan.forgeries else None
        body = body_of(delivery.job, plan, self._seed)
        headers, body = self._signer.seal(delivery.job.id, body, self.stamp(), now, forgery)
        delivery.stage = "sending"
        limit = LATER_LIMIT_SECONDS if tried else FIRST_LIMIT_SECONDS
        at = delivery.due if self.in_turn else now
        return Post(delivery, delivery.url, headers, body, limit, at, now)

    def heard(self, post: Post, heard: Heard) -> None:
        """An attempt is over: what the receiver said, or what failed."""
        delivery = post.delivery
        seconds = round(max(0.0, self.clock.now() - post.began), 6)
        if self.in_turn:  # else it would depend on when a test moves the clock
            seconds = post.limit_seconds if heard.kind == "timeout" else 0.0
        delivery.attempts.append(Attempt(post.at, seconds, heard))
        end = self.clock.later(post.at, seconds)
        tried, most = len(delivery.attempts), 1 + len(self._pauses)
        self._note(delivery, post.at, heard.status, _told(heard, tried, most, seconds))
        if delivery.is_over:
            pass  # dropped while it was on its way
        elif heard.is_success:
            self._finish(delivery, "delivered", end)
        elif heard.is_final or tried >= most:
            stage: Stage = "refused" if heard.kind == "refused" else "failed"
            self._finish(delivery, stage, end, _reason(heard, tried))
        elif heard.kind == "stopped":
            delivery.stage = "waiting"
        else:
            self._try_again(delivery, end, self.clock.later(end, self._pauses[tried - 1]))
        self.news.set()
        self.stirred.set()

    def _try_again(self, delivery: Delivery, end: float, due: float) -> None:
        """Wait for the next attempt, or give up if the result will not be stored any more."""
        if due < stored_until(delivery.job):
            delivery.due = due
            self._make_ready(delivery)
            return
        last = delivery.attempts[-1].heard
        why = "the result is stored no longer when the next attempt is due"
        self._finish(delivery, "failed", end, f"{why}, the last: {last.status or last.failure}")
        self._note(delivery, end, 0, f"given up: {why}")

    def _finish(self, delivery: Delivery, stage: Stage, at: float, why: str = "") -> None:
        delivery.stage, delivery.why = stage, why
        self._turns.note(delivery)
        held, self._held = self._held, []
        for other in held:
            if self._turns.obstacle(other):
                self._held.append(other)
            elif other.stage == "held":
                other.due = max(other.due, at)
                self._make_ready(other)
        self.news.set()

    def _note(self, delivery: Delivery, at: float, status: int, note: str) -> None:
        job = delivery.job
        copy = f" (duplicate {delivery.copy})" if delivery.copy else ""
        text = f"{delivery.shown_url}{copy}: {note}"
        self._journal.write(at, "webhook", job.call, job.id, status, job.label, text)

    # What tests and people may ask

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The deliveries kept, oldest first."""
        self._look(self.clock.now())
        return tuple(self._kept.values())

    @property
    def is_busy(self) -> bool:
        """Whether something is on its way, or due at the clock's present.

        An instant clock does not stand still, so there all that is due later counts as well.
        """
        self._look(self.clock.now())
        present = self.clock.now() if self.clock.kind != "instant" else math.inf
        return any(
            it.stage == "sending" or (it.stage == "waiting" and it.due <= present)
            for it in self._kept.values()
        )

    @property
    def is_due(self) -> bool:
        """Whether something is on its way, or due at this very instant, whatever the clock."""
        now = self.clock.now()
        self._look(now)
        return any(
            it.stage == "sending" or (it.stage == "waiting" and it.due <= now)
            for it in self._kept.values()
        )

    def unfinished(self) -> list[str]:
        """What is still to be sent, told for people."""
        waiting = [
            f"{job.id} to {shown_url(job.call.webhook or '')}: the request has not ended"
            for job, _ in self._jobs.values()
        ]
        for delivery in self._kept.values():
            if not delivery.is_over:
                tried = len(delivery.attempts)
                state = delivery.why or f"{tried} attempt{'' if tried == 1 else 's'} so far"
                waiting.append(f"{delivery.job.id} to {delivery.shown_url}: {state}")
        return waiting

    def redeliver(self, request_id: str | None = None) -> list[Delivery]:
        """Send again, genuine and at once: one request's, or all that failed so far.

        Raises SettingError for a request that has none.
        """
        now = self.clock.now()
        chosen = [it for it in self.deliveries if _is_meant(it, request_id)]
        if request_id is not None:
            if not chosen:
                raise SettingError(f"no webhook of {request_id} was sent or is due")
            chosen = chosen[-1:]
        again = []
        for old in chosen:
            plan = replace(old.plan, forgery=None, order=None, behind=None)
            if old.is_over or old.stage == "sending":
                again.append(self._keep(old.job, plan, now))
            else:
                old.plan, old.due = plan, now
                again.append(old)
            self._make_ready(again[-1])
        self.stirred.set()
        return again

    async def published(self) -> dict[str, Any]:
        """The JWKS as a receiver gets it; raises the WireError of a JWKS that is down."""
        delay = self.keyring.plan.delay_seconds
        if delay:
            await self.clock.wait_until(self.clock.later(self.clock.now(), delay))
        status = self.keyring.refusal()
        if status:
            page = ingress_page(status, reason_of(status))
            raise WireError(status, page, content_type="text/html", identified=False)
        return self.keyring.jwks(self.clock.now())

    async def sent_early(self, job: Job) -> None:
        """Return when the webhook of a job has been tried, if it comes before the submit answer."""
        early = [
            it
            for it in reversed(self._kept.values())
            if it.plan.is_early and it.job is job and not it.copy
        ]
        while not self.is_closed and any(not it.attempts and not it.is_over for it in early):
            await self.clock.wait_until(math.inf, self.news)

    def close(self) -> None:
        """Send nothing more: the tenant has gone."""
        self.is_closed = True
        self.news.set()
        self.stirred.set()


def _never_ran(job: Job) -> bool:
    """Whether a request was cancelled while it waited (protocol.md section 16 row 31)."""
    step = job.position.step
    if job.state is not State.CANCELLED or step >= len(job.steps):
        return False
    return job.steps[step].state == "IN_QUEUE"


def _is_meant(delivery: Delivery, request_id: str | None) -> bool:
    if request_id is not None:
        return delivery.job.id == request_id
    if delivery.stage == "waiting":
        return bool(delivery.attempts)
    return delivery.stage in ("failed", "dropped")


def _reason(heard: Heard, tried: int) -> str:
    if heard.kind == "refused":
        return heard.failure
    if 300 <= heard.status < 400:
        return f"redirects are not followed ({heard.status})"
    return f"no attempt is left after {tried}, the last: {heard.status or heard.failure}"


def _told(heard: Heard, tried: int, most: int, seconds: float) -> str:
    if heard.kind == "refused":
        return f"refused: {heard.failure}"
    result = str(heard.status) if heard.status else heard.failure
    excerpt = " ".join(heard.excerpt.split())[:100]
    told = f": {excerpt}" if excerpt else ""
    return f"attempt {tried} of {most}: {result} after {seconds:g}s{told}"
