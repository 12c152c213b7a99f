"""``frames``, ``on_message`` and ``realtime`` of a reply to a WebSocket."""

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
    "drop": "the connection is closed without a close frame",
    "hang": "nothing more is sent; the socket stays open",
    "garbage": "a binary frame that is not valid msgpack",
}

FRAME_KEYS = ("text", "json", "binary", "msgpack", "wait", "receive", "close")
"""Keys of a frame, of which each has exactly one."""


def _check_base64(value: Any) -> Any:
    if isinstance(value, str) and "{{" not in value:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise PydanticCustomError("base64", "is not base64") from None
    return value


Base64 = Annotated[str, BeforeValidator(_check_base64)]
"""Bytes in base64, or a template that renders it."""


class FrameSpec(StrictModel):
    """One frame to send, a pause, or a message to wait for."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in FRAME_KEYS]}
    )

    text: str | None = Field(None, description="A text frame.")
    json_: Output = Field(None, alias="json", description="JSON in a text frame.")
    binary: Base64 | None = Field(None, description="A binary frame, in base64.")
    msgpack: Output = Field(None, description="JSON as msgpack in a binary frame.")
    wait: Duration | None = Field(None, description="Pause before the next frame.")
    receive: Pattern = Field(None, description="Waits for a message that matches.")
    close: CloseCode | None = Field(None, description="A close frame with this code.")
    reason: CloseReason | None = Field(None, description="The text in the close frame.")

    @model_validator(mode="after")
    def _check_one_kind(self) -> FrameSpec:
        names = {"json": "json_"}
        kinds = [key for key in FRAME_KEYS if names.get(key, key) in self.model_fields_set]
        if len(kinds) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(kinds)}
            )
        if not kinds:
            raise PydanticCustomError("frame_form", "has nothing to send or to wait for")
        if self.reason is not None and self.close is None:
            raise PydanticCustomError("reason_alone", "reason requires close")
        return self


def _check_frame_word(value: Any) -> Any:
    if value not in get_args(FrameWord):
        raise PydanticCustomError("frame_word", "is not a frame")
    return value


def _frame_kind(value: Any) -> str:
    return "(map)" if isinstance(value, (dict, FrameSpec)) else "(word)"


FrameEntry = Annotated[
    Annotated[FrameWord, BeforeValidator(_check_frame_word), Tag("(word)")]
    | Annotated[FrameSpec, Tag("(map)")],
    Discriminator(_frame_kind),
]


class MessageRule(StrictModel):
    """Frames that are sent for each message that matches."""

    input: Pattern = Field(None, description="Matched against the message. Default: any.")
    frames: list[FrameEntry] = Field(description="What is sent for it.")
    times: int | None = Field(
        None, ge=1, description="Number of messages it answers. Default: all."
    )


class RealtimeSpec(StrictModel):
    """What an input of a realtime session does besides its output."""

    end: bool = Field(False, description="The session ends after it, as by the input timeout.")
    timing: Duration | None = Field(
        None, description="Sends a timings message with this duration after the output."
    )


RealtimeMode = Literal["unary", "server-streaming", "client-streaming", "bidirectional"]


class RealtimeApp(StrictModel):
    """The realtime sessions of an app."""

    mode: RealtimeMode = Field(
        "unary",
        description="Whether its function takes one input or many, and returns one output or many.",
    )
    timings: bool = Field(False, description="A timings message after each output.")
    buffering: int | None = Field(
        None, ge=1, le=1_000, description="Inputs that may wait; beyond that the oldest is dropped."
    )
    batch: int = Field(1, ge=1, le=1_000, description="Waiting inputs that it takes in one step.")
    timeout: Duration | None = Field(None, description="How long it waits for an input.")
