"""What pydantic found wrong with a scenario, said for people: what, where, and what is right."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

from fakefal.errors import Mistake
from fakefal.protocol.core.compat_flags import PROFILES
from fakefal.protocol.core.hosts import CANONICAL
from fakefal.protocol.errors.catalog import known_names
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.model.defaults import ACCOUNT_STATES
from fakefal.scenario.model.failure import RETRIED_NAMES
from fakefal.scenario.model.faults import fault_words, read_word
from fakefal.scenario.model.scenario import Scenario
from fakefal.scenario.model.sockets import FRAME_KEYS, FRAME_WORDS
from fakefal.scenario.presets.preset import Part
from fakefal.scenario.presets.registry import PRESETS, preset_names, reply_presets

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

_WHATS = {
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

KINDS: dict[str, Callable[[str], tuple[str, str]]] = {
    "error_name": lambda it: ("is not in the error catalogue", nearest(it, known_names())),
    "profile": lambda _: ("is not a profile", f"one of {', '.join(PROFILES)}"),
    "loc_part": lambda _: (
        "is neither the name of a field nor an index",
        "write [body, prompt], for example",
    ),
    "duration": lambda _: ("is not a duration", _HINTS["duration"]),
    "share": lambda _: ("is not a share", "write 0.4 or 40%"),
    "fault_name": lambda it: ("is no fault", _fault(it)),
    "account_state": lambda it: ("is no state of an account", nearest(it, ACCOUNT_STATES)),
    "host": lambda it: ("is no host of fal", nearest(it, sorted(CANONICAL))),
    "reply_preset": lambda it: ("is no preset for a reply", _preset(it, "scenario")),
    "scenario_preset": lambda it: ("is no preset for a scenario", _preset(it, "reply")),
    "frame_word": lambda it: ("is no frame", nearest(it, [*FRAME_WORDS, *FRAME_KEYS])),
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


def _fault(text: str) -> str:
    word, *rest = text.split() or [""]
    if rest and read_word(word) is not None:
        return f"write {word} x2 for twice, {word} x* for always"
    if word.lstrip("-").isdigit():
        return "a failure is 400 to 599"
    return nearest(word, fault_words())


def _preset(name: str, other: Part) -> str:
    known = PRESETS.get(name.replace("_", "-"))
    if known is not None and known.part == other:
        return "name it in a reply" if other == "reply" else "name it at the top of the scenario"
    return nearest(name, reply_presets() if other == "scenario" else preset_names("scenario"))


_FAULT_FORM = "write a word, such as reset or nginx-502, or {reset: during}"
_QUOTED = re.compile(r"-?[0-9]+(\.[0-9]+)?|true|false")
_UNQUOTED = ("int_type", "float_type", "bool_type")

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "too_short": ("min_length", "at least"),
    "string_too_short": ("min_length", "at least"),
}


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean "times"?``, or the known words if none is near."""
    words = [str(name) for name in known]
    if close := _close(word, words, 0.6):
        return f'did you mean "{close}"?'
    shown = ", ".join(words[:16]) + (", …" if len(words) > 16 else "")
    return f"known here: {shown}"


