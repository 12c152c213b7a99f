"""A compiled reply, in parts: outcome, stream pacing, job options, webhook, socket script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fakefal.protocol.core.call import Call, Outcome
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.protocol.errors.fault import Cut, SlowBody
from fakefal.protocol.llm.anyllm import OutputShape
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, Step
from fakefal.scenario.templates.templates import TemplateValue

if TYPE_CHECKING:
    from fakefal.protocol.llm.completion import Completion, ResponseFormat
    from fakefal.scenario.compiled.faults import FaultsByOperation
    from fakefal.scenario.compiled.media import CompiledMedia
    from fakefal.scenario.compiled.socket_script import Script
    from fakefal.scenario.compiled.webhooks import CompiledWebhook
    from fakefal.scenario.compiled.workflows import Workflow

Path = tuple[str | int, ...]

ReplyFactory = Callable[["Call", str, int], Awaitable["CompiledReply"]]
"""Makes a reply that a Python function returns, from the call, its request id, and the number of
calls that the exchange has answered, this one included."""

FailureFactory = Callable[[EndpointId, dict[str, Any]], Outcome]
"""Makes the outcome of a failure from the endpoint and the template variables."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a stream is split into events, the waits between them, and what goes wrong with it.

    ``error_after``: the number of events before an error event that ends the stream, and its text.
    ``stall``: the number of events before a silence, and its seconds. ``waits`` are the seconds
    before each event, where a reply lists them one by one. ``slices``: the bytes of a write.
    """

    by: Literal["word", "char", "line"] = "word"
    count: int | None = None
    chunks: tuple[str, ...] | None = None
    events: TemplateValue | None = None
    first_seconds: float = 0.0
    every_seconds: float = 0.0
    cut: Cut | None = None
    error_after: tuple[int, str] | None = None
    stall: tuple[int, float] | None = None
    slices: SlowBody | None = None
    has_final_event: bool = True
    waits: tuple[float, ...] = ()

    @property
    def is_paced(self) -> bool:
        """Whether there is a wait before any event."""
        paced = self.first_seconds > 0 or self.every_seconds > 0 or bool(self.waits)
        return paced or self.stall is not None

    def wait_before(self, number: int) -> float:
        """The seconds before an event, counted from the previous one or the start."""
        if self.waits:
            return self.waits[number] if number < len(self.waits) else 0.0
        return self.every_seconds if number else self.first_seconds


CancelMode = Literal["ignored", "accepted", "too-late"]


@dataclass(frozen=True, slots=True)
class RunnerRetries:
    """How many runners the platform loses, and the error of each."""

    times: int
    error: ErrorSpec


@dataclass(frozen=True, slots=True)
class LlmCompletion:
    """The completion of an LLM endpoint that reports usage, kept for its stream.

    ``follows_listed_events``: it is sent as the last event, after those that the reply lists.
    """

    completion: Completion
    response_format: ResponseFormat
    follows_listed_events: bool = False


@dataclass(frozen=True, slots=True)
class UsageOverride:
    """Usage that a reply sets; None is estimated from the texts."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class RenderedOutcome:
    """The outcome of one call, with templates filled in.

    ``text`` and ``reasoning`` are those of a language model, kept for its stream. ``cost`` is in
    US dollars, of an endpoint that reports it.
    """

    outcome: Outcome
    shape: OutputShape
    text: str | None = None
    reasoning: str | None = None
    error: str | None = None
    llm_completion: LlmCompletion | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class RawBody:
    """An output that is not JSON: the whole body of the response."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class CompiledReply:
    """A reply with templates parsed, defaults filled in and presets expanded.

    - If none of ``text``, ``output``, ``raw`` and ``fail`` is set, the output is generated;
      ``is_endpoint_default``: its kind is that of the endpoint, unless ``media`` has one.
    - ``run_seconds`` is how long a direct run takes, ``start_seconds`` how long its runner takes to
      start.
    - ``cancel`` None means the mode of the app; ``result_ttl_seconds`` None the retention rules.
    - ``is_failure_literal``: the failure has a body as the scenario wrote it.
    - ``script`` replaces the outcome on a WebSocket; ``ends_session`` and ``timing_seconds`` are
      for realtime sessions.
    - ``request_id`` is the id of the first call that it answers.
    - With a ``factory`` everything else is known only when the call arrives.
    - ``outcome_cache`` and ``stream_cache`` keep what has no templates, by output shape.
    """

    text: TemplateValue | None = None
    reasoning: TemplateValue | None = None
    error: TemplateValue | None = None
    output: TemplateValue | None = None
    raw: RawBody | None = None
    fail: FailureFactory | None = None
    timeline: tuple[Step, ...] = DEFAULT_TIMELINE
    pacing: Pacing = Pacing()
    headers: TemplateValue | None = None
    inference_seconds: float | None = None
    billable_units: float | None = None
    error_in_status: bool | None = None
    run_seconds: float = 0.0
    start_seconds: float = 0.0
    has_default_timeline: bool = True
    faults: FaultsByOperation | None = None
    cancel: CancelMode | None = None
    runner_retries: RunnerRetries | None = None
    result_ttl_seconds: float | None = None
    omit_fields: tuple[str, ...] = ()
    webhook: CompiledWebhook | None = None
    media: CompiledMedia | None = None
    is_endpoint_default: bool = False
    tool_calls: TemplateValue | None = None
    finish_reason: str | None = None
    usage: UsageOverride = UsageOverride()
    is_failure_literal: bool = False
    factory: ReplyFactory | None = None
    workflow: Workflow | None = None
    script: Script | None = None
    ends_session: bool = False
    timing_seconds: float | None = None
    request_id: str | None = None
    stream_cache: dict[tuple[object, ...], list[bytes]] = field(
        default_factory=dict, compare=False, repr=False
    )
    outcome_cache: dict[int, RenderedOutcome] = field(
        default_factory=dict, compare=False, repr=False
    )

    has_default_options: bool = field(init=False, compare=False, repr=False)
    """Whether its jobs need no job options of their own."""

    def __post_init__(self) -> None:
        options = (self.faults, self.cancel, self.runner_retries, self.result_ttl_seconds)
        has_default_options = all(option is None for option in options)
        object.__setattr__(self, "has_default_options", has_default_options)


GENERATED = CompiledReply(is_endpoint_default=True)
"""The reply to a call without a matching exchange, under ``unmatched: generate``."""
