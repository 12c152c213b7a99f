"""All that one API key owns, and the faces' only entrance to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from fakefal.engine.clock import Clock
from fakefal.engine.files import Files
from fakefal.engine.identities import Identities
from fakefal.engine.jobs import Job, State
from fakefal.engine.journal import Journal, Kind, Miss
from fakefal.engine.outputs import placing_of
from fakefal.engine.tokens import Tokens
from fakefal.engine.uploads import Uploads
from fakefal.engine.watch import Watch
from fakefal.protocol import errors
from fakefal.protocol.anyllm import billable_units, output_shape, validate, variant_of
from fakefal.protocol.call import Call, Json, Outcome
from fakefal.protocol.catalogue import CATALOGUE
from fakefal.protocol.errors import WireError
from fakefal.protocol.headers import HINT
from fakefal.protocol.queue import CANCELLED_ERROR, Snapshot
from fakefal.protocol.trouble import Operation, Trouble
from fakefal.scenario.book import Book
from fakefal.scenario.generated import generated_seconds
from fakefal.scenario.outcomes import ending_of, stream_events, variables_of
from fakefal.scenario.placing import GENERATED_KINDS, MediaPlan, Placing, is_text
from fakefal.scenario.plans import GENERATED, Ending, Plan
from fakefal.scenario.render import TemplateError
from fakefal.scenario.shapes import guess_kind
from fakefal.scenario.terms import Terms
from fakefal.scenario.timeline import DEFAULT_TIMELINE
from fakefal.settings import Limits

if TYPE_CHECKING:
    from fakefal.scenario.entries import Entry


@dataclass(slots=True)
class Answer:
    """What a call comes to: its id, its end, what it costs, and the plan that says how it goes.

    ``units`` None means that nothing is said about the cost. ``count`` is how many calls the
    exchange has answered, this one included; ``place`` is where it is written.
    """

    request_id: str
    ending: Ending
    plan: Plan
    units: float | None
    label: str = ""
    count: int = 1
    place: str = ""
    placing: Placing | None = None


@dataclass(slots=True)
class Streaming:
    """A stream to be written: its events, and the waits in seconds before first and others.

    ``kept`` is None for a stream that may differ from call to call; else it is the place for its
    encoded events, empty until somebody has encoded them.
    """

    request_id: str
    events: Iterator[Json]
    first_seconds: float
    every_seconds: float
    is_language_model: bool
    headers: tuple[tuple[str, str], ...]
    kept: list[bytes] | None = None
    links: list[str] = field(default_factory=list)
    """URLs of our own files in the events, as in an Outcome; they come with the events."""


_INVALID = Plan(steps=DEFAULT_TIMELINE)


class Tenant:
    """Exchanges, counters, jobs, journal and clock of one key.

    There is no cleaning: a reset makes a new tenant.
    """

    def __init__(
        self, key: str, terms: Terms, clock: Clock, limits: Limits, base: Book, journal: Journal
    ) -> None:
        self.key = key
        self.terms = terms
        self.clock = clock
        self.journal = journal
        self.base = base
        self.own = Book()
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.used: dict[Entry, int] = {}
        self._limits = limits
        self._identities = Identities(terms.seed, limits.identities)
        self.files = Files(key, terms.seed, clock, limits)
        self.tokens = Tokens(self.files.mark, terms.seed, key, clock)
        self.uploads = Uploads(self.files, self.tokens.secret, clock, limits)

    # The queue

    def submit(self, call: Call) -> Job:
        """Admit a call to the queue; raises WireError where fal refuses at once."""
        answer = self._answer(call)
        outcome = answer.ending.outcome
        if outcome.moment == "submit":
            raise self._refusal(call, answer)
        now = self.clock.now()
        seconds = answer.plan.inference_seconds
        if seconds is None:
            seconds = generated_seconds(answer.request_id)
        job = Job(
            answer.request_id,
            call,
            self._as_told(answer.ending),
            answer.plan.steps,
            now,
            inference_seconds=seconds,
            units=answer.units,
            label=answer.label,
        )
        self._keep(job)
        self.journal.write(now, "call", call, job.id, 200, answer.label)
        return job

    def status(self, app: str, request_id: str, *, with_logs: bool) -> Snapshot:
        """Answer a status poll; the poll counts for the timeline of this job alone."""
        job = self._job(app, request_id)
        now = self.clock.now()
        job.look(now)
        snapshot = job.snapshot(with_logs=with_logs)
        shown = job.position.step
        job.count_poll(now)
        self._let_pass(job, shown)
        self.journal.write(now, "status", job.call, job.id, 200, job.label, snapshot.status)
        return snapshot

    def watch(self, app: str, request_id: str, *, with_logs: bool) -> Watch:
        """Follow a job's status as a stream; from now on its polls are not waited for."""
        job = self._job(app, request_id)
        now = self.clock.now()
        job.waive(now)
        self.journal.write(now, "stream", job.call, job.id, 200, job.label)
        return Watch(job, self.clock, with_logs=with_logs)

    def result(self, app: str, request_id: str) -> Job | None:
        """The job whose result is asked for; None if it is too early."""
        job = self._job(app, request_id)
        now = self.clock.now()
        job.look(now)
        if job.is_over:
            status = job.ending.outcome.status
            self.journal.write(now, "result", job.call, job.id, status, job.label)
            return job
        shown = job.position.step
        job.ask_early(now)
        self._let_pass(job, shown)
        self.journal.write(now, "result", job.call, job.id, 400, job.label, "too early")
        return None

    def cancel(self, app: str, request_id: str) -> bool:
        """Ask a job to end; False if it has already completed."""
        job = self._job(app, request_id)
        now = self.clock.now()
        accepted = job.cancel(now)
        if job.state is State.CANCELLED:
            job.ending = replace(job.ending, outcome=_cancelled())
            job.units = None
            job.changed.set()
        status = 202 if accepted else 400
        self.journal.write(now, "cancel", job.call, job.id, status, job.label)
        return accepted

    # Direct calls

    async def run(self, call: Call) -> Answer:
        """Answer a direct run; it takes as long as the plan's IN_PROGRESS steps say."""
        answer = self._answer(call)
        if answer.plan.run_seconds:
            now = self.clock.now()
            await self.clock.wait_until(self.clock.later(now, answer.plan.run_seconds))
        status = answer.ending.outcome.status
        self.journal.write(self.clock.now(), "call", call, answer.request_id, status, answer.label)
        return answer

    def stream(self, call: Call) -> Streaming:
        """Answer a stream; raises WireError for what fails before the first byte."""
        answer = self._answer(call)
        outcome = answer.ending.outcome
        if not outcome.is_success:
            raise self._refusal(call, answer)
        variables = variables_of(call, answer.request_id, answer.count, self.terms.seed)
        pacing = answer.plan.pacing
        events = stream_events(answer.plan, answer.ending, variables)
        links: list[str] = []
        if answer.placing is not None:
            events, links = answer.placing.events(events), answer.placing.links
        try:
            first = list(islice(events, 1))  # renders them all, before anything is sent
        except TemplateError as error:
            raise self._template_failed(error, call, answer.label, answer.place) from None
        self.journal.write(self.clock.now(), "call", call, answer.request_id, 200, answer.label)
        return Streaming(
            answer.request_id,
            chain(first, events),
            pacing.first_seconds,
            pacing.every_seconds,
            variant_of(call.endpoint) is not None,
            outcome.headers,
            _place_for(answer),
            links,
        )

    # What tests and other ways in may change

    def set_own(self, book: Book) -> None:
        """Replace the tenant's own exchanges; those that stay keep their counts."""
        self.own = book
        kept = {*book.entries, *self.base.entries}
        self.used = {entry: count for entry, count in self.used.items() if entry in kept}

    def is_used_up(self, entry: Entry) -> bool:
        """Whether an exchange has answered as many calls as it may."""
        return entry.capacity is not None and self.used.get(entry, 0) >= entry.capacity

    def refused(self, request_id: str, status: int, note: str) -> None:
        """Note a request that was refused before any exchange was asked."""
        self.journal.write(self.clock.now(), "refused", None, request_id, status, "", note)

    def note(self, kind: Kind, status: int, note: str) -> None:
        """Note what happened to files and tokens."""
        self.journal.write(self.clock.now(), kind, None, "", status, "", note)

    def trouble(self, operation: Operation) -> Trouble | None:
        """What goes wrong with the answer to an operation, if anything does."""
        return None

    # The parts

    def _answer(self, call: Call) -> Answer:
        switches = self.terms.switches
        request_id = self._identities.next_id(call)
        variant = variant_of(call.endpoint)
        flaws: list[Json] = list(call.flaws)
        if not flaws and variant is not None and switches.validate:
            flaws = validate(variant, call.input, switches.profile)
        if flaws:
            shape = output_shape(variant, call.input, switches.profile)
            ending = Ending(errors.failure(422, {"detail": flaws}), shape)
            return Answer(request_id, ending, _INVALID, 0, "invalid input")
        entry = self.own.find(call, self.is_used_up) or self.base.find(call, self.is_used_up)
        if entry is None:
            kind = None if variant is not None else guess_kind(call.endpoint.text)
            if self.terms.unmatched == "fail" or (variant is None and kind is None):
                raise self._missed(call, request_id)
            plan, label, count, place = GENERATED, "generated", 1, ""
        else:
            used = self.used.get(entry, 0)
            self.used[entry] = count = used + 1
            plan, label, place = entry.plan(used), entry.label, entry.place
        try:
            ending = ending_of(plan, call, request_id, count, self.terms.seed, switches.profile)
        except TemplateError as error:
            raise self._template_failed(error, call, label, place) from None
        media, placing = plan.media, None
        if plan.is_open and variant is None:
            media = self._guessed(media, call)
        if media is not None and ending.outcome.is_success and not _in_own_words(media, variant):
            seconds = sum(step.seconds for step in plan.steps if call.via == "queue")
            placing = placing_of(self.files, media, call, request_id, seconds)
            ending = placing.ending(ending, self.terms.seed)
        units = plan.billable_units
        if units is None and ending.outcome.is_success:
            units = billable_units(variant, call.input, switches.profile)
        return Answer(request_id, ending, plan, units, label, count, place, placing)

    def _guessed(self, media: MediaPlan | None, call: Call) -> MediaPlan | None:
        """The files of a reply that does not say what it is of."""
        if media is not None and media.kind is not None:
            return media
        kind = guess_kind(call.endpoint.text)
        if kind is None or media is None:
            return media if kind is None else GENERATED_KINDS[kind]
        return replace(media, kind=kind)

    def _missed(self, call: Call, request_id: str) -> WireError:
        nearest = [
            *self.own.nearest(call, self.is_used_up),
            *self.base.nearest(call, self.is_used_up),
        ]
        nearest.sort(key=lambda near: near.distance)
        miss = Miss(call, tuple(nearest[:3]))
        self.journal.write(self.clock.now(), "call", call, request_id, 404, "", "miss", miss)
        return WireError(404, {"detail": str(miss)}, ((HINT, "miss"),), request_id=request_id)

    def _refusal(self, call: Call, answer: Answer) -> WireError:
        """A failure that the caller meets at once."""
        outcome = answer.ending.outcome
        self.journal.write(
            self.clock.now(), "call", call, answer.request_id, outcome.status, answer.label
        )
        error = WireError.of(outcome)
        error.request_id = answer.request_id
        error.units = answer.units
        return error

    def _template_failed(
        self, error: TemplateError, call: Call, label: str, place: str
    ) -> WireError:
        """A reply that cannot be rendered for this call: the fake's own failure."""
        where = f" ({place or label})" if place or label else ""
        text = f"{error.what} at {'.'.join(map(str, error.path))}{where}"
        detail = f"fakefal could not render the reply: {text}"
        self.journal.write(self.clock.now(), "call", call, "", 500, label, detail)
        return WireError(500, {"detail": detail}, note="the scenario's template failed")

    def _as_told(self, ending: Ending) -> Ending:
        """The end as the status may tell it (protocol.md section 16 row 5)."""
        outcome = ending.outcome
        if outcome.error is None or outcome.error_type or self.terms.switches.error_in_status:
            return ending
        return replace(ending, outcome=replace(outcome, error=None))

    def _job(self, app: str, request_id: str) -> Job:
        job = self.jobs.get(request_id)
        if job is None or job.call.endpoint.app != app:
            raise errors.not_found()
        if job.state is State.CANCELLED and self.terms.switches.reads_after_cancel == "not-found":
            raise errors.not_found()
        return job

    def _let_pass(self, job: Job, shown: int) -> None:
        """On a clock that waits for nobody, the time of a step that was shown is over."""
        if job.position.step == shown and not job.is_over:
            job.look(self.clock.reach(job.next_boundary()))

    def _keep(self, job: Job) -> None:
        """Make room if there is none, then keep the job: it must outlive its submit answer."""
        if self.jobs and len(self.jobs) >= self._limits.jobs:
            now = self.clock.now()
            for old in self.jobs.values():
                old.look(now)
                if old.is_over:
                    break
            else:
                old = next(iter(self.jobs.values()))
            del self.jobs[old.id]
        self.jobs[job.id] = job


def _in_own_words(media: MediaPlan, variant: object) -> bool:
    """Whether a language model answers a reply of text in its own shape."""
    return variant is not None and is_text(media)


def _place_for(answer: Answer) -> list[bytes] | None:
    plan, ending = answer.plan, answer.ending
    code = ending.shape.code
    listed = plan.pacing.events
    if plan.known.get(code) is not ending or (listed is not None and not listed.is_static):
        return None
    return plan.streams.setdefault(code, [])


def _cancelled() -> Outcome:
    """What a request reads as that was cancelled in the queue (protocol.md section 16 row 4)."""
    return errors.request_error(CATALOGUE["client_cancelled"], detail=CANCELLED_ERROR)
