"""What pydantic found wrong with a scenario, said for people: what, where, and what is right."""

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
from fakefal.scenario.model.defaults import ACCOUNT_STATES
from fakefal.scenario.model.failure import RETRIED_NAMES
from fakefal.scenario.model.faults import fault_names, parse_fault
from fakefal.scenario.model.scenario import Scenario
from fakefal.scenario.model.sockets import FRAME_KEYS, FRAME_WORDS
from fakefal.scenario.presets.preset import Part
from fakefal.scenario.presets.registry import PRESETS, preset_names, reply_preset_names

_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_DESCRIPTIONS = {
    "string_pattern_mismatch": "cannot be the value of a header",
}

_HINTS = {
    "list_type": "begin each entry with a dash and a space",
    "duration": "write 1.5s or 300ms",
    "header_name": "write letters, digits and dashes",
    "header_text": "remove it; in YAML write >- in place of |",
    "string_pattern_mismatch": "write one line of text, such as text/html",
    "one_step": "begin each with a dash of its own: - IN_QUEUE: {…}",
    "then_alone": "add replies, or remove then",
    "media_alone": "remove it, or refer to a file: {file: cat.png}",
    "files_alone": "add kind: images, image, video, audio or mesh",
    "many_files": "keep one, or write kind: images",
    "status_needed": "add status: 503",
    "fail_form": "for example fail: runner_disconnected, or fail: {status: 500, body: {…}}",
    "dict_type": "write name: value",
    "conflict": "keep one of them",
    "node_form": "add output: …, text: … or fail: …",
    "node_twice": "give each its own id",
    "node_after": "name nodes that stand above it",
    "frame_form": "for example {json: {…}}, {text: hello}, {wait: 1s}, {close: 1000}",
    "for_alone": "add hang, or remove for",
    "code_alone": "write {close: after, code: 1011}, for example",
    "reason_alone": "write {close: after, code: 1011, reason: …}, for example",
    "fault_form": "for example {status: 500}, {delay: 2s}, {reset: during}, {drop: [logs]}",
    "companion": "add the one, or remove the other",
    "rotation": "write rotate_after: 1h",
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
    "fault_name": lambda value: ("is no fault", _fault_hint(value)),
    "account_state": lambda value: ("is no state of an account", nearest(value, ACCOUNT_STATES)),
    "host": lambda value: ("is no host of fal", nearest(value, sorted(CANONICAL_HOSTS))),
    "reply_preset": lambda value: ("is no preset for a reply", _preset_hint(value, "scenario")),
    "scenario_preset": lambda value: ("is no preset for a scenario", _preset_hint(value, "reply")),
    "frame_word": lambda value: ("is no frame", nearest(value, [*FRAME_WORDS, *FRAME_KEYS])),
    "base64": lambda _: ("is not base64", "write text: … for text"),
    "close_code": lambda _: (
        "is no close code",
        "write 1000 to 1003, 1007 to 1014, or 3000 to 4999",
    ),
    "close_reason": lambda _: ("is longer than a close frame holds", "123 bytes at most"),
    "retried_name": lambda _: ("is nothing that fal retries", f"one of {', '.join(RETRIED_NAMES)}"),
    "keys": lambda _: ("does not say which keys are good", "write any, strict, or a list of keys"),
}
"""Values that are of no known kind: what is wrong with each, and what would be right."""


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

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "too_short": ("min_length", "at least"),
    "string_too_short": ("min_length", "at least"),
}


def nearest(word: str, names: Iterable[str]) -> str:
    """``did you mean "times"?``, or the known words if none is near."""
    words = [str(name) for name in names]
    if close := _closest(word, words, 0.6):
        return f'did you mean "{close}"?'
    shown = ", ".join(words[:16]) + (", …" if len(words) > 16 else "")
    return f"known here: {shown}"


