"""Resolves a call: picks the exchange, renders the outcome, injects faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fakefal.engine.calls.faults import FaultInjector
from fakefal.engine.calls.own_checks import refusal_text, tolerated_model
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal, Miss
from fakefal.engine.core.request_ids import RequestIdGenerator
from fakefal.engine.files.store import FileStore
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.headers import HINT
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Fault, FaultAbort, Operation
from fakefal.protocol.llm.anyllm import billable_units, output_shape
from fakefal.protocol.llm.endpoints import OPENAI_APIS, TOKEN_METERED_APIS, is_unknown_path
from fakefal.protocol.llm.inputs import long_prompt_errors, unknown_fields, validate
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.reply import GENERATED, CompiledReply, RenderedOutcome
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.render.outcome import render_outcome
from fakefal.scenario.templates.templates import TemplateError

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import CompiledExchange
    from fakefal.scenario.render.file_refs import FileRefResolver
    from fakefal.scenario.schemas.library import EndpointSchema


@dataclass(slots=True)
class Resolution:
    """The resolved call: its request id, rendered outcome, cost, and the reply.

    ``units`` None means that the response has no cost header. ``count`` is the number of calls that
    the exchange has answered, this one included; ``location`` is its file and line. ``fault`` is
    applied to the response, ``note`` goes to the journal.
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


class _Choice(NamedTuple):  # a dataclass takes twice as long to create
    """The reply chosen for a call, not yet rendered; the other fields as in ``Resolution``."""

    request_id: str
    reply: CompiledReply
    label: str
    use_count: int
    location: str
    fault: Fault | None
    note: str
    llm_api: LlmApi | None


_INVALID_INPUT_REPLY = CompiledReply()

_CALLABLE_NOT_SUPPORTED = "callable replies are not supported for via={}"


