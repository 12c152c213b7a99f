"""The scenario format: what a user may write, field by field."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from fakefal.protocol.call import VIAS, Via
from fakefal.protocol.catalogue import find_entry, known_names
from fakefal.protocol.periods import PERIODS
from fakefal.scenario.durations import MAX_SECONDS, PATTERN, format_duration, parse_duration
from fakefal.scenario.patterns import quote

Json: TypeAlias = Any


def _duration(value: Any) -> float:
    try:
        return parse_duration(value)
    except ValueError:
        raise PydanticCustomError("duration", "is not a duration") from None


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": PATTERN},
                {"type": "number", "minimum": 0, "maximum": MAX_SECONDS},
            ],
            "description": "A duration: 1.5s, 300ms, 2m, 1h30m, or a number of seconds.",
            "examples": ["1.5s", "300ms"],
        }
    ),
]
"""A field that holds seconds and is written as people write them."""

_HEADER_NAME = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_HEADER_TEXT = r"[^\r\n\0]*"

_OPERATORS_SCHEMA: dict[str, Any] = {
    "description": "A JSON value, matched as a subset, or operators: $eq $contains $regex $any "
    "$all $not $gt $gte $lt $lte $absent $type $length.",
}

Pattern = Annotated[Json, WithJsonSchema(_OPERATORS_SCHEMA)]
"""A matcher over JSON; its operators are checked when the file is read."""

Output = Annotated[Json, WithJsonSchema({"description": "Any JSON; strings may hold templates."})]


class Strict(BaseModel):
    """A part of the file: frozen, unknown keys refused, nothing converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _OrWord:
    """Lets the JSON Schema know that a value may be a plain word as well as what it stands for."""

    def __init__(self, word: dict[str, Any]) -> None:
        self._word = word

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [self._word, handler(core_schema)]}


class When(Strict):
    """Which calls an exchange answers; what is left out matches everything."""

    endpoint: str | None = Field(
        None, description="Endpoint id, exact or with * and ?: fal-ai/any-llm, fal-ai/*."
    )
    via: Annotated[
        list[Via] | None,
        BeforeValidator(_one_or_many),
        _OrWord({"enum": [*VIAS]}),
    ] = Field(None, description="How the call came; left out, any way.")
    input: Pattern = Field(None, description="Matched against the JSON input, as a subset.")
    headers: dict[str, Pattern] | None = Field(
        None, description="Matched against request headers; names in any case."
    )


class Log(Strict):
    """A log entry of a step."""

    message: str
    level: Literal["STDERR", "STDOUT", "ERROR", "INFO", "WARN", "DEBUG"] = "INFO"
    source: str = "USER"
    labels: dict[str, str] = Field(default_factory=dict)


def _log(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) else value


LogEntry = Annotated[Log, BeforeValidator(_log), _OrWord({"type": "string"})]


class StepDetail(Strict):
    """What a step of the timeline shows, and when it is over."""

    polls: int | None = Field(None, ge=0, description="Status polls to answer before it is over.")
    for_: Duration | None = Field(None, alias="for", description="Time that must have passed.")
    forever: bool = Field(False, description="Only a cancel ends it.")
    logs: list[LogEntry] = Field(default_factory=list)


class QueueDetail(StepDetail):
    """A step in the queue."""

    position: int | None = Field(None, ge=0, description="queue_position; 0 is next. Default 0.")


class StepMap(Strict):
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
    def _one(self) -> StepMap:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_step", "a step names one of IN_QUEUE and IN_PROGRESS")
        return self


def _step_kind(value: Any) -> str:
    return "(word)" if isinstance(value, str) else "(map)"


StepEntry = Annotated[
    Annotated[Literal["IN_QUEUE", "IN_PROGRESS"], Tag("(word)")] | Annotated[StepMap, Tag("(map)")],
    Discriminator(_step_kind),
]


class StreamSpec(Strict):
    """How a stream is cut into events, and its pace."""

    by: Literal["word", "char", "line"] | None = Field(
        None, description="What each event adds to the text. Default: word."
    )
    count: int | None = Field(None, ge=1, description="The text in this many events.")
    chunks: list[str] | None = Field(None, description="What each event adds, listed.")
    events: list[Output] | None = Field(None, description="The events' JSON, listed as they are.")
    first: Duration | None = Field(None, description="Wait before the first event.")
    every: Duration | None = Field(None, description="Wait between events.")

    @model_validator(mode="after")
    def _one_cut(self) -> StreamSpec:
        given = [
            name for name in ("by", "count", "chunks", "events") if getattr(self, name) is not None
        ]
        if len(given) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(given)}
            )
        return self


def _headers(value: Any) -> Any:
    for name, text in value.items() if isinstance(value, dict) else ():
        if not re.fullmatch(_HEADER_NAME, str(name)):
            raise PydanticCustomError(
                "header_name", "{name} cannot be the name of a header", {"name": quote(name)}
            )
        if isinstance(text, str) and not re.fullmatch(_HEADER_TEXT, text):
            raise PydanticCustomError(
                "header_text", "the header {name} cannot hold a line break", {"name": name}
            )
    return value


