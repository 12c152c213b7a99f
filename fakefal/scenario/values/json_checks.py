"""Checks that a value of a test is JSON, and says what would be."""

from __future__ import annotations

import dataclasses
import math
from datetime import date
from pathlib import PurePath
from typing import Any

_MAX_DEPTH = 100


def json_problem(value: Any, path: str, depth: int = 0) -> str:
    """Why a value is not JSON, with the path to the wrong part and what to write; or empty.

    Tuples and keys that are numbers are written as ``json.dumps`` writes them.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{path} is {value}, which JSON lacks — use None"
    if depth > _MAX_DEPTH:
        return f"{path.partition('.')[0]} is nested too deeply, or contains itself — flatten it"
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, (str, int, float, type(None))):
                return f"{path} has the key {key!r} — keys of JSON are text"
            if problem := json_problem(inner, f"{path}.{key}", depth + 1):
                return problem
        return ""
    if isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            if problem := json_problem(inner, f"{path}[{index}]", depth + 1):
                return problem
        return ""
    return f"{path} is {_describe(value)}"


def _describe(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return 'bytes, not JSON — decode them to text, or refer to a file: {"file": "cat.png"}'
    if isinstance(value, (set, frozenset)):
        return "a set, not JSON — write a list: [...]"
    if isinstance(value, PurePath):
        return f'a path, not JSON — write {{"file": "{value.name}"}}, or str(path)'
    if isinstance(value, date):
        return "a date, not JSON — write .isoformat()"
    if callable(value):
        name = getattr(value, "__qualname__", type(value).__name__).rpartition("<locals>.")[2]
        return (
            f"the function {name} — a function makes the whole reply: .output(function), "
            ".text(function), .fail(function) or .reply(function)"
        )
    kind = type(value).__name__
    if hasattr(value, "model_dump"):
        return f'an object of {kind}, not JSON — write .model_dump(mode="json")'
    if dataclasses.is_dataclass(value):
        return f"an object of {kind}, not JSON — write dataclasses.asdict(…)"
    return f"an object of {kind}, not JSON — write dicts, lists, text, numbers, booleans or None"
