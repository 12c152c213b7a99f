"""What a call comes to: the exchange that answers it, its end, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from fakefal.engine.calls.faults import Troubles
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal, Miss
from fakefal.engine.core.request_ids import Identities
from fakefal.engine.files.store import Files
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import Switches
from fakefal.protocol.core.headers import HINT
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.errors.fault import Interrupted, Operation, Trouble
from fakefal.protocol.llm.anyllm import billable_units, output_shape
from fakefal.protocol.llm.endpoints import METERED, OPENAI, Variant, is_unknown_path, variant_of
from fakefal.protocol.llm.inputs import too_long, unknown_fields, validate
from fakefal.scenario.compiled.index import Book
from fakefal.scenario.compiled.reply import GENERATED, Ending, Plan
from fakefal.scenario.compiled.settings import Terms
from fakefal.scenario.render.outcome import ending_of
from fakefal.scenario.templates.templates import TemplateError

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import Entry
    from fakefal.scenario.media.file_refs import MediaPlan, Placing


@dataclass(slots=True)
class Answer:
    """What a call comes to: its id, its end, what it costs, and the plan that says how it goes.

    ``units`` None means that nothing is said about the cost. ``count`` is how many calls the
    exchange has answered, this one included; ``place`` is where it is written. ``trouble`` is what
    happens to the answer on its way, ``note`` what the journal should say.
    """

    request_id: str
    ending: Ending
    plan: Plan
    units: float | None
    label: str = ""
    count: int = 1
    place: str = ""
    trouble: Trouble | None = None
    note: str = ""
    placing: Placing | None = None


_Choice = tuple[str, Plan, str, int, str, Trouble | None, str, Variant | None]
"""The reply that a call gets, and what befalls the answer; nothing is rendered yet. In this order:
request id, plan, label, count, place, trouble, note, and which language model is asked."""

_INVALID = Plan()

_UNASKED = "a function cannot be the reply to a call that came in this way"


class Answering:
    """Finds the answers of a tenant's calls; holds the exchanges and their counts."""

    def __init__(
        self,
        terms: Terms,
        clock: Clock,
        base: Book,
        journal: Journal,
        identities: Identities,
        troubles: Troubles,
        files: Files,
    ) -> None:
        self.terms = terms
        self.base = base
        self.own = Book()
        self.used: dict[Entry, int] = {}
        self.asks = False
        self._given: set[str] = set()
        self._clock = clock
        self._journal = journal
        self._identities = identities
        self._troubles = troubles
        self._files = files

    def set_own(self, book: Book) -> None:
        """Replace the tenant's own exchanges; those that stay keep their counts."""
        self.own = book
        self.asks = any(plan.source for entry in book.entries for plan in entry.plans)
        kept = {*book.entries, *self.base.entries}
        self.used = {entry: count for entry, count in self.used.items() if entry in kept}

    def is_used_up(self, entry: Entry) -> bool:
        """Whether an exchange has answered as many calls as it may."""
        return entry.capacity is not None and self.used.get(entry, 0) >= entry.capacity

    async def ask(self, call: Call, operation: Operation) -> None:
        """Choose the reply of a call, and wait for it where a function gives it.

        Raises what ``answer`` raises, which is to be asked next.
        """
        chosen = self._choose(call, operation)
        if isinstance(chosen, tuple) and (source := chosen[1].source) is not None:
            request_id, _, label, count, *more = chosen
            plan = await source(call, request_id, count)
            chosen = cast("_Choice", (request_id, plan, label, count, *more))
        call.chosen = chosen

    def entry_for(self, call: Call) -> Entry | None:
        """The exchange that would answer a call: the tenant's own go first."""
        return self.own.find(call, self.is_used_up) or self.base.find(call, self.is_used_up)

    def answer(self, call: Call, operation: Operation | None) -> Answer:
        """The answer of a call; raises WireError for a miss, Interrupted for one not served.

        A call that is not served uses up no exchange. Without an operation nothing goes wrong that
        is not in the answer itself.
        """
        chosen = call.chosen or self._choose(call, operation)
        if isinstance(chosen, Answer):
            return chosen
        request_id, plan, label, count, place, trouble, note, variant = chosen
        terms = self.terms
        if plan.source is not None:
            raise WireError(500, {"detail": f"fakefal: {_UNASKED}"}, request_id=request_id)
        try:
            if variant in METERED:
                ending = self._spoken(plan, call, request_id, count)
            else:
                ending = ending_of(plan, call, request_id, count, terms.seed, terms.switches)
        except TemplateError as error:
            raise self.template_failed(error, call, label, place) from None
        placing = None
        if plan.media is not None or (plan.is_open and variant is None):
            placing = self._placing(plan, call, request_id, ending)
            if placing is not None and ending.outcome.is_success:
                ending = placing.ending(ending, terms.seed)
        units = plan.billable_units
        if units is None and ending.outcome.is_success:
            units = ending.cost
            if units is None:
                units = billable_units(variant, call.input, terms.switches.period)
        return Answer(request_id, ending, plan, units, label, count, place, trouble, note, placing)

    def _choose(self, call: Call, operation: Operation | None) -> _Choice | Answer:
        """The reply that a call gets; from now on it counts as given."""
        request_id = self._identities.next_id(call)
        trouble = None
        if operation is not None and self._troubles.world is not None:
            trouble = self._troubles.meet(operation, call.endpoint, request_id)
            self._interrupt(trouble, call, request_id, "")
        variant = variant_of(call.endpoint)
        if variant in OPENAI:
            _tell_otherwise(call)
        flaws, note = self._flaws(call, variant)
        if flaws:
            return self._invalid(call, request_id, flaws, trouble)
        if type(call.input) is dict and "webhook_url" in call.input:
            lint = "webhook_url inside the input does nothing: ask for it beside the input"
            self._journal.write(self._clock.now(), "lint", call, request_id, 200, "", lint)
        entry = self.own.find(call, self.is_used_up) or self.base.find(call, self.is_used_up)
        if entry is None:
            plan = self._unmatched(call, request_id, trouble)
            return request_id, plan, "generated", 1, "", trouble, note, variant
        used = self.used.get(entry, 0)
        plan, label = entry.plan(used), entry.label
        if trouble is None and plan.faults is not None and operation in plan.faults:
            turns = plan.faults[operation]
            trouble = self._troubles.turn(turns, call.endpoint, operation, entry, id(plan))
            self._interrupt(trouble, call, request_id, label)
        self.used[entry] = count = used + 1
        if plan.request_id is not None and plan.request_id not in self._given:
            request_id = plan.request_id
            self._given.add(request_id)
        return request_id, plan, label, count, entry.place, trouble, note, variant

    def _spoken(self, plan: Plan, call: Call, request_id: str, count: int) -> Ending:
        """The end of a call of a language model that tells what was used."""
        from fakefal.scenario.render.llm.outcome import spoken_ending  # few calls are of these

        return spoken_ending(plan, call, request_id, count, self.terms, self._clock.now())

    def refusal(self, call: Call, answer: Answer) -> WireError:
        """A failure that the caller meets at once."""
        outcome = answer.ending.outcome
        now = self._clock.now()
        id_, trouble = answer.request_id, answer.trouble
        self._journal.write(
            now, "call", call, id_, outcome.status, answer.label, answer.note, trouble
        )
        error = WireError.of(outcome)
        error.request_id, error.units, error.trouble = id_, answer.units, trouble
        return error

    def turn_away(self, call: Call, error: WireError, note: str) -> WireError:
        """A call that no exchange is asked about, with an id of its own."""
        error.request_id = self._identities.next_id(call)
        now = self._clock.now()
        self._journal.write(now, "call", call, error.request_id, error.status, "", note)
        return error

    def template_failed(
        self, error: TemplateError, call: Call, label: str, place: str
    ) -> WireError:
        """A reply that cannot be rendered for this call: the fake's own failure."""
        where = f" ({place or label})" if place or label else ""
        text = f"{error.what} at {'.'.join(map(str, error.path))}{where}"
        detail = f"fakefal could not render the reply: {text}"
        self._journal.write(self._clock.now(), "call", call, "", 500, label, detail)
        return WireError(500, {"detail": detail}, note="the scenario's template failed")

    def _interrupt(self, trouble: Trouble | None, call: Call, request_id: str, label: str) -> None:
        """End a call here that is not served."""
        if trouble is None or trouble.is_performed:
            return
        now = self._clock.now()
        self._journal.write(now, "call", call, request_id, trouble.code, label, trouble=trouble)
        raise Interrupted(trouble, request_id)

    def _flaws(self, call: Call, variant: Variant | None) -> tuple[list[Json], str]:
        """What the model would refuse in an input, and what the journal should say of it."""
        switches = self.terms.switches
        if call.flaws or variant is None or not switches.validate:
            return list(call.flaws), ""
        if variant in OPENAI:
            from fakefal.protocol.llm import openai

            return openai.validate(variant, call.input), ""
        flaws = validate(variant, call.input, switches.period)
        if switches.long_prompts == "refuse":
            flaws += too_long(call.input)
        if switches.unknown_fields == "ignore":
            return flaws, ""
        unknown = unknown_fields(variant, call.input, switches.period)
        if switches.unknown_fields == "refuse":
            return flaws + [flaw for _, flaw in unknown], ""
        names = ", ".join(name for name, _ in unknown)
        return flaws, f"unknown input fields: {names}" if names else ""

    def _invalid(
        self, call: Call, request_id: str, flaws: list[Json], trouble: Trouble | None
    ) -> Answer:
        variant, switches = variant_of(call.endpoint), self.terms.switches
        shape = output_shape(variant, call.input, switches.period)
        ending = Ending(_refused(variant, flaws, switches), shape)
        return Answer(request_id, ending, _INVALID, 0, "invalid input", trouble=trouble)

    def _unmatched(self, call: Call, request_id: str, trouble: Trouble | None) -> Plan:
        """What a call gets that no exchange matches."""
        if self.terms.unmatched != "fail":
            if variant_of(call.endpoint) is not None:
                return GENERATED
            from fakefal.scenario.media.output_kinds import guess_kind  # most calls have no files

            if guess_kind(call.endpoint.text) is not None:
                return GENERATED
        error = self.missed(call, request_id)
        error.trouble = trouble
        raise error

    def _placing(self, plan: Plan, call: Call, request_id: str, ending: Ending) -> Placing | None:
        """The files of an output, to be put where the caller can fetch them."""
        from fakefal.engine.files.outputs import placing_of
        from fakefal.scenario.media.file_refs import is_text

        media, variant = plan.media, variant_of(call.endpoint)
        if plan.is_open and variant is None:
            media = _guessed(media, call)
        is_success = ending.outcome.is_success or plan.workflow is not None
        if media is None or not is_success:
            return None
        if variant is not None and is_text(media):  # a language model answers in its own shape
            return None
        seconds = sum(step.seconds for step in plan.steps if call.via == "queue")
        return placing_of(self._files, media, call, request_id, seconds)

    def missed(self, call: Call, request_id: str = "") -> WireError:
        """A call that no exchange matches; without an id it gets one."""
        request_id = request_id or self._identities.next_id(call)
        nearest = [
            *self.own.nearest(call, self.is_used_up),
            *self.base.nearest(call, self.is_used_up),
        ]
        nearest.sort(key=lambda near: near.distance)
        miss = Miss(call, tuple(nearest[:3]))
        self._journal.write(self._clock.now(), "call", call, request_id, 404, "", "miss", miss=miss)
        if is_unknown_path(call.endpoint):
            return errors.unknown_path(call.endpoint.path, request_id)
        body: Json = {"detail": str(miss)}
        if variant_of(call.endpoint) in OPENAI:  # whose callers look for a message there
            from fakefal.protocol.llm.openai import error_body

            body |= error_body(str(miss), "not_found_error", code=404)
        return WireError(404, body, ((HINT, "miss"),), request_id=request_id)


def _tell_otherwise(call: Call) -> None:
    """Let matchers and templates read a conversation as they read a prompt."""
    from fakefal.protocol.llm.messages import in_any_llm_words  # few calls need it

    call.read_as = in_any_llm_words(variant_of(call.endpoint), call.input)


def _refused(variant: Variant | None, flaws: list[Json], switches: Switches) -> Outcome:
    """The answer to an input that the model does not take."""
    if variant in OPENAI and switches.openai_errors == "openai":
        from fakefal.protocol.llm import openai

        return openai.refusal(flaws)
    return errors.failure(422, {"detail": flaws})


def _guessed(media: MediaPlan | None, call: Call) -> MediaPlan | None:
    """The files of a reply that does not say what it is of."""
    if media is not None and media.kind is not None:
        return media
    from fakefal.scenario.media.file_refs import GENERATED_KINDS
    from fakefal.scenario.media.output_kinds import guess_kind

    kind = guess_kind(call.endpoint.text)
    if kind is None or media is None:
        return media if kind is None else GENERATED_KINDS[kind]
    return replace(media, kind=kind)
