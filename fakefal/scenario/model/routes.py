"""``routes``: responses to requests of any host, method and path."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.failure import Fail
from fakefal.scenario.model.faults import FaultList
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
from fakefal.scenario.model.media import FileName
from fakefal.scenario.model.sockets import Base64

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_BODY_PATTERNS = ("json", "form", "body")

BODY_KEYS = ("json", "text", "file", "base64", "stream", "fail")
"""The forms of a response, of which a reply has one at most."""

CHUNK_KEYS = ("text", "json", "base64", "file", "event", "pause")


def _check_method(value: Any) -> Any:
    method = value.upper() if isinstance(value, str) else value
    if method not in METHODS:
        raise PydanticCustomError("word", "is not a method", {"words": " ".join(METHODS)})
    return method


Method = Annotated[str, BeforeValidator(_check_method), WithJsonSchema({"enum": [*METHODS]})]


def _check_path(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"[/*]", value):
        raise PydanticCustomError("route_path", "does not begin with a slash")
    return value


RoutePath = Annotated[
    str,
    BeforeValidator(_check_path),
    WithJsonSchema({"type": "string", "pattern": "^[/*]"}),
]


class RouteWhen(StrictModel):
    """Conditions that a request must meet; a field that is left out matches every request."""

    host: Annotated[list[str] | None, BeforeValidator(as_list), Field(min_length=1), OrOne()] = (
        Field(None, description="A host of fal or one under hosts, or a list; * is a wildcard.")
    )
    method: Annotated[
        list[Method] | None, BeforeValidator(as_list), Field(min_length=1), OrOne()
    ] = Field(None, description="Default: any.")
    path: RoutePath | None = Field(
        None, description="/apps/{name} matches one segment as params.name, * any text."
    )
    query: dict[str, Pattern] | None = Field(
        None, description="Parameters of the query; a repeated one is a list."
    )
    headers: dict[str, Pattern] | None = Field(
        None, description="Matched against request headers; names are case-insensitive."
    )
    json_: Pattern = Field(None, alias="json", description="Matched against a JSON body.")
    form: Pattern = Field(
        None, description="Matched against the fields of a URL-encoded or multipart body."
    )
    body: Pattern = Field(None, description="Matched against the body as text.")

    @model_validator(mode="after")
    def _check_one_body(self) -> RouteWhen:
        names = [name for name in _BODY_PATTERNS if _field(name) in self.model_fields_set]
        if len(names) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(names)}
            )
        return self


def _field(key: str) -> str:
    return "json_" if key == "json" else key


class ChunkSpec(StrictModel):
    """One chunk of a streamed body, or a pause before the next one."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in CHUNK_KEYS]}
    )

    text: str | None = None
    json_: Output = Field(None, alias="json", description="JSON and a line break.")
    base64: Base64 | None = Field(None, description="Bytes.")
    file: FileName | None = Field(None, description="The bytes of a file beside the scenario.")
    event: Output = Field(None, description="A server-sent event: text, or anything else as JSON.")
    name: str | None = Field(None, description="The name of the event.")
    pause: Duration | None = Field(None, description="Wait before the next chunk.")

    @model_validator(mode="after")
    def _check_one_kind(self) -> ChunkSpec:
        kinds = [key for key in CHUNK_KEYS if _field(key) in self.model_fields_set]
        if len(kinds) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(kinds)}
            )
        if not kinds:
            raise PydanticCustomError("chunk_form", "has nothing to send")
        if self.name is not None and kinds != ["event"]:
            raise PydanticCustomError("name_alone", "name requires event")
        return self


def _chunk_kind(value: Any) -> str:
    return "(map)" if isinstance(value, (dict, ChunkSpec)) else "(text)"


ChunkEntry = Annotated[
    Annotated[str, Tag("(text)")] | Annotated[ChunkSpec, Tag("(map)")],
    Discriminator(_chunk_kind),
]


class RouteStream(StrictModel):
    """A body that is sent in chunks, each in its own HTTP chunk."""

    chunks: list[ChunkEntry] = Field(description="Text, or {json}, {event}, {base64}, {file}.")
    first: Duration | None = Field(None, description="Wait before the first chunk.")
    every: Duration | None = Field(None, description="Wait between two chunks.")
    slice: int | None = Field(None, ge=1, description="Most bytes of a chunk; longer ones split.")


def _stream_spec(value: Any) -> Any:
    return {"chunks": value} if isinstance(value, list) else value


class RouteReply(StrictModel):
    """One response."""

    builtin: Literal[True] | None = Field(
        None, description="fakefal's own response, with this status, these headers and faults."
    )
    status: int | None = Field(None, ge=200, le=599, description="Default: 200.")
    headers: Headers = Field(default_factory=dict)
    content_type: str | None = Field(None, pattern=r"^[^\r\n]+$")
    json_: Output = Field(None, alias="json")
    text: str | None = None
    file: FileName | None = Field(None, description="The bytes of a file beside the scenario.")
    base64: Base64 | None = Field(None, description="Bytes.")
    stream: Annotated[
        RouteStream | None,
        BeforeValidator(_stream_spec),
        OrWord({"type": "array", "items": {"type": ["string", "object"]}}),
    ] = Field(None, description="Chunks, or how they are sent.")
    fail: Fail | None = Field(None, description="A failure: a catalogue name, or a mapping.")
    pause: Duration | None = Field(None, description="Wait before the response.")
    faults: FaultList | None = Field(None, description="One for each request, then none.")

    @model_validator(mode="after")
    def _check_one_body(self) -> RouteReply:
        keys = [key for key in BODY_KEYS if _field(key) in self.model_fields_set]
        if self.builtin:
            keys.insert(0, "builtin")
        if len(keys) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(keys[:2])}
            )
        if self.fail is not None and self.status is not None:
            raise PydanticCustomError("conflict", "fail and status cannot be used together")
        return self


class RouteSpec(StrictModel):
    """Which requests it answers, and with what; routes are matched before the built-in handlers."""

    id: str | None = Field(None, min_length=1, description="Name in journal, misses and reports.")
    when: RouteWhen = Field(default_factory=RouteWhen)
    times: int | None = Field(None, ge=1, description="Number of requests it answers.")
    reply: RouteReply | None = None
    replies: list[RouteReply] | None = Field(
        None, min_length=1, description="Used one after another."
    )
    then: Literal["last", "cycle", "miss"] = Field(
        "last", description="After the last of replies: repeat it, start over, or stop matching."
    )

    @model_validator(mode="after")
    def _check_one_reply(self) -> RouteSpec:
        if self.reply is not None and self.replies is not None:
            raise PydanticCustomError("conflict", "reply and replies cannot be used together")
        if "then" in self.model_fields_set and self.replies is None:
            raise PydanticCustomError("then_alone", "then requires replies")
        if self.reply is None and self.replies is None:
            raise PydanticCustomError("reply_missing", "a route needs a reply")
        return self
