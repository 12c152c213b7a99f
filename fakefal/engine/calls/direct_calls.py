"""Direct runs and streams: calls to fal.run, which bypass the queue."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice

from fakefal.engine.calls.faults import FaultInjector
from fakefal.engine.calls.resolver import CallResolver, Resolution
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import CompatFlags, Sse
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import concurrency_limit_reached
from fakefal.protocol.errors.fault import Fault, Operation
from fakefal.scenario.compiled.reply import Pacing
from fakefal.scenario.render.outcome import stream_events, template_variables
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import seeded_inference_seconds


@dataclass(slots=True)
class StreamedReply:
    """A stream to be written: its events and their pacing.

    ``chunk_cache`` is None for a stream that may differ from call to call; else it holds the
    encoded events and is empty until the first call has encoded them. The events are written within
    the context manager ``busy``. ``links`` are the URLs of fakefal's own files in the events, as in
    an Outcome; the list grows as the events are iterated.
    """

    request_id: str
    events: Iterator[Json]
    pacing: Pacing
    sse: Sse
    headers: tuple[tuple[str, str], ...]
    chunk_cache: list[bytes] | None
    fault: Fault | None
    busy: Callable[[], AbstractContextManager[None]]
    links: list[str]

    @property
    def first_seconds(self) -> float:
        """The time to the first event: scripted, or derived from the request id."""
        return self.pacing.first_seconds or seeded_inference_seconds(self.request_id)


class DirectCalls:
    """The direct calls of a tenant.

    ``in_flight`` counts the running ones; ``on_freed`` is called when one ends.
    """

    def __init__(
        self,
        resolver: CallResolver,
        faults: FaultInjector,
        clock: Clock,
        journal: Journal,
        on_freed: Callable[[], None],
    ) -> None:
        self.in_flight = 0
        self._on_freed = on_freed
        self._resolver = resolver
        self._faults = faults
        self._clock = clock
        self._journal = journal

    def release(self) -> None:
        """Forget ``on_freed``, which refers to the tenant that owns this."""
        self._on_freed = lambda: None

    async def run(self, call: Call, queue_running: int) -> Resolution:
        """Resolve a direct run, after the duration of the IN_PROGRESS steps of its reply.

        ``queue_running`` is the number of calls of the tenant that run in its queue.
        """
        resolution = self._admit(call, "run", queue_running)
        seconds, outcome = self._duration_and_outcome(call, resolution)
        if outcome is not None:
            resolution.rendered = replace(resolution.rendered, outcome=outcome)
            resolution.units = None
        if seconds:
            with self._busy():
                ends_at = self._clock.later(self._clock.now(), seconds)
                await self._clock.wait_until(ends_at)
        self._record(call, resolution, resolution.rendered.outcome.status)
        return resolution

    def stream(self, call: Call, queue_running: int) -> StreamedReply:
        """Resolve a stream; raises ApiError for what fails before the first byte."""
        resolution = self._admit(call, "stream", queue_running)
        outcome = resolution.rendered.outcome
        if not outcome.is_success and resolution.reply.workflow is None:
            raise self._resolver.immediate_failure(call, resolution)
        settings = self._resolver.settings
        variables = template_variables(call, resolution.request_id, resolution.count, settings.seed)
        events = stream_events(resolution.reply, resolution.rendered, variables, settings.flags)
        links: list[str] = []
        if resolution.file_refs is not None:
            events, links = resolution.file_refs.resolve_events(events), resolution.file_refs.links
        try:
            first = list(islice(events, 1))  # the first ``next`` renders all, before the 200
        except TemplateError as error:
            raise self._resolver.template_error(
                error, call, resolution.label, resolution.location
            ) from None
        self._record(call, resolution, 200)
        sse = settings.flags.stream_sse
        if sse == "by-model":
            sse = "plain" if call.endpoint.llm_api is None else "named-crlf"
        pacing = resolution.reply.pacing
        return StreamedReply(
            resolution.request_id,
            chain(first, events),
            pacing,
            sse,
            outcome.headers,
            _chunk_cache(resolution, sse, settings.flags),
            _with_cut(resolution.fault, pacing),
            self._busy,
            links,
        )

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._on_freed()

    def _admit(self, call: Call, operation: Operation, queue_running: int) -> Resolution:
        """Resolve a call, if one more may run.

        Source: docs/reference/errors.md#concurrency-limit
        """
        limit = self._faults.account.concurrency
        if limit < math.inf and self.in_flight + queue_running >= limit:
            error = concurrency_limit_reached(int(limit))
            raise self._resolver.reject(call, error, "concurrency limit reached")
        resolution = self._resolver.resolve(call, operation)
        self._faults.accepted_calls += 1
        return resolution

    def _duration_and_outcome(
        self, call: Call, resolution: Resolution
    ) -> tuple[float, Outcome | None]:
        """The duration of a run, and its outcome if it is not that of the reply.

        A direct run is not retried. Source: documented (docs/reference/protocol.md#direct-runs,
        docs/reference/protocol.md#limits-and-retries)
        """
        reply = resolution.reply
        start_timeout_seconds = call.platform_options.start_timeout_seconds
        if start_timeout_seconds < reply.start_seconds:
            return start_timeout_seconds, outcome_of(CATALOG["start_deadline"])
        limit_seconds = math.inf
        if self._faults.environment is not None:
            limit_seconds = self._faults.app_of(call.endpoint).request_seconds
        if reply.run_seconds > limit_seconds:
            return limit_seconds, outcome_of(CATALOG["request_timeout"])
        if reply.runner_retries is not None:
            return reply.run_seconds, outcome_of(reply.runner_retries.error)
        return reply.run_seconds, None

    def _record(self, call: Call, resolution: Resolution, status: int) -> None:
        if resolution.units is not None:
            self._journal.bills.append((call, resolution.request_id, resolution.units))
        self._journal.write(
            self._clock.now(),
            "call",
            call,
            resolution.request_id,
            status,
            resolution.label,
            resolution.note,
            resolution.fault,
        )


def _with_cut(fault: Fault | None, pacing: Pacing) -> Fault | None:
    """The fault of a request, extended by the cut and the slices that its reply scripts."""
    if pacing.cut is None and pacing.slices is None:
        return fault
    base = fault or Fault("stream")
    return replace(base, cut=base.cut or pacing.cut, slow_body=base.slow_body or pacing.slices)


def _chunk_cache(resolution: Resolution, sse: Sse, flags: CompatFlags) -> list[bytes] | None:
    reply, rendered = resolution.reply, resolution.rendered
    code = rendered.shape.code
    scripted_events = reply.pacing.events
    if reply.workflow is not None:  # its events contain request ids
        return None
    if reply.outcome_cache.get(code) is not rendered or (
        scripted_events is not None and not scripted_events.is_static
    ):
        return None
    return reply.stream_cache.setdefault((code, sse, flags.repeat_complete), [])
