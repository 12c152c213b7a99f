"""``timeline`` and ``stream``: the states before the result, and the events of a stream."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.fields import (
    COUNT_SCHEMA,
    DURATION_SCHEMA,
    Duration,
    OrWord,
    Output,
    StrictModel,
    after_count,
)

LogLevel = Literal["STDERR", "STDOUT", "ERROR", "INFO", "WARN", "WARNING", "DEBUG", "TRACE"]
"""The words of the JavaScript types and of the SDK.

Source: client (docs/reference/open-questions.md#log-entry-fields).
"""


class Log(StrictModel):
    """A log entry; all fields appear on the wire, in the form that ``log_entries`` sets."""

    message: str
    level: LogLevel = "INFO"
    source: str = "USER"
    labels: dict[str, str] = Field(default_factory=dict)
    timestamp: str | None = Field(
        None, description="Sent as it is. Default: the beginning of the step."
    )


def _log_spec(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) else value


LogEntry = Annotated[Log, BeforeValidator(_log_spec), OrWord({"type": "string"})]


class StepDetail(StrictModel):
    """The logs of a step, and the conditions under which it ends."""

    polls: int | None = Field(
        None, ge=0, description="Status polls that are answered before it ends."
    )
    for_: Duration | None = Field(None, alias="for", description="Minimum duration.")
    forever: bool = Field(False, description="Only a cancel ends it.")
    logs: list[LogEntry] = Field(default_factory=list)


class QueueDetail(StepDetail):
    """A step with a position in the queue."""

    position: int | None = Field(None, ge=0, description="queue_position; 0 is next. Default 0.")


class StepSpec(StrictModel):
    """One step, as ``IN_QUEUE: {…}`` or ``IN_PROGRESS: {…}``."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    IN_QUEUE: QueueDetail | None = None
    IN_PROGRESS: StepDetail | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1:
            (key, detail), *_ = value.items()
            if detail is None and key in ("IN_QUEUE", "IN_PROGRESS"):
                return {key: {}}
        return value

    @model_validator(mode="after")
    def _check_one_state(self) -> StepSpec:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_step", "a step has one key: IN_QUEUE or IN_PROGRESS")
        return self


def _step_kind(value: Any) -> str:
    return "(word)" if isinstance(value, str) else "(map)"


StepEntry = Annotated[
    Annotated[Literal["IN_QUEUE", "IN_PROGRESS"], Tag("(word)")]
    | Annotated[StepSpec, Tag("(map)")],
    Discriminator(_step_kind),
]


class StreamCut(StrictModel):
    """Where a stream ends too early, and how."""

    after: int = Field(1, ge=0, description="Events that are sent before.")
    how: Literal["close", "reset", "stall", "garbage", "error"] = "close"
    error: str = Field("The stream broke off", description="The text of how: error.")
    for_: Duration | None = Field(None, alias="for", description="How long a stall lasts.")


class Stall(StrictModel):
    """A pause in the middle of a stream."""

    after: int = Field(1, ge=0, description="Events that are sent before it.")
    for_: Duration = Field(20.0, alias="for")


def _stall_spec(value: Any) -> Any:
    return value if isinstance(value, dict) or value is None else {"for": value}


class StreamSpec(StrictModel):
    """How an output is split into events, and the pace of the events."""

    by: Literal["word", "char", "line"] | None = Field(
        None, description="What each event adds to the text. Default: word."
    )
    count: int | None = Field(None, ge=1, description="The text in this many events.")
    chunks: list[str] | None = Field(None, description="What each event adds, listed.")
    events: list[Output] | None = Field(None, description="The events' JSON, listed as they are.")
    first: Duration | None = Field(None, description="Wait before the first event.")
    every: Duration | None = Field(None, description="Wait between events.")
    waits: list[Duration] | None = Field(
        None,
        min_length=1,
        description="Wait before each event, listed; none before further events.",
    )
    cut: Annotated[StreamCut | None, BeforeValidator(after_count), OrWord(COUNT_SCHEMA)] = Field(
        None, description="Where the stream ends too early: details, or a number of events."
    )
    stall: Annotated[Stall | None, BeforeValidator(_stall_spec), OrWord(DURATION_SCHEMA)] = Field(
        None, description="A pause in the middle of the stream: details, or a duration."
    )
    slice: int | None = Field(
        None, ge=1, description="Bytes per write, regardless of event boundaries."
    )
    final: bool = Field(True, description="Whether the last event is sent.")

    @model_validator(mode="after")
    def _check_combinations(self) -> StreamSpec:
        splits = [
            name for name in ("by", "count", "chunks", "events") if getattr(self, name) is not None
        ]
        if len(splits) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(splits)}
            )
        paces = [name for name in ("first", "every") if getattr(self, name) is not None]
        if self.waits is not None and paces:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": f"waits and {paces[0]}"}
            )
        return self
