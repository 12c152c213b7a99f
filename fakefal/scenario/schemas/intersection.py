"""Schemas that ask for the same in one place: combinations resolved, dialects made alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.schemas.conformance import is_equal, is_number
from fakefal.scenario.schemas.description import Schema

IMPOSSIBLE: Schema = {"not": {}}
"""A schema for which no value is valid."""

_ALL_KINDS = ("string", "integer", "object", "array", "boolean", "null")


def alternatives(schema: Schema, resolve: Callable[[Schema], Schema]) -> Iterator[Schema]:
    """The schemas of which a value may follow one: those of ``anyOf`` and ``oneOf``, each together
    with what stands beside them and ``allOf``. Those for null come last.

    ``resolve`` replaces references.
    """
    rest = {name: value for name, value in schema.items() if name not in ("allOf", *_CHOICES)}
    merged: Schema = rest
    for part in _parts(schema.get("allOf")):
        merged = intersect(merged, _resolved(part, resolve))
    choices: list[Schema] = [merged]
    for keyword in _CHOICES:
        options = [_resolved(part, resolve) for part in _parts(schema.get(keyword))]
        if options:
            options.sort(key=lambda option: option.get("type") == "null")
            choices = [intersect(choice, option) for option in options for choice in choices]
    yield from choices


_CHOICES = ("anyOf", "oneOf")


def _parts(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _resolved(schema: Json, resolve: Callable[[Schema], Schema]) -> Schema:
    if isinstance(schema, Mapping):
        return resolve(schema)
    return IMPOSSIBLE if schema is False else {}


def is_combined(schema: Schema) -> bool:
    """Whether a schema has to be resolved by ``alternatives``."""
    return any(schema.get(name) for name in ("allOf", *_CHOICES))


def normalized(schema: Schema) -> Schema:
    """Exclusive bounds of OpenAPI 3.0 as those of 3.1: numbers."""
    for bound in ("minimum", "maximum"):
        keyword = f"exclusive{bound.capitalize()}"
        if isinstance(schema.get(keyword), bool):
            changed = {name: value for name, value in schema.items() if name != keyword}
            if schema[keyword] and bound in changed:
                changed[keyword] = changed.pop(bound)
            schema = changed
    return schema


def kinds_of_values(schema: Schema) -> list[str]:
    """The types that a value may have, the likeliest first and null last."""
    kinds = schema.get("type")
    if isinstance(kinds, str):
        return [kinds]
    if isinstance(kinds, list):
        names = [name for name in kinds if isinstance(name, str)]
        return sorted(names, key=lambda name: name == "null")
    hints = {"object": ("properties", "required", "additionalProperties"), "array": ("items",)}
    first = [kind for kind, names in hints.items() if any(name in schema for name in names)]
    if any(name in schema for name in ("minimum", "maximum", "multipleOf")):
        first.append("integer")
    return list(dict.fromkeys([*first, *_ALL_KINDS]))


def intersect(first: Schema, second: Schema) -> Schema:
    """A schema for what is valid for both, as far as one schema can say that.

    Where it cannot (two patterns), the value is checked against the original schemas.
    """
    first, second = normalized(first), normalized(second)
    if not first or not second:
        return second or first
    merged = dict(first)
    for name, value in second.items():
        merged[name] = _both(name, first[name], value) if name in first else value
    for one, other in ((first, second), (second, first)):
        if one.get("additionalProperties") is False:
            _forbid(merged, other, one)
    if merged.get("type") == [] or merged.get("enum") == []:
        return IMPOSSIBLE
    return merged


def _forbid(merged: dict[str, Json], schema: Schema, strict: Schema) -> None:
    """Make the properties impossible that ``strict`` does not list."""
    properties, allowed = schema.get("properties"), strict.get("properties")
    allowed = allowed if isinstance(allowed, dict) else {}
    if isinstance(properties, dict):
        forbidden = {name: False for name in properties if name not in allowed}
        merged["properties"] = {**merged["properties"], **forbidden}


def _both(name: str, first: Json, second: Json) -> Json:
    combine = _COMBINED.get(name)
    if combine is not None:
        return combine(first, second)
    return second


def _types(first: Json, second: Json) -> Json:
    names = first if isinstance(first, list) else [first]
    others = second if isinstance(second, list) else [second]
    common = [name for name in names if name in others]
    if "integer" not in common and "integer" in names + others and "number" in names + others:
        common.append("integer")
    return common[0] if len(common) == 1 else common


def _schemas(first: Json, second: Json) -> Json:
    if isinstance(first, bool) or isinstance(second, bool):
        if first is False or second is False:
            return False
        return second if first is True else first
    return {"allOf": [first, second]}


def _properties(first: Json, second: Json) -> Json:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    both = {name: _schemas(first[name], second[name]) for name in first if name in second}
    return {**first, **second, **both}


def _enums(first: Json, second: Json) -> Json:
    if not isinstance(first, list) or not isinstance(second, list):
        return second
    return [value for value in first if any(is_equal(value, other) for other in second)]


def _lists(first: Json, second: Json) -> Json:
    return [*first, *second] if isinstance(first, list) and isinstance(second, list) else second


def _steps(first: Json, second: Json) -> Json:
    if not is_number(first) or not is_number(second):
        return second
    if isinstance(first, int) and isinstance(second, int):
        return math.lcm(first, second)
    return max(first, second)


def _bounds(choose: Callable[..., Any]) -> Callable[[Json, Json], Json]:
    def combine(first: Json, second: Json) -> Json:
        return choose(first, second) if is_number(first) and is_number(second) else second

    return combine


_COMBINED: dict[str, Callable[[Json, Json], Json]] = {
    "type": _types,
    "enum": _enums,
    "properties": _properties,
    "additionalProperties": _schemas,
    "items": _schemas,
    "required": _lists,
    "allOf": _lists,
    "multipleOf": _steps,
    **{
        name: _bounds(max)
        for name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
    },
    **{
        name: _bounds(min)
        for name in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
    },
}
