"""What pydantic found wrong with a scenario, said for people: what, where, and what is right."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from fakefal.errors import Mistake
from fakefal.protocol.catalogue import known_names
from fakefal.protocol.periods import PERIODS
from fakefal.scenario.models import Scenario
from fakefal.scenario.source import Path, Source

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

_HINTS = {
    "string_type": "put it in quotes",
    "list_type": "begin each entry with a dash",
    "duration": "write 1.5s or 300ms",
    "one_step": "write IN_QUEUE: {…} or IN_PROGRESS: {…}",
    "then_alone": "add replies, or remove then",
    "status_needed": "add status: 503",
    "fail_form": "for example fail: runner_disconnected, or fail: {status: 500, body: {…}}",
    "conflict": "keep one of them",
}

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "too_short": ("min_length", "at least"),
    "string_too_short": ("min_length", "at least"),
}


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean "times"?``, or the known words if none is near."""
    words = [str(name) for name in known]
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    shown = ", ".join(words[:12]) + (", …" if len(words) > 12 else "")
    return f"known here: {shown}"


def show(value: Any) -> str:
    """A value as it stands in an error message, cut to a line."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, dict):
        text = "a mapping"
    elif isinstance(value, list):
        text = "a list"
    elif value is None:
        text = "nothing (null)"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def word_error(source: Source, error: Any) -> Mistake:
    """One error of pydantic as a mistake at its place in the file."""
    type_: str = error["type"]
    path = _real_path(source.data, error["loc"], type_ in ("missing", "extra_forbidden"))
    given = error["input"]
    context: dict[str, Any] = error.get("ctx") or {}
    if type_ == "extra_forbidden":
        key = str(path[-1])
        right = nearest(key, _fields_at(path[:-1]))
        return source.mistake(path, f'unknown key "{key}"', right, key=True)
    if type_ == "missing":
        key = str(path[-1])
        right = (
            "the first line of a scenario is fakefal: 1" if key == "fakefal" else f"add {key}: …"
        )
        return source.mistake(path[:-1], f'"{key}" is missing', right)
    if type_ == "literal_error":
        return _literal(source, path, given, context)
    if type_ == "error_name":
        what = f"{show(given)} is not in the error catalogue"
        return source.mistake(path, what, nearest(str(given), known_names()))
    if type_ == "profile":
        return source.mistake(path, f"{show(given)} is not a profile", nearest(given, PERIODS))
    if type_ == "duration":
        return source.mistake(path, f"{show(given)} is not a duration", _HINTS["duration"])
    if type_ in _EXPECTED:
        what = f"{show(given)} stands where {_EXPECTED[type_]} is expected"
        return source.mistake(path, what, _HINTS.get(type_, ""))
    if type_ in _BOUNDS:
        name, words = _BOUNDS[type_]
        bound = context[name]
        if type_ in ("too_short", "string_too_short"):
            return source.mistake(path, "is empty", f"write {words} {bound}")
        size = "small" if words == "at least" else "large"
        return source.mistake(path, f"{show(given)} is too {size}", f"{words} {bound}")
    return source.mistake(path, error["msg"], _HINTS.get(type_, ""))


def _literal(source: Source, path: Path, given: Any, context: dict[str, Any]) -> Mistake:
    expected = str(context["expected"]).replace("'", "")
    words = [word for part in expected.split(", ") for word in part.split(" or ")]
    if path == ("fakefal",):
        if isinstance(given, int) and not isinstance(given, bool) and given > 1:
            what = f"version {given} of the format is newer than this fakefal"
            return source.mistake(path, what, "update fakefal, or write fakefal: 1")
        what = f"{show(given)} is not a version of the format"
        return source.mistake(path, what, "write fakefal: 1")
    close = difflib.get_close_matches(str(given), words, n=1, cutoff=0.5)
    right = f'did you mean "{close[0]}"?' if close else f"one of {', '.join(words)}"
    return source.mistake(path, f"{show(given)} is not known here", right)


def _real_path(data: Any, loc: tuple[str | int, ...], names_key: bool) -> Path:
    """The place in the file: pydantic's own, without the tags of unions and of validators.

    With ``names_key`` the last part is a key that need not be there.
    """
    path: list[str | int] = []
    here = data
    for index, part in enumerate(loc):
        is_index = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_index or (isinstance(here, dict) and part in here):
            here = here[part]
            path.append(part)
        elif names_key and index == len(loc) - 1:
            path.append(part)
    return tuple(path)


def _fields_at(path: Path) -> list[str]:
    """The keys that the format knows at a place."""
    models: list[type[BaseModel]] = [Scenario]
    for part in path:
        if isinstance(part, int):
            continue
        found: list[type[BaseModel]] = []
        for model in models:
            for name, field in model.model_fields.items():
                if part in (name, field.alias):
                    found.extend(_models_in(field.annotation))
                    for extra in field.metadata:
                        found.extend(_models_in(extra))
        models = found or models
    return [
        field.alias or name
        for model in models
        for name, field in model.model_fields.items()
        if field.alias != "$schema"
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        return [found for part in typing.get_args(annotation) for found in _models_in(part)]
    return []
