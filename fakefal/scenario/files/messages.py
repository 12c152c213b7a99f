"""Validation errors of a scenario as users read them: where, what is wrong, what would be right."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

from fakefal.errors import ScenarioProblem
from fakefal.protocol.core.compat_flags import PROFILES
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.errors.catalog import error_names
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.model.defaults import ACCOUNT_STATES, similar_host
from fakefal.scenario.model.failure import RETRIED_NAMES
from fakefal.scenario.model.faults import fault_names, parse_fault
from fakefal.scenario.model.scenario import Scenario
from fakefal.scenario.model.sockets import FRAME_KEYS, FRAME_WORDS
from fakefal.scenario.presets.preset import Part
from fakefal.scenario.presets.registry import PRESETS, preset_names, reply_preset_names
from fakefal.scenario.values.validation_text import BOUNDS, EXPECTED, literal_words, validation_text

_HINTS = {
    "list_type": "begin each item with a dash and a space",
    "duration": "write 1.5s or 300ms",
    "header_name": "write letters, digits and dashes",
    "header_text": "remove it; in YAML write >- in place of |",
    "string_pattern_mismatch": "write one line of text, such as text/html",
    "one_step": "write a dash before each step: - IN_QUEUE: {…}",
    "then_alone": "add replies, or remove then",
    "media_alone": "remove it, or refer to a file: {file: cat.png}",
    "files_alone": "add kind: images, image, video, audio or mesh",
    "many_files": "keep one, or write kind: images",
    "status_needed": "add status: 503",
    "fail_form": "for example fail: runner_disconnected, or fail: {status: 500, body: {…}}",
    "dict_type": "write name: value",
    "conflict": "keep one of them",
    "node_form": "add output: …, text: … or fail: …",
    "node_twice": "give each node its own id",
    "node_after": "name nodes above it",
    "frame_form": "for example {json: {…}}, {text: hello}, {wait: 1s}, {close: 1000}",
    "for_alone": "add hang, or remove for",
    "code_alone": "write {close: after, code: 1011}, for example",
    "reason_alone": "write {close: after, code: 1011, reason: …}, for example",
    "fault_form": "for example {status: 500}, {delay: 2s}, {reset: during}, {drop: [logs]}",
    "companion": "add one, or remove the other",
    "rotation": "write rotate_after: 1h",
    "reply_missing": "add reply: {json: …}, for example",
    "type_alone": "write base64: …, or file: speech.mp3",
    "chunk_form": "for example {text: …}, {event: {…}}, {base64: …}, {pause: 1s}",
    "name_alone": "write {event: …, name: …}",
}

VALUE_MESSAGES: dict[str, Callable[[str], tuple[str, str]]] = {
    "error_name": lambda value: ("is not in the error catalogue", nearest(value, error_names())),
    "profile": lambda _: ("is not a profile", f"one of {', '.join(PROFILES)}"),
    "loc_part": lambda _: (
        "is neither the name of a field nor an index",
        "write [body, prompt], for example",
    ),
    "duration": lambda _: ("is not a duration", _HINTS["duration"]),
    "share": lambda _: ("is not a share", "write 0.4 or 40%"),
    "fault_name": lambda value: ("is not a fault", _fault_hint(value)),
    "account_state": lambda value: ("is not a state of an account", nearest(value, ACCOUNT_STATES)),
    "host": lambda value: (
        ("is not a host of fal", nearest(value, sorted(CANONICAL_HOSTS)))
        if similar_host(value)
        else ("is not a host name", "write router.huggingface.co, for example")
    ),
    "route_path": lambda _: ("does not begin with a slash", "write /v1/items/{id}, for example"),
    "reply_preset": lambda value: ("is not a preset of a reply", _preset_hint(value, "scenario")),
    "scenario_preset": lambda value: (
        "is not a preset of a scenario",
        _preset_hint(value, "reply"),
    ),
    "frame_word": lambda value: ("is not a frame", nearest(value, [*FRAME_WORDS, *FRAME_KEYS])),
    "base64": lambda _: ("is not base64", "write text: … for text"),
    "close_code": lambda _: (
        "is not a close code",
        "write 1000 to 1003, 1007 to 1014, or 3000 to 4999",
    ),
    "close_reason": lambda _: ("is too long for a close frame", "at most 123 bytes"),
    "retried_name": lambda _: (
        "is not an error that fal retries",
        f"one of {', '.join(RETRIED_NAMES)}",
    ),
    "keys": lambda _: ("is not a rule for keys", "write any, strict, or a list of keys"),
}
"""For each type of error: what is wrong with the value, and a suggestion."""


def _fault_hint(text: str) -> str:
    word, *suffix = text.split() or [""]
    if suffix and parse_fault(word) is not None:
        return f"write {word} x2 for twice, {word} x* for always"
    if word.lstrip("-").isdigit():
        return "a failure is 400 to 599"
    return nearest(word, fault_names())


def _preset_hint(name: str, other: Part) -> str:
    preset = PRESETS.get(name.replace("_", "-"))
    if preset is not None and preset.part == other:
        return "name it in a reply" if other == "reply" else "name it at the top of the scenario"
    return nearest(name, reply_preset_names() if other == "scenario" else preset_names("scenario"))


_FAULT_FORM = "write a word, such as reset or nginx-502, or {reset: during}"
_QUOTED = re.compile(r"-?[0-9]+(\.[0-9]+)?|true|false")
_UNQUOTED = ("int_type", "float_type", "bool_type")


def nearest(word: str, names: Iterable[str]) -> str:
    """``did you mean "times"?``, or the first of the names if none is similar."""
    words = [str(name) for name in names]
    if close := _closest(word, words, 0.6):
        return f'did you mean "{close}"?'
    shown = ", ".join(words[:16]) + (", …" if len(words) > 16 else "")
    return f"one of {shown}"


def _closest(word: str, words: list[str], cutoff: float) -> str | None:
    """The most similar word, in any case; None if none is similar."""
    lowered = {name.lower(): name for name in words}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def show(value: Any) -> str:
    """A value for an error message, on one line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else quote(value, 60)


