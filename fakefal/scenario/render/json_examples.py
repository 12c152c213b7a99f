"""JSON that a JSON Schema allows, for calls that ask for it and get nothing scripted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

from fakefal.protocol.core.call import Json

_Choice = TypeVar("_Choice")

_DEEPEST = 8
_MOST = 1000
"""So many values are made at most; what would come after them is left out or null."""

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
    """A value for a schema; ``numbers`` (0 to 255, without end) choose where it leaves a choice.

    Objects have all their properties. ``pattern`` and keywords that relate values to each other are
    not looked at.
    """
    return _Example(schema, numbers).value(schema, 0)


class _Example:
    def __init__(self, root: Json, numbers: Iterator[int]) -> None:
        self._root = root
        self._numbers = numbers
        self._left = _MOST

    def value(self, schema: Json, depth: int) -> Json:
        schema = self._resolved(schema, depth)
        self._left -= 1
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
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return next(self._numbers) % 2 == 0
        return None if kind == "null" else self._text(schema)

    def _resolved(self, schema: Json, depth: int) -> Mapping[str, Any]:
        """A schema without references and alternatives: the first that is not null is taken."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict):
                return {}
            if isinstance(schema.get("$ref"), str):
                schema = _at(self._root, schema["$ref"])
                continue
            ways = schema.get("anyOf") or schema.get("oneOf")
            if isinstance(ways, list) and ways:
                kept = [way for way in ways if not _is_null(way)]
                schema = kept[0] if kept and depth < _DEEPEST else ways[-1]
                continue
            parts = schema.get("allOf")
            if isinstance(parts, list) and parts:
                rest = {name: value for name, value in schema.items() if name != "allOf"}
                schema = _merged([*(self._resolved(part, depth) for part in parts), rest])
                continue
            return schema
        return {"type": "null"}

    def _object(self, schema: Mapping[str, Any], depth: int) -> Json:
        properties = schema.get("properties")
        required = schema.get("required", ())
        found = {}
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            is_needed = name in required
            if is_needed or (depth < _DEEPEST and self._left > 0):
                found[name] = self.value(inner, depth + 1) if self._left > -_MOST else None
        return found

    def _array(self, schema: Mapping[str, Any], depth: int) -> Json:
        items = schema.get("prefixItems")
        if isinstance(items, list):
            return [self.value(item, depth + 1) for item in items]
        least = _int(schema.get("minItems"), 0)
        count = least if depth >= _DEEPEST or self._left <= 0 else max(least, 1)
        count = min(count, _int(schema.get("maxItems"), count), max(self._left, 0))
        return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> Json:
        given = schema.get("multipleOf")
        step: float = given if _is_number(given) and given > 0 else 1
        least = _bound(schema, "minimum", "exclusiveMinimum", step)
        most = _bound(schema, "maximum", "exclusiveMaximum", -step)
        if least is None:
            least = 0.0 if most is None or most >= 0 else most - 9 * step
        lowest = -(-least // step) * step
        number = lowest + next(self._numbers) % 10 * step
        if most is not None and number > most:
            number = lowest if lowest <= most else (least + most) / 2
        return int(number) if whole else number

    def _text(self, schema: Mapping[str, Any]) -> str:
        text = _FORMATS.get(str(schema.get("format")))
        if text is not None:
            return text
        text = self._one_of(_WORDS)
        least, most = _int(schema.get("minLength"), 0), _int(schema.get("maxLength"), 10_000)
        while len(text) < min(least, most, 10_000):
            text += f" {self._one_of(_WORDS)}"
        return text[:most] if len(text) > most else text

    def _one_of(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[next(self._numbers) % len(choices)]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((it for it in kind if it != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _merged(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(whole.get(name), dict) and isinstance(value, dict):
                whole[name] = {**whole[name], **value}
            elif isinstance(whole.get(name), list) and isinstance(value, list):
                whole[name] = [*whole[name], *value]
            else:
                whole[name] = value
    return whole


def _at(root: Json, reference: str) -> Json:
    """What ``#/$defs/name`` refers to; nothing for references that lead elsewhere."""
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found


def _bound(schema: Mapping[str, Any], name: str, exclusive: str, inwards: float) -> float | None:
    bound = schema.get(name)
    if _is_number(bound):
        return bound
    bound = schema.get(exclusive)
    return bound + inwards if _is_number(bound) else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _int(value: Any, usual: int) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else usual
