"""The scenario format: what a user may write, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.call import VIAS, Via
from fakefal.protocol.errors.catalog import find_error
from fakefal.scenario.media.assets import references_in
from fakefal.scenario.media.kinds import FILE_KINDS, TEXT_KINDS, Kind
from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.failure import Fail, RetriedName
from fakefal.scenario.model.faults import CallFaults
from fakefal.scenario.model.fields import (
    Duration,
    Headers,
    OrOne,
    OrWord,
    Output,
    Pattern,
    StrictModel,
    as_list,
)
from fakefal.scenario.model.llm import FinishReason, ToolCalls, UsageSpec
from fakefal.scenario.model.media import FileName, Media
from fakefal.scenario.model.sockets import FrameEntry, MessageRule, RealtimeSpec
from fakefal.scenario.model.timeline import StepEntry, StreamSpec
from fakefal.scenario.model.webhooks import Webhook
from fakefal.scenario.model.workflows import WorkflowSpec
from fakefal.scenario.presets.registry import PRESETS, reply_preset_names


def _via_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _endpoint_kind(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(name)"


Endpoints = Annotated[
    Annotated[str, Tag("(name)")] | Annotated[list[str], Field(min_length=1), Tag("(list)")],
    Discriminator(_endpoint_kind),
]


class When(StrictModel):
    """Which calls an exchange answers; what is left out matches everything."""

    endpoint: Endpoints | None = Field(
        None,
        description="Endpoint id, or a list of them, exact or with * and ?: fal-ai/*.",
    )
    via: Annotated[
        list[Via] | None,
        BeforeValidator(_via_list),
        OrWord({"enum": [*VIAS]}),
    ] = Field(None, description="How the call came; left out, any way.")
    method: Literal["POST", "GET"] = Field(
        "POST", description="GET is for routes of an app of one's own, such as /health."
    )
    input: Pattern = Field(None, description="Matched against the JSON input, as a subset.")
    headers: dict[str, Pattern] | None = Field(
        None, description="Matched against request headers; names in any case."
    )

    @model_validator(mode="after")
    def _check_get_is_run(self) -> When:
        if self.method == "GET" and self.via is not None and "run" not in self.via:
            names = f"method: GET and via: {', '.join(self.via)}"
            raise PydanticCustomError("conflict", "{names} cannot stand together", {"names": names})
        return self


class RetriesSpec(StrictModel):
    """How often the platform loses the runner and puts the request back into the queue."""

    times: int = Field(1, ge=0, le=100, description="Runners lost. fal gives up after ten.")
    after: RetriedName = Field("runner_disconnected", description="What each loss is.")


def _check_preset(value: Any) -> Any:
    name = value.replace("_", "-") if isinstance(value, str) else ""
    preset = PRESETS.get(name)
    if preset is not None and preset.part == "reply":
        return name
    if find_error(name) is None:
        raise PydanticCustomError("reply_preset", "is no preset for a reply")
    return name


PresetNames = Annotated[
    list[
        Annotated[
            str, BeforeValidator(_check_preset), WithJsonSchema({"enum": reply_preset_names()})
        ]
    ],
    BeforeValidator(as_list),
    OrOne(),
]


def _retries_spec(value: Any) -> Any:
    return {"times": value} if isinstance(value, int) and not isinstance(value, bool) else value


def _has_files(reply: Reply, outcome: list[str]) -> bool:
    """Whether a reply has files, or may have some that are generated."""
    if outcome not in ([], ["kind"], ["output"]):
        return False
    return outcome != ["output"] or any(references_in(reply.output))


RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class Reply(StrictModel):
    """What the fake does with a call: how it ends, and on the way there."""

    preset: PresetNames | None = Field(None, description="Ready-made troubles, by name.")
    text: str | None = Field(None, description="A language model's output text.")
    reasoning: str | None = Field(None, description="Given only if the call asks for reasoning.")
    error: str | None = Field(None, description="An upstream failure inside a 200 answer.")
    output: Output = Field(None, description="The model's output, any JSON.")
    tool_calls: ToolCalls = Field(None, description="Of OpenAI-compatible endpoints.")
    finish_reason: FinishReason | None = Field(None, description="Of OpenAI-compatible endpoints.")
    usage: UsageSpec | None = Field(None, description="Of endpoints that tell it.")
    fail: Fail | None = Field(None, description="A failure: a catalogue name, or spelled out.")
    kind: Kind | None = Field(None, description="An output of a common shape, its files made.")
    files: list[FileName] | None = Field(None, min_length=1, description="The files of a kind.")
    media: Media | None = Field(None, description="What happens to files when they are read.")
    timeline: list[StepEntry] | None = Field(None, description="Default: one poll of each state.")
    stream: StreamSpec | None = None
    headers: Headers = Field(default_factory=dict, description="Extra response headers.")
    inference_time: Duration | None = Field(None, description="metrics.inference_time.")
    billable_units: Annotated[float, Field(ge=0)] | None = None
    request_id: RequestId | None = Field(
        None, description="The id of the first call that it answers; those of others are made."
    )
    omit_fields: list[str] | None = Field(None, description="Fields left out of the output.")
    cancel: Literal["ignored", "honoured", "too-late"] | None = Field(
        None, description="What a cancel comes to. Default: only a queued request is cancelled."
    )
    retries: Annotated[
        RetriesSpec | None,
        BeforeValidator(_retries_spec),
        OrWord({"type": "integer", "minimum": 0}),
    ] = Field(None, description="Back to the queue after a lost runner, so many times.")
    result_ttl: Duration | None = Field(None, description="How long the result is kept.")
    faults: CallFaults | None = Field(None, description="Per operation, used in turn.")
    webhook: Webhook | None = Field(None, description="Of a call that asked for one.")
    workflow: WorkflowSpec | None = Field(None, description="What a workflow's nodes come to.")
    frames: list[FrameEntry] | None = Field(None, description="What a WebSocket sends, in order.")
    on_message: list[MessageRule] | None = Field(
        None, min_length=1, description="What a WebSocket answers, whenever a message matches."
    )
    realtime: RealtimeSpec | None = Field(None, description="Of an input of a realtime session.")

    @model_validator(mode="after")
    def _check_one_outcome(self) -> Reply:
        text_fields = [
            name for name in ("text", "reasoning", "error") if getattr(self, name) is not None
        ]
        outcomes = [
            *text_fields[:1],
            *(["output"] if "output" in self.model_fields_set else []),
            *(["fail"] if self.fail is not None else []),
            *(["kind"] if self.kind is not None and self.kind not in TEXT_KINDS else []),
            *(["frames"] if self.frames is not None else []),
            *(["workflow"] if self.workflow is not None else []),
        ]
        if self.kind in TEXT_KINDS and outcomes[:1] not in ([], ["text"]):
            outcomes.append("kind")
        if self.tool_calls is not None and outcomes[:1] not in ([], ["text"]):
            outcomes.append("tool_calls")
        if len(outcomes) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(outcomes)}
            )
        if self.media is not None and not _has_files(self, outcomes):
            raise PydanticCustomError("media_alone", "media is about files, and there are none")
        if self.files is not None and self.kind not in FILE_KINDS:
            raise PydanticCustomError("files_alone", "files goes with a kind that holds files")
        if self.files is not None and self.kind != "images" and len(self.files) > 1:
            raise PydanticCustomError("many_files", "{kind} holds one file", {"kind": self.kind})
        return self

    @model_validator(mode="after")
    def _check_with_presets(self) -> Reply:
        if self.preset:
            from fakefal.scenario.compiler.reply import (
                with_presets,  # which is made of these models
            )

            try:
                with_presets(self)
            except ValidationError as error:
                first_error = error.errors()[0]
                raise PydanticCustomError(
                    first_error["type"], "with its preset: {what}", {"what": first_error["msg"]}
                ) from None
        return self


class Exchange(StrictModel):
    """One entry of a scenario: which calls, and what they get."""

    id: str | None = Field(None, min_length=1, description="Name in journal, misses and reports.")
    when: When = Field(default_factory=When)
    times: int | None = Field(None, ge=1, description="Answers this many calls, then is skipped.")
    reply: Reply | None = None
    replies: list[Reply] | None = Field(None, min_length=1, description="Used in turn.")
    then: Literal["last", "cycle", "miss"] = Field(
        "last", description="After the last of replies: repeat it, start over, or answer no more."
    )

    @model_validator(mode="after")
    def _check_one_reply(self) -> Exchange:
        if self.reply is not None and self.replies is not None:
            raise PydanticCustomError("conflict", "reply and replies cannot stand together")
        if "then" in self.model_fields_set and self.replies is None:
            raise PydanticCustomError("then_alone", "then goes with replies")
        return self


class Recorded(StrictModel):
    """Where a recording is from."""

    at: str = Field(description="When it was made, UTC: 2026-09-27T12:00:00Z.")
    source: str = Field(description="What was recorded: the upstream, or an imported file.")
    fakefal: str | None = Field(None, description="The version that wrote it.")
    clients: list[str] = Field(default_factory=list, description="Who asked, by User-Agent.")
    complete: bool = Field(True, description="Whether the recording came to its end.")


def _check_version(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("version", "is not a version of the format")
    return value


class Scenario(ScenarioDefaults):
    """A scenario file: an ordered list of exchanges, and what holds for all of them."""

    schema_: str | None = Field(None, alias="$schema", description="For editors; not read.")
    fakefal: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        description="Version of the format."
    )
    name: str | None = None
    description: str | None = None
    seed: int | None = Field(None, description="Request ids and generated outputs derive from it.")
    recorded: Recorded | None = Field(None, description="Of a recording: where it is from.")
    exchanges: list[Exchange] = Field(default_factory=list)
