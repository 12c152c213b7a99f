"""The input of a recorded call as a matcher that matches it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import MARK, Redactor
from fakefal.scenario.matching.operators import compile_pattern

_LONG_CHARACTERS = 2_000
_SHOWN_CHARACTERS = 80
_NAMED_BY_TIME = re.compile(r"[0-9]{12,}\.(\w+)")


def exact_pattern(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json:
    """A matcher of one input.

    ``links`` are the URLs that will be others at the next run, with the expressions that tell them.
    Where a secret stood anything matches; of long data URIs the beginning and the length are kept.
    """
    pattern = _loosened(value, links, redactor)
    if pattern is None:
        return {"$eq": _sorted(value)}
    assert compile_pattern(pattern).matches(value), pattern
    return pattern


def link_expression(name: str) -> str:
    """Tells the URL of an uploaded or generated file by its name, wherever it is served."""
    by_time = _NAMED_BY_TIME.fullmatch(name)
    if by_time is not None:  # the JavaScript client names what has no name by the clock
        return rf"/files/.*\.{re.escape(by_time[1])}(\?.*)?$"
    return rf"/files/.*{re.escape(name)}(\?.*)?$" if name else "/files/"


def _loosened(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json | None:
    """A matcher where equality would not do; None where it does."""
    if isinstance(value, str):
        return _text(value, links, redactor)
    if isinstance(value, list):
        items = [_loosened(inner, links, redactor) for inner in value]
        if all(item is None for item in items):
            return None
        return [_either(item, inner) for item, inner in zip(items, value, strict=True)]
    if isinstance(value, dict):
        return _object(value, links, redactor)
    return None


def _object(value: dict[str, Json], links: Mapping[str, str], redactor: Redactor) -> Json | None:
    redacted = redactor.json(value)
    if list(redacted) != list(value):
        return {"$all": [{"$type": "object"}, {"$length": len(value)}]}
    fields = {
        name: {"$type": "string"}
        if redacted[name] == MARK and inner != MARK
        else _loosened(inner, links, redactor)
        for name, inner in value.items()
    }
    if all(inner is None for inner in fields.values()):
        return None
    if any(name.startswith("$") for name in fields):
        return {"$all": [{"$type": "object"}, {"$length": len(value)}]}
    exact = {name: _either(fields[name], value[name]) for name in sorted(fields)}
    return {"$all": [exact, {"$length": len(value)}]}


def _either(pattern: Json | None, value: Json) -> Json:
    if pattern is not None:
        return pattern
    return {"$eq": _sorted(value)} if isinstance(value, (dict, list)) else value


def _text(text: str, links: Mapping[str, str], redactor: Redactor) -> Json | None:
    bare = text.partition("?")[0]
    if bare in links:
        return {"$regex": links[bare]}
    if len(text) > _LONG_CHARACTERS and text.startswith("data:"):
        start = re.escape(text[:_SHOWN_CHARACTERS])
        return {"$all": [{"$regex": f"^{start}"}, {"$length": len(text)}]}
    shown = redactor.text(text)
    if shown == text:
        return None
    parts = [re.escape(part).replace("\\ ", " ") for part in shown.split(MARK)]
    expression = f"(?s)^{'.*'.join(parts)}$"
    return {"$regex": expression if re.search(expression, text) else "(?s)^.*$"}


def _sorted(value: Json) -> Json:
    """The same JSON with its keys in order, as they mean nothing in an input."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value
