"""Checks of WebSocket replies: frames that are never sent, wrong patterns and templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.templates.templates import TemplateError, compile_value

SOCKETS = ("ws", "realtime", "socket")
"""The values of ``via`` for calls over a WebSocket."""

_ENDS = ("reset", "drop", "hang")
_TEMPLATED = ("text", "json", "binary", "msgpack")


def check_sockets(source: Source, when: Any, reply: Any, path: Path) -> Iterator[ScenarioProblem]:
    """Problems of ``frames``, ``on_message`` and ``realtime`` in a reply, which may be any JSON."""
    if not isinstance(reply, dict):
        return
    vias = _vias(when)
    frames = reply.get("frames")
    yield from _check_frames(source, frames, (*path, "frames"), is_rule=False)
    rules = reply.get("on_message")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield from _check_rule(source, rule, (*path, "on_message", number))
    for name, required_vias in (
        ("frames", SOCKETS),
        ("on_message", ("socket",)),
        ("realtime", ("realtime",)),
    ):
        if name in reply and vias is not None and not set(vias) & set(required_vias):
            message = f"{name} has no effect here: the via of the exchange is {', '.join(vias)}"
            suggestion = f"add {required_vias[-1]} to via, or remove it"
            yield source.problem((*path, name), message, suggestion, key=True)
    if vias is not None and isinstance(frames, list) and "socket" not in vias:
        yield from _check_receive(source, frames, (*path, "frames"))


def _vias(when: Any) -> list[str] | None:
    via = when.get("via") if isinstance(when, dict) else None
    vias = [via] if isinstance(via, str) else via
    is_valid = isinstance(vias, list) and vias and all(isinstance(name, str) for name in vias)
    return vias if is_valid else None


def _check_rule(source: Source, rule: dict[str, Any], path: Path) -> Iterator[ScenarioProblem]:
    if "input" in rule:
        yield from _check_pattern(source, rule["input"], (*path, "input"))
    yield from _check_frames(source, rule.get("frames"), (*path, "frames"), is_rule=True)


def _check_frames(
    source: Source, frames: Any, path: Path, *, is_rule: bool
) -> Iterator[ScenarioProblem]:
    ended = ""
    for number, frame in enumerate(frames if isinstance(frames, list) else ()):
        where: Path = (*path, number)
        if ended:
            message = f"the frames after {ended} are never sent"
            yield source.problem(where, message, "remove them")
            return
        if isinstance(frame, dict):
            yield from _check_frame(source, frame, where, is_rule=is_rule)
        if frame in _ENDS or (isinstance(frame, dict) and "close" in frame):
            ended = frame if isinstance(frame, str) else "close"


def _check_frame(
    source: Source, frame: dict[str, Any], path: Path, *, is_rule: bool
) -> Iterator[ScenarioProblem]:
    if "receive" in frame:
        if is_rule:
            message = "receive cannot be used in on_message: the frames already answer a message"
            yield source.problem((*path, "receive"), message, "add another entry to on_message")
        yield from _check_pattern(source, frame["receive"], (*path, "receive"))
    for name in _TEMPLATED:
        if name in frame:
            try:
                compile_value(frame[name], (*path, name))
            except TemplateError as error:
                yield source.problem(error.path, error.message, error.suggestion)
    if "msgpack" in frame and _is_too_large(frame["msgpack"]):
        message = "msgpack has no integers of more than 64 bits"
        yield source.problem((*path, "msgpack"), message, "write it as text")


def _is_too_large(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_too_large, value.values()))
    if isinstance(value, list):
        return any(map(_is_too_large, value))
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 64


def _check_receive(source: Source, frames: list[Any], path: Path) -> Iterator[ScenarioProblem]:
    """``receive`` in a reply to ``ws`` or ``realtime``, where each message is a separate call."""
    for number, frame in enumerate(frames):
        if isinstance(frame, dict) and "receive" in frame:
            message = "receive requires via: socket; here each message is a separate call"
            yield source.problem((*path, number, "receive"), message, "write another exchange")


def _check_pattern(source: Source, pattern: Any, path: Path) -> Iterator[ScenarioProblem]:
    try:
        compile_pattern(pattern)
    except PatternError as error:
        is_operator = error.message.startswith("unknown operator")
        yield source.problem((*path, *error.path), error.message, error.suggestion, key=is_operator)