def format_error(source: Source, error: Any) -> ScenarioProblem:
    """One error of pydantic as a problem at its position in the file."""
    type_: str = error["type"]
    path = _data_path(source.data, error["loc"], type_ in ("missing", "extra_forbidden"))
    value = error["input"]
    context: dict[str, Any] = error.get("ctx") or {}
    if type_ == "extra_forbidden":
        key = str(path[-1])
        parent_key = _parent_key(key, path[:-1])
        suggestion = (
            f"write it under {parent_key}" if parent_key else nearest(key, _fields_at(path[:-1]))
        )
        return source.problem(path, f'unknown key "{key}"', suggestion, key=True)
    if type_ == "missing":
        key = str(path[-1])
        suggestion = (
            "the first line of a scenario is fakefal: 1" if key == "fakefal" else f"add {key}: …"
        )
        return source.problem(path[:-1], f'"{key}" is missing', suggestion)
    if path == ("fakefal",):
        return _version(source, value)
    if _is_fault_times(path):
        message = f"{show(value)} is not a number of times"
        return source.problem(path, message, "write a number from 1 to 10000, or always")
    if type_ == "literal_error":
        return _literal(source, path, value, context)
    if type_ == "fault_name" and (isinstance(value, bool) or not isinstance(value, (str, int))):
        return source.problem(path, f"{show(value)} is not a fault", _FAULT_FORM)
    if type_ in VALUE_MESSAGES:
        message, suggestion = VALUE_MESSAGES[type_](str(value))
        return source.problem(path, f"{show(value)} {message}", suggestion)
    if type_ == "word":
        message = f"unknown value {show(value)}"
        return source.problem(path, message, nearest(str(value), context["words"].split()))
    if type_ in EXPECTED:
        message = f"expected {EXPECTED[type_]}, got {show(value)}"
        return source.problem(path, message, _hint(type_, value, path))
    if type_ in ("too_short", "string_too_short"):
        return source.problem(path, "is empty", "add a value, or remove it")
    if type_ in BOUNDS:
        key, words = BOUNDS[type_]
        size = "small" if key in ("ge", "gt") else "large"
        return source.problem(path, f"{show(value)} is too {size}", f"{words} {context[key]:g}")
    if type_ == "string_pattern_mismatch":
        return source.problem(path, f"{show(value)} is not a valid header value", _HINTS[type_])
    return source.problem(path, validation_text(error), _HINTS.get(type_, ""))


