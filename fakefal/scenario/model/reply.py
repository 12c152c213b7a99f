"""``reply``: the outcome of a call, and what happens before it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fakefal.protocol.errors.catalog import find_error
from fakefal.scenario.media.assets import references_in
from fakefal.scenario.media.kinds import FILE_KINDS, TEXT_KINDS, Kind
from fakefal.scenario.model.failure import Fail, RetriedName
from fakefal.scenario.model.faults import CallFaults
from fakefal.scenario.model.fields import (
    Duration,
    Headers,
    OrOne,
    OrWord,
    Output,
    StrictModel,
    as_list,
)
from fakefal.scenario.model.llm import FinishReason, ToolCalls, UsageSpec
from fakefal.scenario.model.media import FileName, Media
from fakefal.scenario.model.sockets import Base64, FrameEntry, MessageRule, RealtimeSpec
from fakefal.scenario.model.timeline import StepEntry, StreamSpec
from fakefal.scenario.model.webhooks import Webhook
from fakefal.scenario.model.workflows import WorkflowSpec
from fakefal.scenario.presets.registry import (
    OUTCOME_FIELDS,
    PRESETS,
    merge,
    merged_presets,
    reply_preset_names,
)
from fakefal.scenario.values.validation_text import validation_text


class RetriesSpec(StrictModel):
    """How often the platform loses the runner and puts the request back into the queue."""

    times: int = Field(1, ge=0, le=100, description="Lost runners. fal gives up after ten.")
    after: RetriedName = Field("runner_disconnected", description="The error of each lost runner.")


def _check_preset(value: Any) -> Any:
    name = value.replace("_", "-") if isinstance(value, str) else ""
    preset = PRESETS.get(name)
    if preset is not None and preset.part == "reply":
        return name
    if find_error(name) is None:
        raise PydanticCustomError("reply_preset", "is not a preset of a reply")
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


def _keep_int(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """``1`` stays an integer, as fal's header shows the difference to ``1.0``."""
    number = check(value)
    return value if type(value) is int else number


RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]

_OVERRIDING_FIELDS = frozenset(
    "text error output base64 file fail kind tool_calls workflow frames".split()
)
"""A reply that sets one of these ignores the outcome of its presets. ``reasoning`` is not one: it
can be added to a preset's text."""


class Reply(StrictModel):
    """One outcome at most, and how the queue, the streams and the webhook behave on the way."""

    preset: PresetNames | None = Field(None, description="Predefined situations, by name.")
    text: str | None = Field(None, description="A language model's output text.")
    reasoning: str | None = Field(None, description="Sent only if the call asks for reasoning.")
    error: str | None = Field(None, description="An upstream failure inside a 200 response.")
    output: Output = Field(None, description="The model's output, any JSON.")
    base64: Base64 | None = Field(None, description="Bytes as the whole body of the response.")
    file: FileName | None = Field(
        None, description="A file beside the scenario as the whole body of the response."
    )
    content_type: Annotated[str, Field(pattern=r"^[^\r\n]+$")] | None = Field(
        None, description="Of base64 or file. Default: by the extension."
    )
    tool_calls: ToolCalls = Field(None, description="Of OpenAI-compatible endpoints.")
    finish_reason: FinishReason | None = Field(None, description="Of OpenAI-compatible endpoints.")
    usage: UsageSpec | None = Field(None, description="Of endpoints that report it.")
    fail: Fail | None = Field(None, description="A failure: a catalogue name, or a mapping.")
    kind: Kind | None = Field(None, description="A common kind of output, with generated files.")
    files: list[FileName] | None = Field(None, min_length=1, description="The files of a kind.")
    has_nsfw_concepts: bool | list[bool] | None = Field(
        None, description="Flags of generated images, or one for all; a flagged image is black."
    )
    media: Media | None = Field(None, description="What goes wrong when the files are read.")
    timeline: list[StepEntry] | None = Field(None, description="Default: one poll of each state.")
    stream: StreamSpec | None = None
    headers: Headers = Field(default_factory=dict, description="Extra response headers.")
    inference_time: Duration | None = Field(None, description="metrics.inference_time.")
    error_in_status: bool | None = Field(
        None, description="Whether the status shows the model's failure. Default: the option."
    )
    billable_units: Annotated[float, Field(ge=0), WrapValidator(_keep_int)] | None = None
    request_id: RequestId | None = Field(
        None, description="The id of the first call it answers; later calls get generated ids."
    )
    omit_fields: list[str] | None = Field(None, description="Fields left out of the output.")
    cancel: Literal["ignored", "accepted", "too-late"] | None = Field(
        None, description="What a cancel does. Default: only a queued request is cancelled."
    )
    retries: Annotated[
        RetriesSpec | None,
        BeforeValidator(_retries_spec),
        OrWord({"type": "integer", "minimum": 0}),
    ] = Field(None, description="How often the request returns to the queue after a lost runner.")
    result_ttl: Duration | None = Field(None, description="How long the result can be read.")
    faults: CallFaults | None = Field(None, description="Per operation, used one after another.")
    webhook: Webhook | None = Field(None, description="Of a call that asked for one.")
    workflow: WorkflowSpec | None = Field(None, description="The results of a workflow's nodes.")
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
            *(name for name in ("base64", "file", "fail") if getattr(self, name) is not None),
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
                "conflict", "{names} cannot be used together", {"names": " and ".join(outcomes)}
            )
        if self.content_type is not None and self.base64 is None and self.file is None:
            raise PydanticCustomError("type_alone", "content_type requires base64 or file")
        if self.media is not None and not self._may_have_files(outcomes):
            raise PydanticCustomError("media_alone", "media is for replies with files")
        if self.files is not None and self.kind not in FILE_KINDS:
            raise PydanticCustomError("files_alone", "files requires a kind that has files")
        if self.files is not None and self.kind != "images" and len(self.files) > 1:
            raise PydanticCustomError("many_files", "{kind} has one file", {"kind": self.kind})
        if self.has_nsfw_concepts is not None and self.kind != "images":
            raise PydanticCustomError("flags_alone", "has_nsfw_concepts requires kind: images")
        return self

    def _may_have_files(self, outcomes: list[str]) -> bool:
        if outcomes not in ([], ["kind"], ["output"]):
            return False
        return outcomes != ["output"] or any(references_in(self.output))

    @model_validator(mode="after")
    def _check_with_presets(self) -> Reply:
        if self.preset:
            try:
                self.with_presets()
            except ValidationError as error:
                first_error = error.errors()[0]
                raise PydanticCustomError(
                    first_error["type"],
                    "with its preset: {problem}",
                    {"problem": validation_text(first_error)},
                ) from None
        return self

    def with_presets(self) -> Reply:
        """The same reply with its presets replaced by their fields; its own fields override them.

        Raises ValidationError for fields that cannot be combined with those of the presets.
        """
        if not self.preset:
            return self
        own = self.model_dump(by_alias=True, exclude_unset=True, exclude={"preset"})
        data = merged_presets(self.preset)
        if _OVERRIDING_FIELDS & own.keys():
            data = {key: value for key, value in data.items() if key not in OUTCOME_FIELDS}
        merge(data, own)
        return Reply.model_validate(data)
