"""``frames``, ``on_message`` and ``realtime``: what a reply does with a WebSocket."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.faults import CloseCode, CloseReason
from fakefal.scenario.model.fields import Duration, Output, Pattern, StrictModel

FrameWord = Literal["reset", "drop", "hang", "garbage"]

FRAME_WORDS: dict[FrameWord, str] = {
    "reset": "a TCP reset",
    "drop": "the connection ends without a close frame",
    "hang": "silence; the socket stays open",
    "garbage": "a binary frame that no codec can read",
}

FRAME_KEYS = ("text", "json", "binary", "msgpack", "wait", "receive", "close")
"""What a frame may be; each has exactly one of them."""


def _check_base64(value: Any) -> Any:
    if isinstance(value, str) and "{{" not in value:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise PydanticCustomError("base64", "is not base64") from None
    return value


class FrameSpec(StrictModel):
    """One frame to send, or what is waited for."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in FRAME_KEYS]}
    )

    text: str | None = Field(None, description="A text frame.")
    json_: Output = Field(None, alias="json", description="JSON in a text frame.")
    binary: Annotated[str | None, BeforeValidator(_check_base64)] = Field(
        None, description="A binary frame, in base64."
    )
    msgpack: Output = Field(None, description="JSON as msgpack in a binary frame.")
    wait: Duration | None = Field(None, description="Time that passes before the next.")
    receive: Pattern = Field(None, description="Waits for a message that matches.")
    close: CloseCode | None = Field(None, description="A close frame with this code.")
    reason: CloseReason | None = Field(None, description="The text in the close frame.")

    @model_validator(mode="after")
    def _check_one_kind(self) -> FrameSpec:
        names = {"json": "json_"}
        kinds = [key for key in FRAME_KEYS if names.get(key, key) in self.model_fields_set]
        if len(kinds) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(kinds)}
            )
        if not kinds:
            raise PydanticCustomError("frame_form", "says nothing that is sent or waited for")
        if self.reason is not None and self.close is None:
            raise PydanticCustomError("reason_alone", "reason goes with close")
        return self


def _check_frame_word(value: Any) -> Any:
    if value not in get_args(FrameWord):
        raise PydanticCustomError("frame_word", "is no frame")
    return value


def _frame_kind(value: Any) -> str:
    return "(map)" if isinstance(value, (dict, FrameSpec)) else "(word)"


FrameEntry = Annotated[
    Annotated[FrameWord, BeforeValidator(_check_frame_word), Tag("(word)")]
    | Annotated[FrameSpec, Tag("(map)")],
    Discriminator(_frame_kind),
]


class MessageRule(StrictModel):
    """What is sent whenever a message comes that matches."""

    input: Pattern = Field(None, description="Matched against the message. Default: any.")
    frames: list[FrameEntry] = Field(description="What is sent then.")
    times: int | None = Field(None, ge=1, description="Answers so many messages, then no more.")


class RealtimeSpec(StrictModel):
    """What else an input of a realtime session brings."""

    end: bool = Field(False, description="The session ends after it, as when no input comes.")
    timing: Duration | None = Field(None, description="The timings message after the output.")


RealtimeMode = Literal["unary", "server-streaming", "client-streaming", "bidirectional"]


class RealtimeApp(StrictModel):
    """How an app holds its realtime sessions."""

    mode: RealtimeMode = Field(
        "unary", description="What its function takes and gives: one input or many, one output …."
    )
    timings: bool = Field(False, description="A timings message after each output.")
    buffering: int | None = Field(
        None, ge=1, le=1_000, description="Inputs that wait; then the oldest is dropped."
    )
    batch: int = Field(1, ge=1, le=1_000, description="Waiting inputs that it takes at once.")
    timeout: Duration | None = Field(None, description="How long it waits for an input.")