def _is_fault_times(path: Path) -> bool:
    """Whether a path is ``times`` of a fault: for a union, pydantic has an error for each part."""
    return path[-1:] == ("times",) and "faults" in path


_OTHER_VIAS = {
    **dict.fromkeys(("subscribe", "submit", "async", "poll"), "queue"),
    **dict.fromkeys(("sync", "direct", "http", "post", "POST", "GET"), "run"),
    **dict.fromkeys(("sse", "streaming"), "stream"),
    **dict.fromkeys(("websocket", "socket"), "ws"),
}
"""Names of the clients' methods, and the way on the wire."""


def _literal(source: Source, path: Path, value: Any, context: dict[str, Any]) -> ScenarioProblem:
    words = literal_words(context)
    if "via" in path and value in _OTHER_VIAS:
        message = f"unknown value {show(value)}"
        return source.problem(path, message, f"such calls are via {_OTHER_VIAS[value]}")
    close = _closest(str(value), words, 0.5)
    suggestion = f'did you mean "{close}"?' if close else f"one of {', '.join(words)}"
    if value == "COMPLETED":
        suggestion = "leave it out: it follows the last step"
    return source.problem(path, f"unknown value {show(value)}", suggestion)


def _version(source: Source, value: Any) -> ScenarioProblem:
    if isinstance(value, int) and not isinstance(value, bool) and value > 1:
        message = f"version {value} of the format is newer than this fakefal"
        return source.problem(("fakefal",), message, "update fakefal, or write fakefal: 1")
    message = f"{show(value)} is not a version of the format"
    return source.problem(("fakefal",), message, "write fakefal: 1")


def _hint(type_: str, value: Any, path: Path) -> str:
    """A suggestion for a value of the wrong type."""
    if type_ == "string_type":
        return "put it in quotes" if isinstance(value, (int, float)) else "write text"
    if isinstance(value, str) and _QUOTED.fullmatch(value) and type_ in _UNQUOTED:
        return "remove the quotes"
    if type_ in ("model_type", "model_attributes_type"):
        return f"keys: {', '.join(_fields_at(path))}"
    return _HINTS.get(type_, "")


def _data_path(data: Any, loc: tuple[str | int, ...], names_key: bool) -> Path:
    """The path in the file: ``loc`` of pydantic without the tags of unions and validators.

    With ``names_key`` the last part is a key that the file may not have.
    """
    path: list[str | int] = []
    value = data
    for index, part in enumerate(loc):
        is_index = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if is_index or (isinstance(value, dict) and part in value):
            value = value[part]
            path.append(part)
        elif names_key and index == len(loc) - 1:
            path.append(part)
    return tuple(path)


def _parent_key(key: str, path: Path) -> str | None:
    """The key under which another key belongs, for keys that are indented too little."""
    for model in _models_at(path):
        for name, field in model.model_fields.items():
            if key in _keys(_models_in(field.annotation)):
                return field.alias or name
    return None


def _fields_at(path: Path) -> list[str]:
    """The keys that the format has at a path."""
    return _keys(_models_at(path))


def _models_at(path: Path) -> list[type[BaseModel]]:
    models: list[type[BaseModel]] = [Scenario]
    for part in path:
        if isinstance(part, int):
            continue
        matching: list[type[BaseModel]] = []
        for model in models:
            for name, field in model.model_fields.items():
                if part in (name, field.alias):
                    matching.extend(_models_in(field.annotation))
                    for extra in field.metadata:
                        matching.extend(_models_in(extra))
        models = matching or models
    return models


def _keys(models: Iterable[type[BaseModel]]) -> list[str]:
    """Every key of the models; a model's own keys come before those of its base class."""
    return [
        field.alias or name
        for model in models
        for name, field in sorted(
            model.model_fields.items(), key=lambda item: item[0] not in model.__annotations__
        )
        if field.alias != "$schema"
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        return [model for part in typing.get_args(annotation) for model in _models_in(part)]
    return []
