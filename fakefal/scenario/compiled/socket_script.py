"""The frames of a socket made ready: templates parsed, patterns compiled."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.websocket.realtime import GARBAGE_FRAME, encode_message
from fakefal.scenario.matching.matchers import Matcher
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.templates.templates import TemplateError, TemplateValue, compile_value

if TYPE_CHECKING:
    from fakefal.scenario.model.scenario import Reply
    from fakefal.scenario.model.sockets import FrameSpec

Path = tuple[str | int, ...]

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
    """One step of a script: something to send, to wait for, or the end."""

    kind: FrameKind
    value: TemplateValue | None = None
    matcher: Matcher | None = None
    seconds: float = 0.0
    code: int = 0
    reason: str = ""

    def message(self, variables: Mapping[str, Any]) -> bytes | str:
        """What is sent; raises TemplateError for what cannot be put into a frame."""
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
    return text.encode("utf-8", "replace").decode()  # half characters cannot be sent


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What answers the messages that match; ``times`` None is no limit."""

    matcher: Matcher | None
    frames: tuple[Frame, ...]
    times: int | None


@dataclass(frozen=True, slots=True)
class Script:
    """What a socket says of itself, and what it answers."""

    frames: tuple[Frame, ...] = ()
    rules: tuple[Rule, ...] = ()


def compile_script(reply: Reply, path: Path) -> Script | None:
    """The frames of a reply; None where it has none.

    Raises TemplateError and PatternError for what cannot be used.
    """
    if reply.frames is None and reply.on_message is None:
        return None
    rules = tuple(
        Rule(
            _matcher(rule.input, (*path, "on_message", number, "input"))
            if "input" in rule.model_fields_set
            else None,
            _frames(rule.frames, (*path, "on_message", number, "frames")),
            rule.times,
        )
        for number, rule in enumerate(reply.on_message or ())
    )
    return Script(_frames(reply.frames or [], (*path, "frames")), rules)


def _frames(frames: list[Any], path: Path) -> tuple[Frame, ...]:
    return tuple(_frame(frame, (*path, number)) for number, frame in enumerate(frames))


def _frame(spec: FrameKind | FrameSpec, path: Path) -> Frame:
    if isinstance(spec, str):
        return Frame(spec)
    set_fields = spec.model_fields_set
    if "receive" in set_fields:
        return Frame("receive", matcher=_matcher(spec.receive, (*path, "receive")))
    if spec.wait is not None:
        return Frame("wait", seconds=spec.wait)
    if spec.close is not None:
        return Frame("close", code=spec.close, reason=spec.reason or "")
    kind: FrameKind = (
        "json"
        if "json_" in set_fields
        else "msgpack"
        if "msgpack" in set_fields
        else _text_kind(spec)
    )
    raw = {"json": spec.json_, "msgpack": spec.msgpack, "text": spec.text}
    value = compile_value(raw.get(kind, spec.binary), (*path, kind))
    frame = Frame(kind, value)
    if value.is_static:
        frame.message({})
    return frame


def _text_kind(spec: FrameSpec) -> FrameKind:
    return "binary" if spec.binary is not None else "text"


def _matcher(pattern: Any, path: Path) -> Matcher:
    return compile_pattern(pattern, path)