class CallResolver:
    """Resolves the calls of a tenant; holds its exchanges and counts their uses.

    The tenant's own exchanges are matched before those that the server loaded.
    """

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
        """Replace the tenant's own exchanges; exchanges in both sets keep their counts."""
        self.own_index = index
        self.has_callables = any(
            reply.factory for exchange in index.exchanges for reply in exchange.replies
        )
        remaining = {*index.exchanges, *self.base_index.exchanges}
        self.use_counts = {
            exchange: count for exchange, count in self.use_counts.items() if exchange in remaining
        }

    def is_used_up(self, exchange: CompiledExchange) -> bool:
        """Whether an exchange has answered as many calls as its ``times`` allow."""
        return (
            exchange.capacity is not None and self.use_counts.get(exchange, 0) >= exchange.capacity
        )

    def next_reply(self, exchange: CompiledExchange) -> CompiledReply:
        """The reply of an exchange to its next call."""
        return exchange.reply_for(self.use_counts.get(exchange, 0))

    async def prepare(self, call: Call, operation: Operation) -> None:
        """Choose the reply of a call and await it if it is a callable.

        To be followed by ``resolve`` with the same call; raises the same errors.
        """
        choice = self._choose(call, operation)
        if isinstance(choice, _Choice) and (factory := choice.reply.factory) is not None:
            reply = await factory(call, choice.request_id, choice.use_count)
            choice = choice._replace(reply=reply)
        call.resolution = choice

    def exchange_for(self, call: Call) -> CompiledExchange | None:
        """The exchange that would answer a call: one of the tenant's own, else a loaded one."""
        own = self.own_index.find(call, self.is_used_up) if self.own_index.exchanges else None
        if own is not None and own.model.priority >= self.base_index.priority:
            return own
        loaded = self.base_index.find(call, self.is_used_up)
        if own is None or loaded is None:
            return own or loaded
        return loaded if loaded.model.priority > own.model.priority else own

    def resolve(self, call: Call, operation: Operation | None) -> Resolution:
        """Resolve a call; raises ApiError for a miss, FaultAbort if a fault prevents the call.

        Such a call counts for no exchange. Without an operation no faults are injected.
        """
        choice = call.resolution or self._choose(call, operation)
        if isinstance(choice, Resolution):
            return choice
        request_id, reply, llm_api = choice.request_id, choice.reply, choice.llm_api
        if reply.factory is not None:
            detail = f"fakefal: {_CALLABLE_NOT_SUPPORTED.format(call.via)}"
            raise ApiError(500, {"detail": detail}, request_id=request_id)
        rendered = self._render(choice, call)
        file_refs = None
        if reply.media is not None or (reply.is_endpoint_default and llm_api is None):
            media = None
            if (schema := self._schema_of(call)) is not None and llm_api is None:
                from fakefal.engine.calls.schema_calls import render_output

                rendered, media = render_output(schema, reply, call, rendered, self.settings.seed)
            from fakefal.engine.files.outputs import file_refs_of_reply

            file_refs = file_refs_of_reply(self._files, reply, call, request_id, rendered, media)
            if file_refs is not None and rendered.outcome.is_success:
                rendered = file_refs.resolve_outcome(rendered, self.settings.seed)
        units = reply.billable_units
        if units is None and rendered.outcome.status < 400:
            units = rendered.cost
            if units is None:
                units = billable_units(llm_api, call.input, self.settings.flags.schema_version)
        return Resolution(
            request_id,
            rendered,
            reply,
            units,
            choice.label,
            choice.use_count,
            choice.location,
            choice.fault,
            choice.note,
            file_refs,
        )

    def _choose(self, call: Call, operation: Operation | None) -> _Choice | Resolution:
        """Choose the reply of a call and count it as used."""
        request_id = self._request_ids.next_id(call)
        fault = None
        if operation is not None and self._faults.environment is not None:
            fault = self._faults.next_fault(operation, call.endpoint, request_id)
            self._abort_on(fault, call, request_id, "")
        llm_api = call.endpoint.llm_api
        if llm_api in OPENAI_APIS:
            _set_matcher_input(call)
        validation_errors, note = list(call.validation_errors), ""
        schema = None
        if not validation_errors and self.settings.flags.validate:
            if (schema := self._schema_of(call)) is not None:
                from fakefal.engine.calls.schema_calls import check_input  # few have schemas

                validation_errors, note = check_input(schema, call, self.settings)
            elif llm_api is not None:
                validation_errors, note = self._validate(call, llm_api)
        if validation_errors:
            if schema is not None:
                return self._invalid_input(call, request_id, validation_errors, fault, note)
            model = tolerated_model(validation_errors, self.settings.flags)
            if not model or self.exchange_for(call) is None:
                return self._invalid_input(call, request_id, validation_errors, fault)
            note = f"no version of fal's schema has the model {model}; an exchange matches"
        if type(call.input) is dict and "webhook_url" in call.input:
            lint = "webhook_url in the input has no effect; pass it beside the input"
            self._journal.write(self._clock.now(), "lint", call, request_id, 200, "", lint)
        exchange = self.exchange_for(call)
        if exchange is None:
            reply = self._unmatched(call, request_id, fault)
            return _Choice(request_id, reply, "generated", 1, "", fault, note, llm_api)
        use_count = self.use_counts.get(exchange, 0)
        reply, label = exchange.replies[0], exchange.label
        if len(exchange.replies) > 1:
            reply = exchange.reply_for(use_count)
        if fault is None and reply.faults is not None and operation in reply.faults:
            sequence = reply.faults[operation]
            fault = self._faults.next_in_sequence(
                sequence, call.endpoint, operation, exchange, id(reply)
            )
            self._abort_on(fault, call, request_id, label)
        self.use_counts[exchange] = use_count + 1
        if reply.request_id is not None and reply.request_id not in self._used_request_ids:
            request_id = reply.request_id
            self._used_request_ids.add(request_id)
        location = exchange.location
        return _Choice(request_id, reply, label, use_count + 1, location, fault, note, llm_api)

    def _render(self, choice: _Choice, call: Call) -> RenderedOutcome:
        """Render the outcome of a reply; raises ApiError for a template that fails."""
        request_id, reply, count = choice.request_id, choice.reply, choice.use_count
        settings, llm_api = self.settings, choice.llm_api
        try:
            if llm_api not in TOKEN_METERED_APIS or reply.raw is not None:
                shape = output_shape(llm_api, call.input, settings.flags.schema_version)
                if (cached := reply.outcome_cache.get(shape.code)) is not None:
                    return cached
                return render_outcome(reply, call, request_id, count, settings.seed, settings.flags)
            from fakefal.scenario.render.llm.outcome import render_llm_outcome  # few calls need it

            return render_llm_outcome(reply, call, request_id, count, settings, self._clock.now())
        except TemplateError as error:
            raise self.template_error(error, call, choice.label, choice.location) from None

    def immediate_failure(self, call: Call, resolution: Resolution) -> ApiError:
        """The error of a call that fails in its first response, journalled."""
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
        """The error of a call that is rejected before matching, journalled under a new id."""
        error.request_id = self._request_ids.next_id(call)
        now = self._clock.now()
        self._journal.write(now, "call", call, error.request_id, error.status, "", note)
        return error

    def template_error(
        self, error: TemplateError, call: Call, label: str, location: str
    ) -> ApiError:
        """The 500 of a reply that cannot be rendered for this call, journalled."""
        where = f" ({location or label})" if location or label else ""
        text = f"{error.message} at {'.'.join(map(str, error.path))}{where}"
        detail = f"fakefal could not render the reply: {text}"
        self._journal.write(self._clock.now(), "call", call, "", 500, label, detail)
        return ApiError(500, {"detail": detail}, hint="the scenario's template failed")

    def _abort_on(self, fault: Fault | None, call: Call, request_id: str, label: str) -> None:
        """Journal the call and raise FaultAbort if the fault prevents the call."""
        if fault is None or fault.is_performed:
            return
        now = self._clock.now()
        self._journal.write(now, "call", call, request_id, fault.journal_status, label, fault=fault)
        raise FaultAbort(fault, request_id)

    def _validate(self, call: Call, llm_api: LlmApi) -> tuple[list[Json], str]:
        """The model's validation errors of an input, and a note for the journal."""
        flags = self.settings.flags
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
        self,
        call: Call,
        request_id: str,
        validation_errors: list[Json],
        fault: Fault | None,
        note: str = "",
    ) -> Resolution:
        """The 422 of an input; ``note`` says who refused it, if it was not the check of LLMs."""
        llm_api, flags = call.endpoint.llm_api, self.settings.flags
        shape = output_shape(llm_api, call.input, flags.schema_version)
        outcome = _validation_failure(llm_api, validation_errors, flags)
        if not note and not call.validation_errors:
            note = refusal_text(validation_errors, flags)
        if note:
            outcome = replace(outcome, headers=(*outcome.headers, (HINT, note)))
        rendered = RenderedOutcome(outcome, shape)
        return Resolution(
            request_id, rendered, _INVALID_INPUT_REPLY, 0, "invalid input", fault=fault, note=note
        )

    def _unmatched(self, call: Call, request_id: str, fault: Fault | None) -> CompiledReply:
        """The generated reply of a call that matches no exchange; raises ApiError for a miss."""
        if self.settings.unmatched != "fail":
            if call.endpoint.llm_api is not None or self._schema_of(call) is not None:
                return GENERATED
            from fakefal.scenario.media.output_kinds import guess_kind  # most calls have no files

            if guess_kind(call.endpoint.text) is not None:
                return GENERATED
        error = self.miss(call, request_id)
        error.fault = fault
        raise error

    def _schema_of(self, call: Call) -> EndpointSchema | None:
        """The endpoint's own schema, which says more than its name; None for most."""
        schemas = self.settings.schemas
        return None if schemas is None else schemas.find(call.endpoint)

    def miss(self, call: Call, request_id: str = "") -> ApiError:
        """The 404 of a call that matches no exchange, journalled with the nearest exchanges.

        Without a request id it gets a new one.
        """
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
        # @fal-ai/client shows ``message`` of a body, or else only the status text.
        body: Json = {"detail": str(record), "message": str(record)}
        if call.endpoint.llm_api in OPENAI_APIS:  # OpenAI clients read ``error.message``
            from fakefal.protocol.llm.openai import error_body

            body |= error_body(str(record), "not_found_error", code=404)
        return ApiError(404, body, ((HINT, "miss"),), request_id=request_id)


def _set_matcher_input(call: Call) -> None:
    """Let matchers and templates read chat messages in the same way as a prompt."""
    from fakefal.protocol.llm.messages import add_prompt_fields  # few calls need it

    call.normalized_input = add_prompt_fields(call.endpoint.llm_api, call.input)


def _validation_failure(
    llm_api: LlmApi | None, validation_errors: list[Json], flags: CompatFlags
) -> Outcome:
    """The error of an invalid input, in the form of the API that was called."""
    if llm_api in OPENAI_APIS and flags.openai_errors == "openai":
        from fakefal.protocol.llm import openai

        return openai.invalid_request(validation_errors)
    return errors.failed_outcome(422, {"detail": validation_errors})
