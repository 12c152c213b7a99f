"""Generates JSON that is valid for a JSON Schema, for calls that request JSON and script none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

from fakefal.protocol.core.call import Json

_Choice = TypeVar("_Choice")

_MAX_DEPTH = 8
_MAX_VALUES = 1000
"""The most generated values; after them, optional values are left out and required ones null."""

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "jade")

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example_of(schema: Json, numbers: Iterator[int]) -> Json:
    """A value that is valid for a schema; ``numbers`` (0 to 255, endless) choose among its values.

    Objects have all their properties. ``pattern`` and keywords that relate values to each other
    (``if``, ``uniqueItems`` …) are ignored.
    """
    return _Example(schema, numbers).value(schema, 0)


class _Example:
    def __init__(self, root: Json, numbers: Iterator[int]) -> None:
        self._root = root
        self._numbers = numbers
        self._values_left = _MAX_VALUES

    def value(self, schema: Json, depth: int) -> Json:
        schema = self._resolve(schema, depth)
        self._values_left -= 1
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self._one_of(schema["enum"])
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            return self._number(schema, is_integer=kind == "integer")
        if kind == "boolean":
            return next(self._numbers) % 2 == 0
        return None if kind == "null" else self._text(schema)

    def _resolve(self, schema: Json, depth: int) -> Mapping[str, Any]:
        """A schema without references and alternatives: the first that is not null is taken."""
        for _ in range(_MAX_DEPTH):
            if not isinstance(schema, dict):
                return {}
            if isinstance(schema.get("$ref"), str):
                schema = _dereference(self._root, schema["$ref"])
                continue
            alternatives = schema.get("anyOf") or schema.get("oneOf")
            if isinstance(alternatives, list) and alternatives:
                non_null = [
                    alternative for alternative in alternatives if not _is_null(alternative)
                ]
                schema = non_null[0] if non_null and depth < _MAX_DEPTH else alternatives[-1]
                continue
            parts = schema.get("allOf")
            if isinstance(parts, list) and parts:
                siblings = {name: value for name, value in schema.items() if name != "allOf"}
                schema = _merge([*(self._resolve(part, depth) for part in parts), siblings])
                continue
            return schema
        return {"type": "null"}

    def _object(self, schema: Mapping[str, Any], depth: int) -> Json:
        properties = schema.get("properties")
        required = schema.get("required")
        members = {}
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            is_required = isinstance(required, list) and name in required
            if is_required or (depth < _MAX_DEPTH and self._values_left > 0):
                members[name] = (
                    self.value(inner, depth + 1) if self._values_left > -_MAX_VALUES else None
                )
        return members

    def _array(self, schema: Mapping[str, Any], depth: int) -> Json:
        items = schema.get("prefixItems")
        if isinstance(items, list):
            return [self.value(item, depth + 1) for item in items]
        min_items = _int(schema.get("minItems"), 0)
        count = min_items if depth >= _MAX_DEPTH or self._values_left <= 0 else max(min_items, 1)
        count = min(count, _int(schema.get("maxItems"), count), max(self._values_left, 0))
        return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]

    def _number(self, schema: Mapping[str, Any], *, is_integer: bool) -> Json:
        multiple_of = schema.get("multipleOf")
        step: float = multiple_of if _is_number(multiple_of) and multiple_of > 0 else 1
        lower = _bound(schema, "minimum", "exclusiveMinimum", step)
        upper = _bound(schema, "maximum", "exclusiveMaximum", -step)
        if lower is None:
            lower = 0.0 if upper is None or upper >= 0 else upper - 9 * step
        lowest = -(-lower // step) * step
        number = lowest + next(self._numbers) % 10 * step
        if upper is not None and number > upper:
            number = lowest if lowest <= upper else (lower + upper) / 2
        return int(number) if is_integer else number

    def _text(self, schema: Mapping[str, Any]) -> str:
        text = _FORMATS.get(str(schema.get("format")))
        if text is not None:
            return text
        text = self._one_of(_WORDS)
        min_length, max_length = (
            _int(schema.get("minLength"), 0),
            _int(schema.get("maxLength"), 10_000),
        )
        while len(text) < min(min_length, max_length, 10_000):
            text += f" {self._one_of(_WORDS)}"
        return text[:max_length] if len(text) > max_length else text

    def _one_of(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[next(self._numbers) % len(choices)]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _merge(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(merged.get(name), dict) and isinstance(value, dict):
                merged[name] = {**merged[name], **value}
            elif isinstance(merged.get(name), list) and isinstance(value, list):
                merged[name] = [*merged[name], *value]
            else:
                merged[name] = value
    return merged


def _dereference(root: Json, reference: str) -> Json:
    """The schema at ``#/$defs/name`` (RFC 6901); an empty one for other references."""
    node = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name, {}) if isinstance(node, dict) else {}
    return node


def _bound(schema: Mapping[str, Any], name: str, exclusive: str, inwards: float) -> float | None:
    bound = schema.get(name)
    if _is_number(bound):
        return bound
    bound = schema.get(exclusive)
    return bound + inwards if _is_number(bound) else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _int(value: Any, default: int) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else default