Headers = Annotated[
    dict[str, str],
    BeforeValidator(_headers),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{_HEADER_NAME}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{_HEADER_TEXT}$"},
        }
    ),
]


def _loc_part(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PydanticCustomError("loc_part", "is neither the name of a field nor an index")
    return value


LocPart = Annotated[str | int, BeforeValidator(_loc_part)]


class FailSpec(Strict):
    """A failure spelled out: a model error by ``type``, a platform error by ``error_type``, or any
    ``status`` and ``body``."""

    type: str | None = Field(None, description="A model error's type; known ones bring their form.")
    loc: list[LocPart] | None = Field(None, description="Where in the input; default [body].")
    msg: str | None = None
    ctx: dict[str, Json] | None = None
    input: Json = None
    error_type: str | None = Field(None, description="A request error's word.")
    detail: str | None = Field(None, description="Text of a request error.")
    status: int | None = Field(None, ge=400, le=599)
    body: Output = None
    headers: Headers = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> FailSpec:
        given = {name for name in ("type", "error_type", "body") if name in self.model_fields_set}
        if len(given) > 1:
            names = " and ".join(sorted(given))
            raise PydanticCustomError("conflict", "{names} cannot stand together", {"names": names})
        if not given and self.status is None:
            raise PydanticCustomError(
                "fail_form", "names no failure: it needs type, error_type, or status and body"
            )
        if self.error_type is not None:
            entry = find_entry(self.error_type)
            known_request = entry is not None and entry.kind == "request"
            if not known_request and self.status is None:
                raise PydanticCustomError(
                    "status_needed", "an error_type that is not fal's own needs a status"
                )
        return self


def _fail_name(value: str) -> str:
    if find_entry(value) is None:
        raise PydanticCustomError("error_name", "is not in the error catalogue")
    return value


def _fail_kind(value: Any) -> str:
    return "(name)" if isinstance(value, str) else "(spec)"


_FAIL_NAMES = [*known_names(), *(name.replace("_", "-") for name in known_names() if "_" in name)]

FailName = Annotated[
    str,
    BeforeValidator(_fail_name),
    WithJsonSchema({"enum": _FAIL_NAMES, "description": "A name of the error catalogue."}),
]
Fail = Annotated[
    Annotated[FailName, Tag("(name)")] | Annotated[FailSpec, Tag("(spec)")],
    Discriminator(_fail_kind),
]


class Reply(Strict):
    """What the fake does with a call: how it ends, and on the way there."""

    text: str | None = Field(None, description="A language model's output text.")
    reasoning: str | None = Field(None, description="Given only if the call asks for reasoning.")
    error: str | None = Field(None, description="An upstream failure inside a 200 answer.")
    output: Output = Field(None, description="The model's output, any JSON.")
    fail: Fail | None = Field(None, description="A failure: a catalogue name, or spelled out.")
    timeline: list[StepEntry] | None = Field(None, description="Default: one poll of each state.")
    stream: StreamSpec | None = None
    headers: Headers = Field(default_factory=dict, description="Extra response headers.")
    inference_time: Duration | None = Field(None, description="metrics.inference_time.")
    billable_units: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Reply:
        text = [name for name in ("text", "reasoning", "error") if getattr(self, name) is not None]
        given = [
            *text[:1],
            *(["output"] if "output" in self.model_fields_set else []),
            *(["fail"] if self.fail is not None else []),
        ]
        if len(given) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(given)}
            )
        return self


class Exchange(Strict):
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
    def _one_reply(self) -> Exchange:
        if self.reply is not None and self.replies is not None:
            raise PydanticCustomError("conflict", "reply and replies cannot stand together")
        if "then" in self.model_fields_set and self.replies is None:
            raise PydanticCustomError("then_alone", "then goes with replies")
        return self


def _profile(value: Any) -> Any:
    if isinstance(value, str) and value not in PERIODS:
        raise PydanticCustomError("profile", "is not a known profile")
    return value


class Options(Strict):
    """Switches for what fal's protocol leaves open; each default is that of the server."""

    unmatched: Literal["fail", "generate"] | None = Field(
        None, description="What a call gets that no exchange matches."
    )
    subpath: Literal["accept", "refuse-405"] | None = None
    response_suffix: bool | None = None
    reads_after_cancel: Literal["completed", "not-found"] | None = None
    error_in_status: bool | None = None
    cancel_answer: Literal["status", "success"] | None = None
    keys: Literal["any", "strict"] | None = None
    profile: Annotated[
        str | None, BeforeValidator(_profile), WithJsonSchema({"enum": [*PERIODS]})
    ] = None
    validate_: bool | None = Field(
        None, alias="validate", description="Check inputs of known models as the model would."
    )


def _version(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("version", "is not a version of the format")
    return value


class Scenario(Strict):
    """A scenario file: an ordered list of exchanges, plus options."""

    schema_: str | None = Field(None, alias="$schema", description="For editors; not read.")
    fakefal: Annotated[Literal[1], BeforeValidator(_version)] = Field(
        description="Version of the format."
    )
    name: str | None = None
    description: str | None = None
    seed: int | None = Field(None, description="Request ids and generated outputs derive from it.")
    options: Options = Field(default_factory=Options)
    exchanges: list[Exchange] = Field(default_factory=list)
