"""All that one API key owns, and the faces' only entrance to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from fakefal.engine.calls.admission import make_job
from fakefal.engine.calls.direct_calls import Direct, Streaming
from fakefal.engine.calls.faults import Troubles
from fakefal.engine.calls.resolver import Answer, Answering
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal, Kind
from fakefal.engine.core.request_ids import Identities
from fakefal.engine.files.store import Files
from fakefal.engine.files.tokens import Tokens
from fakefal.engine.files.uploads import Uploads
from fakefal.engine.queue.job import ORDINARY, Job, State
from fakefal.engine.queue.queue import Queue
from fakefal.engine.queue.runners import Lines
from fakefal.engine.queue.status_stream import Watch
from fakefal.protocol.core.call import Call, Outcome
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.catalog import CATALOGUE
from fakefal.protocol.errors.fault import Interrupted, Operation, Trouble
from fakefal.protocol.queue import CANCELLED_ERROR, Snapshot
from fakefal.scenario.compiled.environment import USUAL_APP, App
from fakefal.scenario.compiled.index import Book
from fakefal.scenario.compiled.settings import Terms
from fakefal.settings import Limits

if TYPE_CHECKING:
    from fakefal.engine.core.api_keys import IssuedKeys
    from fakefal.engine.sockets.sockets import Sockets
    from fakefal.engine.webhooks.scheduler import Webhooks
    from fakefal.scenario.compiled.exchange import Entry

_KINDS: dict[Operation, Kind] = {
    "status": "status",
    "status_stream": "stream",
    "result": "result",
    "cancel": "cancel",
}


class Begun(NamedTuple):
    """What a tenant of its own scenarios begins with."""

    terms: Terms
    base: Book


class Tenant:
    """Exchanges, counters, jobs, journal and clock of one key.

    There is no cleaning: a reset makes a new tenant.
    """

    def __init__(
        self, key: str, terms: Terms, clock: Clock, limits: Limits, base: Book, journal: Journal
    ) -> None:
        self.key = key
        self.clock = clock
        self.journal = journal
        self.troubles = Troubles(terms.world, key, limits.identities)
        self.files = Files(key, terms.seed, clock, limits)
        self.tokens = Tokens(self.files.mark, terms.seed, key, clock)
        self.uploads = Uploads(self.files, self.tokens.secret, clock, limits)
        self.answering = Answering(
            terms,
            clock,
            base,
            journal,
            Identities(terms.seed, limits.identities),
            self.troubles,
            self.files,
        )
        self.queue = Queue(clock, limits.jobs, self._make_lines)
        self._direct = Direct(
            self.answering, self.troubles, clock, journal, lambda: self.queue.settle(clock.now())
        )
        self.begun: Begun | None = None
        self.issued: IssuedKeys
        self.attend: Callable[[Webhooks], None] | None = None
        self._sockets: Sockets | None = None
        self.followers: set[Callable[[], None]] = set()
        """Who is told when another tenant takes the place of this one."""
        self._webhooks: Webhooks | None = None
        self._limits = limits

    @property
    def terms(self) -> Terms:
        """What holds for all calls."""
        return self.answering.terms

    # The queue

    def submit(self, call: Call) -> Job:
        """Admit a call to the queue; raises WireError or Interrupted where it is refused at once.

        ``trouble`` of the job is what happens to the answer.
        """
        now = self.clock.now()
        app = self._app(call)
        if call.wishes.max_queue_length < math.inf:
            self._check_length(call, app, now)
        answer = self.answering.answer(call, "submit")
        if answer.ending.outcome.moment == "submit":
            raise self.answering.refusal(call, answer)
        in_line = self._counts_runners(app)
        tells_error = self.terms.switches.error_in_status
        job = make_job(call, answer, self.clock, app, in_line=in_line, tells_error=tells_error)
        self.troubles.accepted += 1
        self.queue.admit(job, now, in_line=in_line)
        trouble = answer.trouble
        self.journal.write(now, "call", call, job.id, 200, answer.label, answer.note, trouble)
        if call.webhook is not None:
            self.webhooks.expect(job, answer.plan.webhook)
        return job

    async def submitted(self, job: Job) -> None:
        """Return when a submit may be answered: after a webhook that is scripted to come first."""
        if job.call.webhook is not None:
            await self.webhooks.sent_early(job)

    def trouble(self, operation: Operation, app: str = "", request_id: str = "") -> Trouble | None:
        """What happens to a request that begins no call; raises Interrupted if it is not served.

        ``app`` and ``request_id`` are those of the job that it is about.
        """
        known = self.queue.jobs.get(request_id)
        if self.troubles.world is None and (known is None or known.conduct is ORDINARY):
            return None
        job = self.queue.of(app, request_id)
        endpoint = None if job is None else job.call.endpoint
        trouble = None
        if self.troubles.world is not None:
            trouble = self.troubles.meet(operation, endpoint, request_id)
        faults = None if job is None else job.conduct.faults
        if trouble is None and job is not None and faults is not None and operation in faults:
            trouble = self.troubles.turn(faults[operation], endpoint, operation, job.id)
        if trouble is not None and not trouble.is_performed:
            kind = _KINDS.get(operation, "refused")
            call, label = (None, "") if job is None else (job.call, job.label)
            now = self.clock.now()
            self.journal.write(now, kind, call, request_id, trouble.code, label, "", trouble)
            raise Interrupted(trouble, request_id)
        return trouble

    def status(
        self, app: str, request_id: str, *, with_logs: bool, trouble: Trouble | None = None
    ) -> Snapshot:
        """Answer a status poll; the poll counts for the timeline of this job alone."""
        job, now = self._job(app, request_id)
        snapshot = job.snapshot(with_logs=with_logs, is_window=self.terms.switches.logs == "window")
        shown = job.position.step
        job.count_poll(now)
        self._let_pass(job, shown)
        self.journal.write(
            now, "status", job.call, job.id, 200, job.label, snapshot.status, trouble
        )
        return snapshot

    def watch(
        self, app: str, request_id: str, *, with_logs: bool, trouble: Trouble | None = None
    ) -> Watch:
        """Follow a job's status as a stream; from now on its polls are not waited for."""
        job, now = self._job(app, request_id)
        job.waive(now)
        self.journal.write(now, "stream", job.call, job.id, 200, job.label, "", trouble)
        return Watch(job, self.clock, self.queue.lines, with_logs=with_logs)

    def result(self, app: str, request_id: str, *, trouble: Trouble | None = None) -> Job | None:
        """The job whose result is asked for; None if it is too early."""
        job, now = self._job(app, request_id)
        if job.is_over and (trouble is None or not trouble.is_too_early):
            status = job.ending.outcome.status
            self.journal.write(now, "result", job.call, job.id, status, job.label, "", trouble)
            return job
        if not job.is_over:
            shown = job.position.step
            job.ask_early(now)
            self._let_pass(job, shown)
        self.journal.write(now, "result", job.call, job.id, 400, job.label, "too early", trouble)
        return None

    def cancel(self, app: str, request_id: str, *, trouble: Trouble | None = None) -> bool:
        """Ask a job to end; False if it has already completed."""
        job, now = self._job(app, request_id)
        accepted = job.cancel(now)
        if job.state is State.CANCELLED:
            job.ending = replace(job.ending, outcome=_cancelled())
            job.units = None
            job.stir()
        self.queue.settle(now)
        if self._webhooks is not None:
            self._webhooks.stir()
        status = 202 if accepted else 400
        self.journal.write(now, "cancel", job.call, job.id, status, job.label, "", trouble)
        return accepted

    # Direct calls

    async def run(self, call: Call) -> Answer:
        """Answer a direct run; it takes as long as the plan's IN_PROGRESS steps say."""
        if self.answering.asks:
            await self.answering.ask(call, "run")
        return await self._direct.run(call, self.queue.running(self.clock.now()))

    def stream(self, call: Call) -> Streaming:
        """Answer a stream; raises WireError for what fails before the first byte."""
        return self._direct.stream(call, self.queue.running(self.clock.now()))

    @property
    def spent(self) -> list[tuple[Call, str, float]]:
        """What direct calls cost: the call, its request id, its billable units."""
        return [bill for bill in self.journal.bills if bill[2]]

    # Sockets

    @property
    def sockets(self) -> Sockets:
        """The tenant's WebSockets; made when the first is opened."""
        if self._sockets is None:
            from fakefal.engine.sockets.sockets import Sockets  # most servers never see a socket

            self._sockets = Sockets(self, self._limits.sockets)
        return self._sockets

    # Webhooks

    @property
    def webhooks(self) -> Webhooks:
        """The tenant's webhooks and their keys; made when they are first needed."""
        if self._webhooks is None:
            from fakefal.engine.webhooks.scheduler import (
                Webhooks,  # a server without them starts sooner
            )

            self._webhooks = Webhooks(self, self._limits)
            if self.attend is not None:
                self.attend(self._webhooks)
        return self._webhooks

    @property
    def has_webhooks(self) -> bool:
        """Whether webhooks or their keys were needed so far."""
        return self._webhooks is not None

    def close(self) -> None:
        """Send nothing more, end open sockets: another tenant took the place of this one."""
        if self._webhooks is not None:
            self._webhooks.close()
        if self._sockets is not None:
            self._sockets.close()
        for tell in list(self.followers):
            tell()

    # What tests and other ways in may change

    @property
    def own(self) -> Book:
        """The tenant's own exchanges."""
        return self.answering.own

    @property
    def base(self) -> Book:
        """The exchanges loaded at start."""
        return self.answering.base

    def set_own(self, book: Book) -> None:
        """Replace the tenant's own exchanges; those that stay keep their counts."""
        self.answering.set_own(book)

    def set_terms(self, terms: Terms) -> None:
        """Live by other terms from now on; what was counted stays counted."""
        self.answering.terms = terms
        self.troubles.settle(terms.world, self.key)

    def is_used_up(self, entry: Entry) -> bool:
        """Whether an exchange has answered as many calls as it may."""
        return self.answering.is_used_up(entry)

    def refused(self, request_id: str, status: int, note: str) -> None:
        """Note a request that was refused before any exchange was asked."""
        self.journal.write(self.clock.now(), "refused", None, request_id, status, "", note)

    def note(self, kind: Kind, status: int, note: str, call: Call | None = None) -> None:
        """Note what happened to files, tokens and sockets."""
        self.journal.write(self.clock.now(), kind, call, "", status, "", note)

    # The parts

    def _app(self, call: Call) -> App:
        world = self.troubles.world
        return USUAL_APP if world is None or not world.apps else world.app(call.endpoint)

    def _counts_runners(self, app: App) -> bool:
        """Whether jobs of an app wait for a runner."""
        return app.runners < math.inf or self.troubles.account.concurrency < math.inf

    def _make_lines(self) -> Lines:
        return Lines(
            lambda it: self._app(it.call),
            lambda: self.troubles.account.concurrency,
            lambda: self._direct.in_flight,
        )

    def _check_length(self, call: Call, app: App, now: float) -> None:
        """Refuse a call whose queue is longer than it allows (protocol.md section 3.1)."""
        allowed = call.wishes.max_queue_length
        waiting = app.strangers + self.queue.waiting(call.endpoint.app, now)
        if waiting > allowed:
            note = f"{waiting} requests wait, {allowed:.0f} are allowed"
            raise self.answering.turn_away(call, errors.queue_full(waiting, int(allowed)), note)

    def _job(self, app: str, request_id: str) -> tuple[Job, float]:
        """A job as it is now, and the present instant."""
        now = self.clock.now()
        job = self.queue.find(app, request_id, now)
        if job.state is State.CANCELLED and self.terms.switches.reads_after_cancel == "not-found":
            raise errors.not_found("the request was cancelled in the queue")
        return job, now

    def _let_pass(self, job: Job, shown: int) -> None:
        self.queue.let_pass(job, shown)
        if self.queue.lines is not None and self._webhooks is not None:
            self._webhooks.stir()


def _cancelled() -> Outcome:
    """What a request reads as that was cancelled in the queue (protocol.md section 16 row 4)."""
    return errors.request_error(CATALOGUE["client_cancelled"], detail=CANCELLED_ERROR)
