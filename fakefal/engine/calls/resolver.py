"""What a call comes to: the exchange that answers it, its end, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from fakefal.engine.calls.faults import FaultInjector
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal, Miss
from fakefal.engine.core.request_ids import RequestIdGenerator
from fakefal.engine.files.store import FileStore
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.headers import HINT
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Fault, FaultAbort, Operation
from fakefal.protocol.llm.anyllm import billable_units, output_shape
from fakefal.protocol.llm.endpoints import (
    OPENAI_APIS,
    TOKEN_METERED_APIS,
    LlmApi,
    is_unknown_path,
    llm_api_of,
)
from fakefal.protocol.llm.inputs import long_prompt_errors, unknown_fields, validate
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.reply import GENERATED, CompiledReply, RenderedOutcome
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.render.outcome import render_outcome
from fakefal.scenario.templates.templates import TemplateError

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import CompiledExchange
    from fakefal.scenario.media.file_refs import CompiledMedia, FileRefResolver


@dataclass(slots=True)
class Resolution:
    """What a call comes to: its id, its end, what it costs, and the plan that says how it goes.

    ``units`` None means that nothing is said about the cost. ``count`` is how many calls the
    exchange has answered, this one included; ``place`` is where it is written. ``trouble`` is what
    happens to the answer on its way, ``note`` what the journal should say.
    """

    request_id: str
    rendered: RenderedOutcome
    reply: CompiledReply
    units: float | None
    label: str = ""
    count: int = 1
    location: str = ""
    fault: Fault | None = None
    note: str = ""
    file_refs: FileRefResolver | None = None


_Choice = tuple[str, CompiledReply, str, int, str, Fault | None, str, LlmApi | None]
"""The reply that a call gets, and what befalls the answer; nothing is rendered yet. In this order:
request id, plan, label, count, place, trouble, note, and which language model is asked."""

_INVALID_INPUT_REPLY = CompiledReply()

_CALLABLE_NOT_SUPPORTED = "a function cannot be the reply to a call that came in this way"


class CallResolver:
    """Finds the answers of a tenant's calls; holds the exchanges and their counts."""

    def __init__(
        self,
        settings: EffectiveSettings,
        clock: Clock,
        base_index: ExchangeIndex,
        journal: Journal,
        request_ids: RequestIdGenerator,
        faults: FaultInjector,
        files: FileStore,
    ) -> None:
        self.settings = settings
        self.base_index = base_index
        self.own_index = ExchangeIndex()
        self.use_counts: dict[CompiledExchange, int] = {}
        self.has_callables = False
        self._used_request_ids: set[str] = set()
        self._clock = clock
        self._journal = journal
        self._request_ids = request_ids
        self._faults = faults
        self._files = files

    def set_own_index(self, index: ExchangeIndex) -> None:
        """Replace the tenant's own exchanges; those that stay keep their counts."""
        self.own_index = index
        self.has_callables = any(
            reply.factory for exchange in index.exchanges for reply in exchange.replies
        )
        remaining = {*index.exchanges, *self.base_index.exchanges}
        self.use_counts = {
            exchange: count for exchange, count in self.use_counts.items() if exchange in remaining
        }

    def is_used_up(self, exchange: CompiledExchange) -> bool:
        """Whether an exchange has answered as many calls as it may."""
        return (
            exchange.capacity is not None and self.use_counts.get(exchange, 0) >= exchange.capacity
        )

    async def prepare(self, call: Call, operation: Operation) -> None:
        """Choose the reply of a call, and wait for it where a function gives it.

        Raises what ``answer`` raises, which is to be asked next.
        """
        choice = self._choose(call, operation)
        if isinstance(choice, tuple) and (factory := choice[1].factory) is not None:
            request_id, _, label, count, *rest = choice
            reply = await factory(call, request_id, count)
            choice = cast("_Choice", (request_id, reply, label, count, *rest))
        call.resolution = choice

    def exchange_for(self, call: Call) -> CompiledExchange | None:
        """The exchange that would answer a call: the tenant's own go first."""
        return self.own_index.find(call, self.is_used_up) or self.base_index.find(
            call, self.is_used_up
        )

    def resolve(self, call: Call, operation: Operation | None) -> Resolution:
        """The answer of a call; raises WireError for a miss, Interrupted for one not served.

        A call that is not served uses up no exchange. Without an operation nothing goes wrong that
        is not in the answer itself.
        """
        choice = call.resolution or self._choose(call, operation)
        if isinstance(choice, Resolution):
            return choice
        request_id, reply, label, count, location, fault, note, llm_api = choice
        settings = self.settings
        if reply.factory is not None:
            raise ApiError(
                500, {"detail": f"fakefal: {_CALLABLE_NOT_SUPPORTED}"}, request_id=request_id
            )
        try:
            if llm_api in TOKEN_METERED_APIS:
                rendered = self._render_llm(reply, call, request_id, count)
            else:
                rendered = render_outcome(
                    reply, call, request_id, count, settings.seed, settings.flags
                )
        except TemplateError as error:
            raise self.template_error(error, call, label, location) from None
        file_refs = None
        if reply.media is not None or (reply.is_endpoint_default and llm_api is None):
            file_refs = self._file_refs(reply, call, request_id, rendered)
            if file_refs is not None and rendered.outcome.is_success:
                rendered = file_refs.resolve_outcome(rendered, settings.seed)
        units = reply.billable_units
        if units is None and rendered.outcome.is_success:
            units = rendered.cost
            if units is None:
                units = billable_units(llm_api, call.input, settings.flags.schema_version)
        return Resolution(
            request_id, rendered, reply, units, label, count, location, fault, note, file_refs
        )

    def _choose(self, call: Call, operation: Operation | None) -> _Choice | Resolution:
        """The reply that a call gets; from now on it counts as given."""
        request_id = self._request_ids.next_id(call)
        fault = None
        if operation is not None and self._faults.environment is not None:
            fault = self._faults.next_fault(operation, call.endpoint, request_id)
            self._abort_on(fault, call, request_id, "")
        llm_api = llm_api_of(call.endpoint)
        if llm_api in OPENAI_APIS:
            _set_matcher_input(call)
        validation_errors, note = self._validate(call, llm_api)
        if validation_errors:
            return self._invalid_input(call, request_id, validation_errors, fault)
        if type(call.input) is dict and "webhook_url" in call.input:
            lint = "webhook_url inside the input does nothing: ask for it beside the input"
            self._journal.write(self._clock.now(), "lint", call, request_id, 200, "", lint)
        exchange = self.own_index.find(call, self.is_used_up) or self.base_index.find(
            call, self.is_used_up
        )
        if exchange is None:
            reply = self._unmatched(call, request_id, fault)
            return request_id, reply, "generated", 1, "", fault, note, llm_api
        use_count = self.use_counts.get(exchange, 0)
        reply, label = exchange.reply_for(use_count), exchange.label
        if fault is None and reply.faults is not None and operation in reply.faults:
            sequence = reply.faults[operation]
            fault = self._faults.next_in_sequence(
                sequence, call.endpoint, operation, exchange, id(reply)
            )
            self._abort_on(fault, call, request_id, label)
        self.use_counts[exchange] = count = use_count + 1
        if reply.request_id is not None and reply.request_id not in self._used_request_ids:
            request_id = reply.request_id
            self._used_request_ids.add(request_id)
        return request_id, reply, label, count, exchange.location, fault, note, llm_api

    def _render_llm(
        self, reply: CompiledReply, call: Call, request_id: str, count: int
    ) -> RenderedOutcome:
        """The end of a call of a language model that tells what was used."""
        from fakefal.scenario.render.llm.outcome import render_llm_outcome  # few calls are of these

        return render_llm_outcome(reply, call, request_id, count, self.settings, self._clock.now())

    def immediate_failure(self, call: Call, resolution: Resolution) -> ApiError:
        """A failure that the caller meets at once."""
        outcome = resolution.rendered.outcome
        now = self._clock.now()
        id_, fault = resolution.request_id, resolution.fault
        self._journal.write(
            now, "call", call, id_, outcome.status, resolution.label, resolution.note, fault
        )
        error = ApiError.from_outcome(outcome)
        error.request_id, error.billable_units, error.fault = id_, resolution.units, fault
        return error

    def reject(self, call: Call, error: ApiError, note: str) -> ApiError:
        """A call that no exchange is asked about, with an id of its own."""
        error.request_id = self._request_ids.next_id(call)
        now = self._clock.now()
        self._journal.write(now, "call", call, error.request_id, error.status, "", note)
        return error

    def template_error(
        self, error: TemplateError, call: Call, label: str, location: str
    ) -> ApiError:
        """A reply that cannot be rendered for this call: the fake's own failure."""
        where = f" ({location or label})" if location or label else ""
        text = f"{error.what} at {'.'.join(map(str, error.path))}{where}"
        detail = f"fakefal could not render the reply: {text}"
        self._journal.write(self._clock.now(), "call", call, "", 500, label, detail)
        return ApiError(500, {"detail": detail}, hint="the scenario's template failed")

    def _abort_on(self, fault: Fault | None, call: Call, request_id: str, label: str) -> None:
        """End a call here that is not served."""
        if fault is None or fault.is_performed:
            return
        now = self._clock.now()
        self._journal.write(now, "call", call, request_id, fault.journal_status, label, fault=fault)
        raise FaultAbort(fault, request_id)

    def _validate(self, call: Call, llm_api: LlmApi | None) -> tuple[list[Json], str]:
        """What the model would refuse in an input, and what the journal should say of it."""
        flags = self.settings.flags
        if call.validation_errors or llm_api is None or not flags.validate:
            return list(call.validation_errors), ""
        if llm_api in OPENAI_APIS:
            from fakefal.protocol.llm import openai

            return openai.validate(llm_api, call.input), ""
        validation_errors = validate(llm_api, call.input, flags.schema_version)
        if flags.long_prompts == "refuse":
            validation_errors += long_prompt_errors(call.input)
        if flags.unknown_fields == "ignore":
            return validation_errors, ""
        unknown = unknown_fields(llm_api, call.input, flags.schema_version)
        if flags.unknown_fields == "refuse":
            return validation_errors + [error for _, error in unknown], ""
        names = ", ".join(name for name, _ in unknown)
        return validation_errors, f"unknown input fields: {names}" if names else ""

    def _invalid_input(
        self, call: Call, request_id: str, validation_errors: list[Json], fault: Fault | None
    ) -> Resolution:
        llm_api, flags = llm_api_of(call.endpoint), self.settings.flags
        shape = output_shape(llm_api, call.input, flags.schema_version)
        rendered = RenderedOutcome(_validation_failure(llm_api, validation_errors, flags), shape)
        return Resolution(
            request_id, rendered, _INVALID_INPUT_REPLY, 0, "invalid input", fault=fault
        )

    def _unmatched(self, call: Call, request_id: str, fault: Fault | None) -> CompiledReply:
        """What a call gets that no exchange matches."""
        if self.settings.unmatched != "fail":
            if llm_api_of(call.endpoint) is not None:
                return GENERATED
            from fakefal.scenario.media.output_kinds import guess_kind  # most calls have no files

            if guess_kind(call.endpoint.text) is not None:
                return GENERATED
        error = self.miss(call, request_id)
        error.fault = fault
        raise error

    def _file_refs(
        self, reply: CompiledReply, call: Call, request_id: str, rendered: RenderedOutcome
    ) -> FileRefResolver | None:
        """The files of an output, to be put where the caller can fetch them."""
        from fakefal.engine.files.outputs import file_refs_of
        from fakefal.scenario.media.file_refs import is_text

        media, llm_api = reply.media, llm_api_of(call.endpoint)
        if reply.is_endpoint_default and llm_api is None:
            media = _with_guessed_kind(media, call)
        is_success = rendered.outcome.is_success or reply.workflow is not None
        if media is None or not is_success:
            return None
        if llm_api is not None and is_text(media):  # a language model answers in its own shape
            return None
        seconds = sum(step.seconds for step in reply.timeline if call.via == "queue")
        return file_refs_of(self._files, media, call, request_id, seconds)

    def miss(self, call: Call, request_id: str = "") -> ApiError:
        """A call that no exchange matches; without an id it gets one."""
        request_id = request_id or self._request_ids.next_id(call)
        nearest = [
            *self.own_index.nearest(call, self.is_used_up),
            *self.base_index.nearest(call, self.is_used_up),
        ]
        nearest.sort(key=lambda near: near.distance)
        record = Miss(call, tuple(nearest[:3]))
        self._journal.write(
            self._clock.now(), "call", call, request_id, 404, "", "miss", miss=record
        )
        if is_unknown_path(call.endpoint):
            return errors.unknown_path(call.endpoint.path, request_id)
        body: Json = {"detail": str(record)}
        if llm_api_of(call.endpoint) in OPENAI_APIS:  # whose callers look for a message there
            from fakefal.protocol.llm.openai import error_body

            body |= error_body(str(record), "not_found_error", code=404)
        return ApiError(404, body, ((HINT, "miss"),), request_id=request_id)


def _set_matcher_input(call: Call) -> None:
    """Let matchers and templates read a conversation as they read a prompt."""
    from fakefal.protocol.llm.messages import add_prompt_fields  # few calls need it

    call.normalized_input = add_prompt_fields(llm_api_of(call.endpoint), call.input)


def _validation_failure(
    llm_api: LlmApi | None, validation_errors: list[Json], flags: CompatFlags
) -> Outcome:
    """The answer to an input that the model does not take."""
    if llm_api in OPENAI_APIS and flags.openai_errors == "openai":
        from fakefal.protocol.llm import openai

        return openai.invalid_request(validation_errors)
    return errors.failed_outcome(422, {"detail": validation_errors})


def _with_guessed_kind(media: CompiledMedia | None, call: Call) -> CompiledMedia | None:
    """The files of a reply that does not say what it is of."""
    if media is not None and media.kind is not None:
        return media
    from fakefal.scenario.media.file_refs import GENERATED_KINDS
    from fakefal.scenario.media.output_kinds import guess_kind

    kind = guess_kind(call.endpoint.text)
    if kind is None or media is None:
        return media if kind is None else GENERATED_KINDS[kind]
    return replace(media, kind=kind)