def _close(word: str, words: list[str], cutoff: float) -> str | None:
    """The word that is meant, whatever its case; None if none is near."""
    lowered = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def show(value: Any) -> str:
    """A value as it stands in an error message, cut to a line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing (null)" if value is None else quote(value, 60)


def word_error(source: Source, error: Any) -> Mistake:
    """One error of pydantic as a mistake at its place in the file."""
    type_: str = error["type"]
    path = _real_path(source.data, error["loc"], type_ in ("missing", "extra_forbidden"))
    given = error["input"]
    context: dict[str, Any] = error.get("ctx") or {}
    if type_ == "extra_forbidden":
        key = str(path[-1])
        home = _home(key, path[:-1])
        right = f"write it under {home}" if home else nearest(key, _fields_at(path[:-1]))
        return source.mistake(path, f'unknown key "{key}"', right, key=True)
    if type_ == "missing":
        key = str(path[-1])
        right = (
            "the first line of a scenario is fakefal: 1" if key == "fakefal" else f"add {key}: …"
        )
        return source.mistake(path[:-1], f'"{key}" is missing', right)
    if path == ("fakefal",):
        return _version(source, given)
    if _is_how_often(path):
        what = f"{show(given)} is not how often a fault comes"
        return source.mistake(path, what, "write a number from 1 to 10000, or always")
    if type_ == "literal_error":
        return _literal(source, path, given, context)
    if type_ == "fault_name" and (isinstance(given, bool) or not isinstance(given, (str, int))):
        return source.mistake(path, f"{show(given)} is no fault", _FAULT_FORM)
    if type_ in KINDS:
        what, right = KINDS[type_](str(given))
        return source.mistake(path, f"{show(given)} {what}", right)
    if type_ == "word":
        what = f"{show(given)} is not known here"
        return source.mistake(path, what, nearest(str(given), context["words"].split()))
    if type_ in _EXPECTED:
        what = f"{show(given)} stands where {_EXPECTED[type_]} is expected"
        return source.mistake(path, what, _hint(type_, given, path))
    if type_ in _BOUNDS:
        name, words = _BOUNDS[type_]
        bound = context[name]
        if type_ in ("too_short", "string_too_short"):
            return source.mistake(path, "is empty", "fill it, or remove it")
        size = "small" if words == "at least" else "large"
        return source.mistake(path, f"{show(given)} is too {size}", f"{words} {bound:g}")
    if type_ in _WHATS:
        return source.mistake(path, f"{show(given)} {_WHATS[type_]}", _HINTS[type_])
    return source.mistake(path, error["msg"], _HINTS.get(type_, ""))


def _is_how_often(path: Path) -> bool:
    """Whether a place is the ``times`` of a fault: a union, of which each part has complained."""
    return path[-1:] == ("times",) and "faults" in path


def _literal(source: Source, path: Path, given: Any, context: dict[str, Any]) -> Mistake:
    expected = str(context["expected"]).replace("'", "")
    words = [word for part in expected.split(", ") for word in part.split(" or ")]
    close = _close(str(given), words, 0.5)
    right = f'did you mean "{close}"?' if close else f"one of {', '.join(words)}"
    if given == "COMPLETED":
        right = "leave it out: it comes by itself after the last step"
    return source.mistake(path, f"{show(given)} is not known here", right)


def _version(source: Source, given: Any) -> Mistake:
    if isinstance(given, int) and not isinstance(given, bool) and given > 1:
        what = f"version {given} of the format is newer than this fakefal"
        return source.mistake(("fakefal",), what, "update fakefal, or write fakefal: 1")
    what = f"{show(given)} is not a version of the format"
    return source.mistake(("fakefal",), what, "write fakefal: 1")


def _hint(type_: str, given: Any, path: Path) -> str:
    """What to write where a value has the wrong type."""
    if type_ == "string_type":
        return "put it in quotes" if isinstance(given, (int, float)) else "write text"
    if isinstance(given, str) and _QUOTED.fullmatch(given) and type_ in _UNQUOTED:
        return "remove the quotes"
    if type_ in ("model_type", "model_attributes_type"):
        return f"keys here: {', '.join(_fields_at(path))}"
    return _HINTS.get(type_, "")


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


def _home(key: str, path: Path) -> str | None:
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
        found: list[type[BaseModel]] = []
        for model in models:
            for name, field in model.model_fields.items():
                if part in (name, field.alias):
                    found.extend(_models_in(field.annotation))
                    for extra in field.metadata:
                        found.extend(_models_in(extra))
        models = found or models
    return models


def _keys(models: Iterable[type[BaseModel]]) -> list[str]:
    """Every key, those that a model adds to another before those that it has from it."""
    return [
        field.alias or name
        for model in models
        for name, field in sorted(
            model.model_fields.items(), key=lambda it: it[0] not in model.__annotations__
        )
        if field.alias != "$schema"
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        return [found for part in typing.get_args(annotation) for found in _models_in(part)]
    return []
