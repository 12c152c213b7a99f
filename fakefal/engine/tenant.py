"""The state of one API key, and the handlers' only entrance to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakefal.engine.calls.admission import make_job
from fakefal.engine.calls.direct_calls import DirectCalls, StreamedReply
from fakefal.engine.calls.faults import FaultInjector
from fakefal.engine.calls.resolver import CallResolver, Resolution
from fakefal.engine.core.bounds import Bounds
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import EntryKind, Journal, Miss
from fakefal.engine.core.request_ids import RequestIdGenerator
from fakefal.engine.files.store import FileStore
from fakefal.engine.files.tokens import Tokens
from fakefal.engine.files.uploads import Uploads
from fakefal.engine.queue.job import Job, State
from fakefal.engine.queue.queue import Queue
from fakefal.engine.queue.runners import RunnerPool
from fakefal.engine.queue.status_stream import StatusStream
from fakefal.protocol.core.call import Call
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Fault, FaultAbort, Operation
from fakefal.protocol.queue import Snapshot, cancel_status, status_code
from fakefal.scenario.compiled.environment import DEFAULT_APP, App
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.settings import Limits

if TYPE_CHECKING:
    from fakefal.engine.core.api_keys import IssuedKeys
    from fakefal.engine.sockets.sockets import Sockets
    from fakefal.engine.webhooks.scheduler import WebhookScheduler
    from fakefal.scenario.compiled.exchange import CompiledExchange

_ENTRY_KIND_OF: dict[Operation, EntryKind] = {
    "status": "status",
    "status_stream": "stream",
    "result": "result",
    "cancel": "cancel",
}


class FaultCarrier(Protocol):
    """What takes the fault of a response to the one place that performs it: the request."""

    fault: Fault | None


class InitialState(NamedTuple):
    """The settings and exchanges that a tenant with its own scenarios starts with."""

    settings: EffectiveSettings
    base_index: ExchangeIndex


class Tenant:
    """Exchanges, counters, jobs, journal and clock of one key.

    A tenant is never reset in place: ``Engine.reset_tenant`` replaces it by a new one.
    """

    def __init__(
        self,
        key: str,
        settings: EffectiveSettings,
        clock: Clock,
        limits: Limits,
        base_index: ExchangeIndex,
        journal: Journal,
        replica: str = "",
    ) -> None:
        self.key = key
        self.settings = settings
        """Of all calls: seed, flags, environment. ``set_settings`` replaces them."""
        self.clock = clock
        self.journal = journal
        self.faults = FaultInjector(settings.environment, key, limits.request_ids)
        self.files = FileStore(key, settings.seed, clock, limits)
        self.resolver = resolver = CallResolver(
            settings,
            clock,
            base_index,
            journal,
            RequestIdGenerator(settings.seed, limits.request_ids, replica),
            self.faults,
            self.files,
        )
        tag, seed = self.files.tenant_tag, settings.seed
        token_times = lambda: resolver.settings.flags.token_times  # noqa: E731 (without self)
        self.tokens = Tokens(tag, seed, key, clock, token_times)
        self.uploads = Uploads(self.files, self.tokens.secret, clock, limits)
        self.queue = Queue(clock, limits.jobs, self._make_runner_pool)
        self._direct_calls = DirectCalls(
            self.resolver, self.faults, clock, journal, lambda: self.queue.advance_to(clock.now())
        )
        self.initial_state: InitialState | None = None
        self.issued_keys: IssuedKeys
        self.bounds = Bounds()
        self.has_changed_settings = False
        self.watch_webhooks: Callable[[WebhookScheduler], None] | None = None
        self._sockets: Sockets | None = None
        self.close_callbacks: set[Callable[[], None]] = set()
        """Called when the tenant is replaced or dropped."""
        self._webhooks: WebhookScheduler | None = None
        self._limits = limits

    # The queue

    def submit(self, call: Call) -> Job:
        """Add a call to the queue; raises ApiError or FaultAbort if it is rejected.

        The job's ``fault`` is applied to the response.
        """
        now = self.clock.now()
        app, waits_for_runner = DEFAULT_APP, False
        if self.faults.environment is not None:
            app = self.faults.app_of(call.endpoint)
            waits_for_runner = self.faults.limits_runners(app)
        self._check_room(call, now)
        if call.platform_options.max_queue_length < math.inf:
            self._check_queue_length(call, app, now)
        resolution = self.resolver.resolve(call, "submit")
        if resolution.rendered.outcome.fails_at == "submit":
            raise self.resolver.immediate_failure(call, resolution)
        flags = self.settings.flags
        job = make_job(call, resolution, now, app, waits_for_runner=waits_for_runner, flags=flags)
        self.faults.accepted_calls += 1
        self.queue.admit(job, now, waits_for_runner=waits_for_runner)
        label, note, fault = resolution.label, resolution.note, resolution.fault
        self.journal.write(now, "call", call, job.id, 200, label, note, fault)
        if call.webhook is not None:
            self.webhooks.track(job, resolution.reply.webhook)
        return job

    async def wait_early_webhook(self, job: Job) -> None:
        """Wait until a submit may be answered: after a webhook that is scripted to come first."""
        if job.call.webhook is not None:
            await self.webhooks.wait_early_attempt(job)

    def check_fault(
        self, operation: Operation, app: str = "", request_id: str = ""
    ) -> Fault | None:
        """The fault of a request that is not a new call; raises FaultAbort if it is not served.

        ``app`` and ``request_id`` identify the job that it is about, if any.
        """
        job = self.queue.peek(app, request_id)
        has_job_faults = job is not None and job.job_options.faults is not None
        if self.faults.environment is None and not has_job_faults:
            return None
        endpoint = None if job is None else job.call.endpoint
        fault = None
        if self.faults.environment is not None:
            fault = self.faults.next_fault(operation, endpoint, request_id)
        sequences = None if job is None else job.job_options.faults
        if fault is None and job is not None and sequences is not None and operation in sequences:
            fault = self.faults.next_in_sequence(sequences[operation], endpoint, operation, job.id)
        if fault is not None and not fault.is_performed:
            kind = _ENTRY_KIND_OF.get(operation, "refused")
            call, label = (None, "") if job is None else (job.call, job.label)
            now = self.clock.now()
            self.journal.write(now, kind, call, request_id, fault.journal_status, label, "", fault)
            raise FaultAbort(fault, request_id)
        return fault

    def status(
        self, app: str, request_id: str, *, with_logs: bool, carrier: FaultCarrier | None = None
    ) -> Snapshot:
        """The status of a job; counts as a poll in the timeline of this job."""
        job, now, fault = self._job("status", app, request_id, carrier)
        snapshot = job.snapshot(with_logs=with_logs, is_window=self.settings.flags.logs == "window")
        if job.ended_at is None or self.queue.runner_pool is not None:
            shown_step = job.position.step
            job.count_poll(now)
            self._fast_forward(job, shown_step)
        code = status_code(snapshot.status)
        self.journal.write(now, "status", job.call, job.id, code, job.label, snapshot.status, fault)
        return snapshot

    def stream_status(
        self, app: str, request_id: str, *, with_logs: bool, carrier: FaultCarrier | None = None
    ) -> StatusStream:
        """Stream the status of a job, whose timeline stops waiting for polls."""
        job, now, fault = self._job("status_stream", app, request_id, carrier)
        job.ignore_polls(now)
        self.journal.write(now, "stream", job.call, job.id, 200, job.label, "", fault)
        return StatusStream(job, self.clock, self.queue.runner_pool, with_logs=with_logs)

    def result(
        self, app: str, request_id: str, *, carrier: FaultCarrier | None = None
    ) -> Job | None:
        """The completed job; None if the result is requested too early."""
        job, now, fault = self._job("result", app, request_id, carrier)
        if job.ended_at is not None and (fault is None or not fault.is_too_early):
            status = job.rendered.outcome.status
            self.queue.mark_done(job)
            self.journal.write(now, "result", job.call, job.id, status, job.label, "", fault)
            return job
        if job.ended_at is None:
            shown_step = job.position.step
            job.count_early_result(now)
            self._fast_forward(job, shown_step)
        self.journal.write(now, "result", job.call, job.id, 400, job.label, "too early", fault)
        return None

    def cancel(self, app: str, request_id: str, *, carrier: FaultCarrier | None = None) -> bool:
        """Cancel a job; False if it has already completed."""
        job, now, fault = self._job("cancel", app, request_id, carrier)
        accepted = job.cancel(now)
        self.queue.advance_to(now)
        if accepted and job.call.webhook is None:
            self.queue.mark_done(job)
        if self._webhooks is not None:
            self._webhooks.notify()
        status = cancel_status(self.settings.flags.cancel_answer) if accepted else 400
        self.journal.write(now, "cancel", job.call, job.id, status, job.label, "", fault)
        return accepted

    # Direct calls

    async def run(self, call: Call) -> Resolution:
        """Resolve a direct run, after the duration of the IN_PROGRESS steps of its reply."""
        if self.resolver.has_callables:
            await self.resolver.prepare(call, "run")
        runs = 0 if self.queue.runner_pool is None else self.queue.running_count(self.clock.now())
        return await self._direct_calls.run(call, runs)

    def stream(self, call: Call) -> StreamedReply:
        """Resolve a stream; raises ApiError for what fails before the first byte."""
        return self._direct_calls.stream(call, self.queue.running_count(self.clock.now()))

    @property
    def spent(self) -> list[tuple[Call, str, float]]:
        """The direct calls with a cost: call, request id, billable units."""
        return [bill for bill in self.journal.bills if bill[2]]

    # Sockets

    @property
    def sockets(self) -> Sockets:
        """The tenant's WebSockets, created on first access."""
        if self._sockets is None:
            from fakefal.engine.sockets.sockets import Sockets  # most servers never see a socket

            self._sockets = Sockets(
                self.resolver, self.faults, self.clock, self.journal, self._limits.sockets
            )
        return self._sockets

    # Webhooks

    @property
    def webhooks(self) -> WebhookScheduler:
        """The tenant's webhooks and signing keys, created on first access."""
        if self._webhooks is None:
            # Imported here because a server without webhooks starts sooner without it.
            from fakefal.engine.webhooks.scheduler import WebhookScheduler

            self._webhooks = WebhookScheduler(
                self.key,
                self.clock,
                self.journal,
                self.queue,
                self.resolver,
                self._limits.deliveries,
            )
            if self.watch_webhooks is not None:
                self.watch_webhooks(self._webhooks)
        return self._webhooks

    @property
    def has_webhooks(self) -> bool:
        """Whether ``webhooks`` was created."""
        return self._webhooks is not None

    def close(self) -> None:
        """Stop webhooks and close sockets: the tenant was replaced or dropped."""
        if self._webhooks is not None:
            self._webhooks.close()
        if self._sockets is not None:
            self._sockets.close()
        for callback in list(self.close_callbacks):
            callback()

    def release(self) -> None:
        """Release memory at once, where the parts refer to each other: collections are rare."""
        self.uploads.clear()
        self.files.clear()
        self.queue.clear()
        self._direct_calls.release()

    # Settings and exchanges

    @property
    def own_index(self) -> ExchangeIndex:
        """The tenant's own exchanges."""
        return self.resolver.own_index

    @property
    def base_index(self) -> ExchangeIndex:
        """The exchanges that the server loaded."""
        return self.resolver.base_index

    def set_own_index(self, index: ExchangeIndex) -> None:
        """Replace the tenant's own exchanges; exchanges in both sets keep their counts."""
        self.resolver.set_own_index(index)

    def set_settings(self, settings: EffectiveSettings) -> None:
        """Replace the settings; the counters stay."""
        self.settings = self.resolver.settings = settings
        self.has_changed_settings = True
        self.faults.set_environment(settings.environment, self.key)

    def is_used_up(self, exchange: CompiledExchange) -> bool:
        """Whether an exchange has answered as many calls as its ``times`` allow."""
        return self.resolver.is_used_up(exchange)

    def record_rejection(
        self, request_id: str, status: int, note: str, miss: Miss | None = None
    ) -> None:
        """Journal a request that was rejected before matching."""
        now = self.clock.now()
        self.journal.write(now, "refused", None, request_id, status, "", note, miss=miss)

    def record(self, kind: EntryKind, status: int, note: str, call: Call | None = None) -> None:
        """Journal an event of files, tokens or sockets."""
        self.journal.write(self.clock.now(), kind, call, "", status, "", note)

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be lost but history: no live work, scenario, setting, listener."""
        has_own_state = self.initial_state is not None or len(self.own_index.exchanges) > 0
        is_used = has_own_state or self.has_changed_settings or self.close_callbacks
        return not is_used and not self.has_live_work

    @property
    def has_live_work(self) -> bool:
        """Whether a request, webhook, direct call, socket or upload is unfinished."""
        sockets = 0 if self._sockets is None else len(self._sockets)
        webhooks = 0 if self._webhooks is None else self._webhooks.alive_count
        if self._direct_calls.in_flight or sockets or webhooks:
            return True
        return self.uploads.has_unfinished or not self.queue.is_idle(self.clock.now())

    def _check_room(self, call: Call, now: float) -> None:
        """Raise the 429, journalled, of a call for which there is no room."""
        try:
            self.queue.check_room(now, self.bounds)
            if call.webhook is not None and self._webhooks is not None:
                self._webhooks.check_room(self.bounds)
        except ApiError as error:
            raise self.resolver.reject(call, error, error.hint) from None

    def _make_runner_pool(self) -> RunnerPool:
        return RunnerPool(
            lambda job: self.faults.app_of(job.call.endpoint),
            lambda: self.faults.account.concurrency,
            lambda: self._direct_calls.in_flight,
        )

    def _check_queue_length(self, call: Call, app: App, now: float) -> None:
        """Reject a call if the queue is longer than the call allows.

        Source: docs/reference/protocol.md#submit
        """
        max_length = call.platform_options.max_queue_length
        queue_length = app.foreign_queue_length + self.queue.waiting_count(call.endpoint.app, now)
        if queue_length > max_length:
            note = f"{queue_length} requests are waiting, at most {max_length:.0f} are allowed"
            raise self.resolver.reject(call, errors.queue_full(queue_length, int(max_length)), note)

    def _job(
        self, operation: Operation, app: str, request_id: str, carrier: FaultCarrier | None
    ) -> tuple[Job, float, Fault | None]:
        """A job in its present state, the present instant, and the fault of the response.

        The fault is given to the carrier too, as it also applies to a 404 that is raised here.
        Without a carrier no faults are injected.
        """
        now, fault = self.clock.now(), None
        if carrier is not None:
            known = self.queue.jobs.get(request_id)
            has_job_faults = known is not None and known.job_options.faults is not None
            if has_job_faults or self.faults.environment is not None:
                fault = carrier.fault = self.check_fault(operation, app, request_id)
        job = self.queue.find(app, request_id, now)
        if job.state is State.CANCELLED and self.settings.flags.reads_after_cancel == "not-found":
            raise errors.not_found("the request was cancelled in the queue")
        return job, now, fault

    def _fast_forward(self, job: Job, shown_step: int) -> None:
        if self.clock.kind == "instant" or self.queue.runner_pool is not None:
            self.queue.fast_forward(job, shown_step)
        if self.queue.runner_pool is not None and self._webhooks is not None:
            self._webhooks.notify()
