"""The input of a recorded call as a matcher that matches it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import REDACTED, Redactor
from fakefal.scenario.matching.operators import compile_pattern

_LONG_TEXT_LENGTH = 2_000
_PREFIX_LENGTH = 80
_TIMESTAMP_NAME = re.compile(r"[0-9]{12,}\.(\w+)")


def exact_pattern(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json:
    """A matcher of one input.

    ``links`` are the URLs that will be others at the next run, with the expressions that tell them.
    Where a secret stood anything matches; of long data URIs the beginning and the length are kept.
    """
    pattern = _loose_pattern(value, links, redactor)
    if pattern is None:
        return {"$eq": _sort_keys(value)}
    assert compile_pattern(pattern).matches(value), pattern
    return pattern


def link_expression(name: str) -> str:
    """Tells the URL of an uploaded or generated file by its name, wherever it is served."""
    timestamp_name = _TIMESTAMP_NAME.fullmatch(name)
    if timestamp_name is not None:  # the JavaScript client names what has no name by the clock
        return rf"/files/.*\.{re.escape(timestamp_name[1])}(\?.*)?$"
    return rf"/files/.*{re.escape(name)}(\?.*)?$" if name else "/files/"


def _loose_pattern(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json | None:
    """A matcher where equality would not do; None where it does."""
    if isinstance(value, str):
        return _text_pattern(value, links, redactor)
    if isinstance(value, list):
        items = [_loose_pattern(inner, links, redactor) for inner in value]
        if all(item is None for item in items):
            return None
        return [_pattern_or_value(item, inner) for item, inner in zip(items, value, strict=True)]
    if isinstance(value, dict):
        return _object_pattern(value, links, redactor)
    return None


def _object_pattern(
    value: dict[str, Json], links: Mapping[str, str], redactor: Redactor
) -> Json | None:
    redacted = redactor.redact_json(value)
    if list(redacted) != list(value):
        return {"$all": [{"$type": "object"}, {"$length": len(value)}]}
    fields = {
        name: {"$type": "string"}
        if redacted[name] == REDACTED and inner != REDACTED
        else _loose_pattern(inner, links, redactor)
        for name, inner in value.items()
    }
    if all(inner is None for inner in fields.values()):
        return None
    if any(name.startswith("$") for name in fields):
        return {"$all": [{"$type": "object"}, {"$length": len(value)}]}
    exact = {name: _pattern_or_value(fields[name], value[name]) for name in sorted(fields)}
    return {"$all": [exact, {"$length": len(value)}]}


def _pattern_or_value(pattern: Json | None, value: Json) -> Json:
    if pattern is not None:
        return pattern
    return {"$eq": _sort_keys(value)} if isinstance(value, (dict, list)) else value


def _text_pattern(text: str, links: Mapping[str, str], redactor: Redactor) -> Json | None:
    bare = text.partition("?")[0]
    if bare in links:
        return {"$regex": links[bare]}
    if len(text) > _LONG_TEXT_LENGTH and text.startswith("data:"):
        start = re.escape(text[:_PREFIX_LENGTH])
        return {"$all": [{"$regex": f"^{start}"}, {"$length": len(text)}]}
    redacted = redactor.redact_text(text)
    if redacted == text:
        return None
    parts = [re.escape(part).replace("\\ ", " ") for part in redacted.split(REDACTED)]
    expression = f"(?s)^{'.*'.join(parts)}$"
    return {"$regex": expression if re.search(expression, text) else "(?s)^.*$"}


def _sort_keys(value: Json) -> Json:
    """The same JSON with its keys in order, as they mean nothing in an input."""
    if isinstance(value, dict):
        return {name: _sort_keys(value[name]) for name in sorted(value)}
    return [_sort_keys(inner) for inner in value] if isinstance(value, list) else value
