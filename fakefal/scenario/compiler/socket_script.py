"""Compiles ``frames`` and ``on_message`` of a reply."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.compiled.reply import Path
from fakefal.scenario.compiled.socket_script import Frame, FrameKind, Rule, Script
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.sockets import FrameSpec
from fakefal.scenario.templates.templates import compile_value


def compile_script(reply: Reply, path: Path) -> Script | None:
    """None for a reply with neither; raises TemplateError or PatternError."""
    if reply.frames is None and reply.on_message is None:
        return None
    rules = tuple(
        Rule(
            compile_pattern(rule.input, (*path, "on_message", number, "input"))
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
        return Frame("receive", matcher=compile_pattern(spec.receive, (*path, "receive")))
    if spec.wait is not None:
        return Frame("wait", seconds=spec.wait)
    if spec.close is not None:
        return Frame("close", code=spec.close, reason=spec.reason or "")
    kind: FrameKind
    if "json_" in set_fields:
        kind, raw = "json", spec.json_
    elif "msgpack" in set_fields:
        kind, raw = "msgpack", spec.msgpack
    elif spec.binary is not None:
        kind, raw = "binary", spec.binary
    else:
        kind, raw = "text", spec.text
    frame = Frame(kind, compile_value(raw, (*path, kind)))
    if frame.value is not None and frame.value.is_static:
        frame.message({})  # a frame that can never be encoded is an error of the scenario
    return frame
