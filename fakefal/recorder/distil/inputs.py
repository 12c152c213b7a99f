"""The input of a recorded call as a matcher for exactly this input."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fakefal.credentials.redaction import REDACTED
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import Redactor
from fakefal.scenario.matching.operators import compile_pattern

_LONG_TEXT_LENGTH = 2_000
_MAX_PARTS = 4
"""A text with more secrets is matched by its beginning and its end."""

_PREFIX_LENGTH = 80
_TIMESTAMP_NAME = re.compile(r"[0-9]{12,}\.(\w+)")


def exact_pattern(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json:
    """A matcher for one input.

    ``links`` maps URLs that differ in each run to regular expressions for them. Secrets match any
    text; long data URIs are compared by beginning and length.
    """
    pattern = _loose_pattern(value, links, redactor)
    if pattern is None:
        return {"$eq": _sort_keys(value)}
    assert compile_pattern(pattern).matches(value), pattern
    return pattern


def link_expression(name: str) -> str:
    """A regular expression for the URL of a file with this name, whichever host serves it."""
    timestamp_name = _TIMESTAMP_NAME.fullmatch(name)
    if timestamp_name is not None:  # the JavaScript client names a Blob after Date.now()
        return rf"/files/.*\.{re.escape(timestamp_name[1])}(\?.*)?$"
    return rf"/files/.*{re.escape(name)}(\?.*)?$" if name else "/files/"


def _loose_pattern(value: Json, links: Mapping[str, str], redactor: Redactor) -> Json | None:
    """A matcher if the value must not be compared for equality; None if it can be."""
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
    parts = redacted.split(REDACTED)
    if len(parts) > _MAX_PARTS:
        parts = [parts[0], parts[-1]]  # each further ".*" multiplies the time of a mismatch
    if not _holds_in_order(text, parts):
        return {"$regex": "(?s)^.*$"}
    escaped = [re.escape(part).replace("\\ ", " ") for part in parts]
    return {"$regex": f"(?s)^{'.*'.join(escaped)}$"}


def _holds_in_order(text: str, parts: list[str]) -> bool:
    """Whether a text begins with the first part, ends with the last, and has the others between.

    What ``^first.*second.*last$`` says, in linear time.
    """
    first, *middle, last = parts
    if not text.startswith(first):
        return False
    position = len(first)
    for part in middle:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return text.endswith(last) and len(text) - len(last) >= position


def _sort_keys(value: Json) -> Json:
    """JSON with sorted keys, so that their order in the input does not change the file."""
    if isinstance(value, dict):
        return {name: _sort_keys(value[name]) for name in sorted(value)}
    return [_sort_keys(inner) for inner in value] if isinstance(value, list) else value
