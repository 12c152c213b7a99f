"""What a compiled reply does with a WebSocket: frames to send, and rules for messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.websocket.realtime import GARBAGE_FRAME, encode_message
from fakefal.scenario.matching.matchers import Matcher
from fakefal.scenario.templates.templates import TemplateError, TemplateValue

FrameKind = Literal[
    "text",
    "json",
    "binary",
    "msgpack",
    "wait",
    "receive",
    "close",
    "reset",
    "drop",
    "hang",
    "garbage",
]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of a script: a message to send, a wait, a message to receive, or an end."""

    kind: FrameKind
    value: TemplateValue | None = None
    matcher: Matcher | None = None
    seconds: float = 0.0
    code: int = 0
    reason: str = ""

    def message(self, variables: Mapping[str, Any]) -> bytes | str:
        """The payload to send; raises TemplateError if the rendered value cannot be encoded."""
        if self.kind == "garbage":
            return GARBAGE_FRAME
        assert self.value is not None, self.kind
        rendered = self.value.render(variables)
        try:
            return _encode(self.kind, rendered)
        except ValueError as error:
            raise TemplateError(self.value.path, str(error)) from None


def _encode(kind: FrameKind, value: Json) -> bytes | str:
    if kind == "json":
        return encode(value).decode()
    if kind == "msgpack":
        return encode_message(value)
    text = value if isinstance(value, str) else encode(value).decode()
    if kind == "binary":
        return base64.b64decode(text, validate=True)
    # JSON strings may contain lone surrogates, which UTF-8 and so text frames cannot
    # (RFC 6455 section 5.6).
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """The frames sent for each message that matches; ``times`` None is unlimited."""

    matcher: Matcher | None
    frames: tuple[Frame, ...]
    times: int | None


@dataclass(frozen=True, slots=True)
class Script:
    """``frames`` are sent when the socket opens, ``rules`` answer messages."""

    frames: tuple[Frame, ...] = ()
    rules: tuple[Rule, ...] = ()
