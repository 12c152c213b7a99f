"""A reply as the engine uses it: nothing left to parse or to look up."""

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
    from fakefal.scenario.compiled.socket_script import Script
    from fakefal.scenario.compiled.webhooks import CompiledWebhook
    from fakefal.scenario.compiled.workflows import Workflow
    from fakefal.scenario.media.file_refs import CompiledMedia

Path = tuple[str | int, ...]

ReplyFactory = Callable[["Call", str, int], Awaitable["CompiledReply"]]
"""How a reply is made that a function gives: from the call, its request id, and how many calls the
exchange has answered, this one included."""

FailureFactory = Callable[[EndpointId, dict[str, Any]], Outcome]
"""How a scripted failure is made, from the endpoint and the template variables."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a stream is cut into events, its waits in seconds, and what goes wrong with it.

    ``broken``: after this many events one comes with an error, and then no more.
    ``stalled``: after this many events there is a silence of so many seconds. ``waits`` are the
    seconds before each event, where they are listed one by one.
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
        """Whether its events do not all come at once."""
        paced = self.first_seconds > 0 or self.every_seconds > 0 or bool(self.waits)
        return paced or self.stall is not None

    def wait_before(self, number: int) -> float:
        """The seconds between an event and the one before it, or the beginning."""
        if self.waits:
            return self.waits[number] if number < len(self.waits) else 0.0
        return self.every_seconds if number else self.first_seconds


CancelMode = Literal["ignored", "honoured", "too-late"]


@dataclass(frozen=True, slots=True)
class RunnerRetries:
    """How often the platform loses the runner and tries again, and what each loss is."""

    times: int
    error: ErrorSpec


@dataclass(frozen=True, slots=True)
class LlmCompletion:
    """What a metered language model says, and how its endpoint puts it; for its stream.

    ``ends_listed`` says that the whole follows events which a reply lists.
    """

    completion: Completion
    response_format: ResponseFormat
    follows_listed_events: bool = False


@dataclass(frozen=True, slots=True)
class UsageOverride:
    """What a reply says of its usage; None is worked out."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class RenderedOutcome:
    """How a call ends. ``text`` and ``reasoning`` are a language model's, for its stream.

    ``cost`` is what the call used of an endpoint that meters it, in US $.
    """

    outcome: Outcome
    shape: OutputShape
    text: str | None = None
    reasoning: str | None = None
    error: str | None = None
    llm_completion: LlmCompletion | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class CompiledReply:
    """A reply as the engine uses it.

    None of ``text``, ``output`` and ``fail`` set means a generated output; ``is_open`` says that
    the endpoint decides of what kind, where ``media`` does not. ``run_seconds`` is how
    long a direct run takes, ``start_seconds`` how long its runner takes to start. ``cancel`` None
    is what the app does. ``script`` is what a socket says in place of the outcome;
    ``ends_session`` and ``timing_seconds`` are of realtime sessions. ``keep_seconds`` None is what
    the retention rules say. ``request_id`` is the id of the first call that it answers. What no
    template changes is kept, by the code of the shape it was asked in: ``known`` outputs, and the
    encoded events of ``streams``. ``fails_literally`` says that a failure's body is as it was
    written. With a ``source`` all of it is known only when the call has come.
    """

    text: TemplateValue | None = None
    reasoning: TemplateValue | None = None
    error: TemplateValue | None = None
    output: TemplateValue | None = None
    fail: FailureFactory | None = None
    timeline: tuple[Step, ...] = DEFAULT_TIMELINE
    pacing: Pacing = Pacing()
    headers: TemplateValue | None = None
    inference_seconds: float | None = None
    billable_units: float | None = None
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

    @property
    def has_default_options(self) -> bool:
        """Whether a job of it behaves like any other."""
        return (
            self.faults is None
            and self.cancel is None
            and self.runner_retries is None
            and self.result_ttl_seconds is None
        )


GENERATED = CompiledReply(is_endpoint_default=True)
"""What a call gets that no exchange matches, where misses are answered."""
