"""Whether a JSON value is valid for a schema: the judge of everything that is generated.

Covers the keywords of JSON Schema that descriptions use, in the dialects of OpenAPI 3.0 and 3.1.
``format`` is an annotation. A keyword that is not covered raises SchemaError, so that no value is
called valid that might not be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import regex

from fakefal.protocol.core.call import Json
from fakefal.scenario.schemas.description import Description, Schema

MAX_CHECKS = 100_000
"""The most schemas that are applied to one value, and what bounds cyclic references."""

_MAX_REFERENCES = 100
_PATTERN_SECONDS = 0.5

UNCOVERED = frozenset(
    "patternProperties propertyNames dependentSchemas dependentRequired dependencies contains "
    "unevaluatedItems unevaluatedProperties $dynamicRef $recursiveRef".split()
)
"""Keywords that restrict values and are not covered."""


class Conformance:
    """Checks values against the schemas of one description."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._checks = 0

    def conforms(self, schema: Json, value: Json, path: str = "") -> bool:
        """Whether the value is valid; raises SchemaError for what cannot be decided."""
        self._checks = 0
        return self._conforms(schema, value, path, 0)

    def _conforms(self, schema: Json, value: Json, path: str, depth: int) -> bool:
        """``depth`` counts schemas applied to the same value."""
        if not isinstance(schema, Mapping):
            return schema is not False
        self._checks += 1
        if self._checks > MAX_CHECKS or depth > _MAX_REFERENCES:
            raise self._description.problem(path, "has cyclic or too many schemas to decide")
        schema = self._description.resolve(schema, path)
        if uncovered := UNCOVERED & schema.keys():
            name = min(uncovered)
            raise self._description.problem(f"{path}.{name}", "fakefal does not know this keyword")
        names = kinds if isinstance(kinds := schema.get("type", []), list) else [kinds]
        if unknown := [name for name in names if not (isinstance(name, str) and name in _TYPES)]:
            raise self._description.problem(path, f"{unknown[0]!r} is not a type", _TYPE_NAMES)
        if value is None and schema.get("nullable") is True:
            return True
        for keyword, check in _CHECKS.items():
            if keyword in schema and not check(schema, value):
                return False
        return self._combined(schema, value, path, depth + 1) and self._members(schema, value, path)

    def _combined(self, schema: Schema, value: Json, path: str, depth: int) -> bool:
        def matches(inner: Json) -> bool:
            return self._conforms(inner, value, path, depth)

        if isinstance(parts := schema.get("allOf"), list) and not all(map(matches, parts)):
            return False
        if isinstance(parts := schema.get("anyOf"), list) and not any(map(matches, parts)):
            return False
        if isinstance(parts := schema.get("oneOf"), list) and sum(map(matches, parts)) != 1:
            return False
        if "not" in schema and matches(schema["not"]):
            return False
        if "if" in schema:
            branch = "then" if matches(schema["if"]) else "else"
            return branch not in schema or matches(schema[branch])
        return True

    def _members(self, schema: Schema, value: Json, path: str) -> bool:
        if isinstance(value, dict):
            properties = schema.get("properties")
            properties = properties if isinstance(properties, dict) else {}
            extra = schema.get("additionalProperties", True)
            return all(
                self._conforms(properties.get(name, extra), inner, f"{path}.{name}", 0)
                for name, inner in value.items()
            )
        if isinstance(value, list):
            prefix, items = item_schemas(schema)
            return all(
                self._conforms(prefix[index] if index < len(prefix) else items, inner, path, 0)
                for index, inner in enumerate(value)
            )
        return True


def item_schemas(schema: Schema) -> tuple[list[Json], Json]:
    """The schemas of the first items, and that of the others."""
    prefix, items = schema.get("prefixItems"), schema.get("items", True)
    if isinstance(items, list):  # before 2020-12
        return items, schema.get("additionalItems", True)
    return prefix if isinstance(prefix, list) else [], items


def is_equal(first: Json, second: Json) -> bool:
    """Equality of JSON: true is not 1, but 1.0 is."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(is_equal, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            is_equal(value, second[name]) for name, value in first.items()
        )
    return bool(first == second)


def is_number(value: Json) -> bool:
    """Whether a JSON value is a number, which true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether the pattern is somewhere in the text; a pattern that takes too long is not."""
    try:
        return regex.search(pattern, text, timeout=_PATTERN_SECONDS) is not None
    except (regex.error, TimeoutError):
        return False


_TYPES: dict[str, Callable[[Json], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
}


_TYPE_NAMES = f"one of {', '.join(_TYPES)}"


def _type(schema: Schema, value: Json) -> bool:
    kinds = schema["type"]
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(_TYPES[name](value) for name in names)


def _enum(schema: Schema, value: Json) -> bool:
    values = schema["enum"]
    return isinstance(values, list) and any(is_equal(value, item) for item in values)


def _multiple(schema: Schema, value: Json) -> bool:
    step = schema["multipleOf"]
    if not is_number(value) or not is_number(step) or step <= 0:
        return True
    if isinstance(step, float) or isinstance(value, float):
        try:
            quotient = value / step
            return bool(quotient == int(quotient))
        except (OverflowError, ValueError):
            return False
    return bool(value % step == 0)


def _bound(keyword: str) -> Callable[[Schema, Json], bool]:
    def check(schema: Schema, value: Json) -> bool:
        bound = schema[keyword]
        if not is_number(value) or not is_number(bound):
            return True
        is_exclusive = schema.get(f"exclusive{keyword.capitalize()}") is True  # OpenAPI 3.0
        if keyword.lower().endswith("minimum"):
            above = value > bound
            return bool(above if is_exclusive or keyword != "minimum" else above or value == bound)
        below = value < bound
        return bool(below if is_exclusive or keyword != "maximum" else below or value == bound)

    return check


def _length(keyword: str, kind: type) -> Callable[[Schema, Json], bool]:
    def check(schema: Schema, value: Json) -> bool:
        bound = schema[keyword]
        if not isinstance(value, kind) or not is_number(bound):
            return True
        size = len(value)  # type: ignore[arg-type]
        return bool(size >= bound if keyword.startswith("min") else size <= bound)

    return check


def _pattern(schema: Schema, value: Json) -> bool:
    return not isinstance(value, str) or matches_pattern(str(schema["pattern"]), value)


def _required(schema: Schema, value: Json) -> bool:
    names = schema["required"]
    is_checked = isinstance(value, dict) and isinstance(names, list)
    return not is_checked or all(name in value for name in names if isinstance(name, str))


def _unique(schema: Schema, value: Json) -> bool:
    if schema["uniqueItems"] is not True or not isinstance(value, list):
        return True
    return not any(
        is_equal(item, other) for index, item in enumerate(value) for other in value[:index]
    )


_CHECKS: dict[str, Callable[[Schema, Json], bool]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda schema, value: is_equal(value, schema["const"]),
    "multipleOf": _multiple,
    **{
        keyword: _bound(keyword)
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    },
    "minLength": _length("minLength", str),
    "maxLength": _length("maxLength", str),
    "minItems": _length("minItems", list),
    "maxItems": _length("maxItems", list),
    "minProperties": _length("minProperties", dict),
    "maxProperties": _length("maxProperties", dict),
    "pattern": _pattern,
    "required": _required,
    "uniqueItems": _unique,
}