def _closest(word: str, words: list[str], cutoff: float) -> str | None:
    """The word that is meant, whatever its case; None if none is near."""
    lowered = {name.lower(): name for name in words}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def show(value: Any) -> str:
    """A value as it stands in an error message, cut to a line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing (null)" if value is None else quote(value, 60)


def format_error(source: Source, error: Any) -> ScenarioProblem:
    """One error of pydantic as a mistake at its place in the file."""
    type_: str = error["type"]
    path = _data_path(source.data, error["loc"], type_ in ("missing", "extra_forbidden"))
    value = error["input"]
    context: dict[str, Any] = error.get("ctx") or {}
    if type_ == "extra_forbidden":
        key = str(path[-1])
        parent_key = _parent_key(key, path[:-1])
        right = (
            f"write it under {parent_key}" if parent_key else nearest(key, _fields_at(path[:-1]))
        )
        return source.problem(path, f'unknown key "{key}"', right, key=True)
    if type_ == "missing":
        key = str(path[-1])
        right = (
            "the first line of a scenario is fakefal: 1" if key == "fakefal" else f"add {key}: …"
        )
        return source.problem(path[:-1], f'"{key}" is missing', right)
    if path == ("fakefal",):
        return _version(source, value)
    if _is_fault_times(path):
        what = f"{show(value)} is not how often a fault comes"
        return source.problem(path, what, "write a number from 1 to 10000, or always")
    if type_ == "literal_error":
        return _literal(source, path, value, context)
    if type_ == "fault_name" and (isinstance(value, bool) or not isinstance(value, (str, int))):
        return source.problem(path, f"{show(value)} is no fault", _FAULT_FORM)
    if type_ in VALUE_MESSAGES:
        what, right = VALUE_MESSAGES[type_](str(value))
        return source.problem(path, f"{show(value)} {what}", right)
    if type_ == "word":
        what = f"{show(value)} is not known here"
        return source.problem(path, what, nearest(str(value), context["words"].split()))
    if type_ in _EXPECTED:
        what = f"{show(value)} stands where {_EXPECTED[type_]} is expected"
        return source.problem(path, what, _hint(type_, value, path))
    if type_ in _BOUNDS:
        name, words = _BOUNDS[type_]
        bound = context[name]
        if type_ in ("too_short", "string_too_short"):
            return source.problem(path, "is empty", "fill it, or remove it")
        size = "small" if words == "at least" else "large"
        return source.problem(path, f"{show(value)} is too {size}", f"{words} {bound:g}")
    if type_ in _DESCRIPTIONS:
        return source.problem(path, f"{show(value)} {_DESCRIPTIONS[type_]}", _HINTS[type_])
    return source.problem(path, error["msg"], _HINTS.get(type_, ""))


def _is_fault_times(path: Path) -> bool:
    """Whether a place is the ``times`` of a fault: a union, of which each part has complained."""
    return path[-1:] == ("times",) and "faults" in path


def _literal(source: Source, path: Path, value: Any, context: dict[str, Any]) -> ScenarioProblem:
    expected = str(context["expected"]).replace("'", "")
    words = [word for part in expected.split(", ") for word in part.split(" or ")]
    close = _closest(str(value), words, 0.5)
    right = f'did you mean "{close}"?' if close else f"one of {', '.join(words)}"
    if value == "COMPLETED":
        right = "leave it out: it comes by itself after the last step"
    return source.problem(path, f"{show(value)} is not known here", right)


def _version(source: Source, value: Any) -> ScenarioProblem:
    if isinstance(value, int) and not isinstance(value, bool) and value > 1:
        what = f"version {value} of the format is newer than this fakefal"
        return source.problem(("fakefal",), what, "update fakefal, or write fakefal: 1")
    what = f"{show(value)} is not a version of the format"
    return source.problem(("fakefal",), what, "write fakefal: 1")


def _hint(type_: str, value: Any, path: Path) -> str:
    """What to write where a value has the wrong type."""
    if type_ == "string_type":
        return "put it in quotes" if isinstance(value, (int, float)) else "write text"
    if isinstance(value, str) and _QUOTED.fullmatch(value) and type_ in _UNQUOTED:
        return "remove the quotes"
    if type_ in ("model_type", "model_attributes_type"):
        return f"keys here: {', '.join(_fields_at(path))}"
    return _HINTS.get(type_, "")


def _data_path(data: Any, loc: tuple[str | int, ...], names_key: bool) -> Path:
    """The place in the file: pydantic's own, without the tags of unions and of validators.

    With ``names_key`` the last part is a key that need not be there.
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
    """The key at a place under which another key belongs, for those indented too little."""
    for model in _models_at(path):
        for name, field in model.model_fields.items():
            if key in _keys(_models_in(field.annotation)):
                return field.alias or name
    return None


def _fields_at(path: Path) -> list[str]:
    """The keys that the format knows at a place."""
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
    """Every key, those that a model adds to another before those that it has from it."""
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
