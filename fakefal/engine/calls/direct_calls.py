"""Direct runs and streams: calls that nobody queues."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice

from fakefal.engine.calls.faults import Troubles
from fakefal.engine.calls.resolver import Answer, Answering
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import Sse, Switches
from fakefal.protocol.errors.catalog import CATALOGUE, outcome_of
from fakefal.protocol.errors.errors import too_many
from fakefal.protocol.errors.fault import Operation, Trouble
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.scenario.compiled.reply import Pacing
from fakefal.scenario.render.outcome import stream_events, variables_of
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import generated_seconds


@dataclass(slots=True)
class Streaming:
    """A stream to be written: its events and their pace.

    ``kept`` is None for a stream that may differ from call to call; else it is the place for its
    encoded events, empty until somebody has encoded them. It is written inside ``busy``.
    ``links`` are the URLs of our own files in the events, as in an Outcome; they come with the
    events.
    """

    request_id: str
    events: Iterator[Json]
    pacing: Pacing
    sse: Sse
    headers: tuple[tuple[str, str], ...]
    kept: list[bytes] | None
    trouble: Trouble | None
    busy: Callable[[], AbstractContextManager[None]]
    links: list[str]

    @property
    def first_seconds(self) -> float:
        """How long the first event took: as scripted, or a plausible time."""
        return self.pacing.first_seconds or generated_seconds(self.request_id)


class Direct:
    """The direct calls of a tenant. ``in_flight`` counts those that run now; ``freed`` is told when
    one of them ends."""

    def __init__(
        self,
        answering: Answering,
        troubles: Troubles,
        clock: Clock,
        journal: Journal,
        freed: Callable[[], None],
    ) -> None:
        self.in_flight = 0
        self._freed = freed
        self._answering = answering
        self._troubles = troubles
        self._clock = clock
        self._journal = journal

    async def run(self, call: Call, running: int) -> Answer:
        """Answer a direct run; it takes as long as the plan's IN_PROGRESS steps say.

        ``running`` is how many calls of the tenant run in its queue.
        """
        answer = self._begun(call, "run", running)
        seconds, outcome = self._course(call, answer)
        if outcome is not None:
            answer.ending, answer.units = replace(answer.ending, outcome=outcome), None
        if seconds:
            with self._busy():
                until = self._clock.later(self._clock.now(), seconds)
                await self._clock.wait_until(until)
        self._tell(call, answer, answer.ending.outcome.status)
        return answer

    def stream(self, call: Call, running: int) -> Streaming:
        """Answer a stream; raises WireError for what fails before the first byte."""
        answer = self._begun(call, "stream", running)
        outcome = answer.ending.outcome
        if not outcome.is_success and answer.plan.workflow is None:
            raise self._answering.refusal(call, answer)
        terms = self._answering.terms
        variables = variables_of(call, answer.request_id, answer.count, terms.seed)
        events = stream_events(answer.plan, answer.ending, variables, terms.switches)
        links: list[str] = []
        if answer.placing is not None:
            events, links = answer.placing.events(events), answer.placing.links
        try:
            first = list(islice(events, 1))  # renders them all, before anything is sent
        except TemplateError as error:
            raise self._answering.template_failed(error, call, answer.label, answer.place) from None
        self._tell(call, answer, 200)
        sse = terms.switches.stream_sse
        if sse == "by-model":
            sse = "plain" if variant_of(call.endpoint) is None else "named-crlf"
        pacing = answer.plan.pacing
        return Streaming(
            answer.request_id,
            chain(first, events),
            pacing,
            sse,
            outcome.headers,
            _place_for(answer, sse, terms.switches),
            _with_cut(answer.trouble, pacing),
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
            self._freed()

    def _begun(self, call: Call, operation: Operation, running: int) -> Answer:
        """The answer of a call, if one more may run. Source: protocol.md section 3.9."""
        limit = self._troubles.account.concurrency
        if limit < math.inf and self.in_flight + running >= limit:
            error = too_many(int(limit))
            raise self._answering.turn_away(call, error, "too many at the same time")
        answer = self._answering.answer(call, operation)
        self._troubles.accepted += 1
        return answer

    def _course(self, call: Call, answer: Answer) -> tuple[float, Outcome | None]:
        """How long a run takes, and its end if that is not the planned one.

        A direct run is not retried. Source: documented (protocol.md sections 4, 15).
        """
        plan = answer.plan
        if call.wishes.start_seconds < plan.start_seconds:
            return call.wishes.start_seconds, outcome_of(CATALOGUE["start_deadline"])
        if self._troubles.world is not None:
            patience = self._troubles.world.app(call.endpoint).request_seconds
            if plan.run_seconds > patience:
                return patience, outcome_of(CATALOGUE["request_timeout"])
        if plan.retrying is not None:
            return plan.run_seconds, outcome_of(plan.retrying.error)
        return plan.run_seconds, None

    def _tell(self, call: Call, answer: Answer, status: int) -> None:
        if answer.units is not None:
            self._journal.bills.append((call, answer.request_id, answer.units))
        self._journal.write(
            self._clock.now(),
            "call",
            call,
            answer.request_id,
            status,
            answer.label,
            answer.note,
            answer.trouble,
        )


def _with_cut(trouble: Trouble | None, pacing: Pacing) -> Trouble | None:
    """What happens to a stream: what its request met, and what its reply says."""
    if pacing.cut is None and pacing.slices is None:
        return trouble
    base = trouble or Trouble("stream")
    return replace(base, cut=base.cut or pacing.cut, drip=base.drip or pacing.slices)


def _place_for(answer: Answer, sse: Sse, switches: Switches) -> list[bytes] | None:
    plan, ending = answer.plan, answer.ending
    code = ending.shape.code
    listed = plan.pacing.events
    if plan.workflow is not None:  # whose request ids differ
        return None
    if plan.known.get(code) is not ending or (listed is not None and not listed.is_static):
        return None
    return plan.streams.setdefault((code, sse, switches.repeat_complete), [])
