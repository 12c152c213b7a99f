"""What changed between two descriptions of an endpoint, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.schemas.core_schemas import kinds_of, merge_schemas
from fakefal.scenario.schemas.description import Description, Schema
from fakefal.scenario.values.seeded import canonical_json

_MAX_DEPTH = 8
_MAX_FIELDS = 5_000

_KEYWORDS = (
    *("enum", "const", "default", "format", "pattern"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems"),
)
"""What is compared besides the type and whether the field is required."""


def changes_between(old: Description, new: Description) -> list[str]:
    """A line for each difference: ``input.steps: maximum is 28, was 50``."""
    before, after = _fields(old), _fields(new)
    lines = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            lines.append(f"{name}: removed")
        elif name not in before:
            need = "required" if after[name].get("required") else "optional"
            lines.append(f"{name}: added, {need} {after[name]['type']}")
        else:
            lines += [f"{name}: {text}" for text in _differences(before[name], after[name])]
    return lines


def _differences(old: dict[str, Json], new: dict[str, Json]) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) == new.get(key):
            continue
        if key == "required":
            yield "is required now" if new.get(key) else "is optional now"
        else:
            yield f"{key} is {_shown(new, key)}, was {_shown(old, key)}"


def _shown(facts: dict[str, Json], key: str) -> str:
    return canonical_json(facts[key]) if key in facts and key != "type" else facts.get(key, "unset")


def _fields(description: Description) -> dict[str, dict[str, Json]]:
    """The facts of every field of input and output, by its path."""
    fields: dict[str, dict[str, Json]] = {}
    roots = (("input", description.input_schema), ("output", description.output_schema))
    for name, schema in roots:
        if schema is not None:
            _collect(description, schema, name, False, 0, fields)
    return fields


def _collect(
    description: Description,
    schema: Any,
    path: str,
    is_required: bool,
    depth: int,
    fields: dict[str, dict[str, Json]],
) -> None:
    if depth > _MAX_DEPTH or len(fields) > _MAX_FIELDS or not isinstance(schema, dict):
        return
    schema = description.resolve(schema, path)
    if isinstance(parts := schema.get("allOf"), list):
        resolved = [description.resolve(it, path) for it in parts if isinstance(it, dict)]
        siblings = {name: value for name, value in schema.items() if name != "allOf"}
        schema = merge_schemas([*resolved, siblings])
    if depth:
        facts = {"type": type_text(description, schema), "required": is_required}
        fields[path] = facts | {name: schema[name] for name in _KEYWORDS if name in schema}
    for choice in [schema, *_choices(description, schema, path)]:
        required = choice.get("required")
        names = required if isinstance(required, list) else []
        properties = choice.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            _collect(description, inner, f"{path}.{name}", name in names, depth + 1, fields)
        if isinstance(items := choice.get("items"), dict):
            _collect(description, items, f"{path}[]", False, depth + 1, fields)


def _choices(description: Description, schema: Schema, path: str) -> list[Schema]:
    choices = schema.get("anyOf") or schema.get("oneOf")
    listed = choices if isinstance(choices, list) else []
    return [description.resolve(it, path) for it in listed if isinstance(it, dict)]


def type_text(description: Description, schema: Schema) -> str:
    """A field's type in a few words: ``string or null``, ``array``, ``ImageSize``."""
    choices = _choices(description, schema, "")
    if choices:
        texts = [type_text(description, choice) for choice in choices]
        return " or ".join(dict.fromkeys(texts))
    kinds = kinds_of(schema)
    title = schema.get("title")
    if kinds == ["object"] and isinstance(title, str) and title.isidentifier():
        return title
    nullable = ["null"] if schema.get("nullable") is True else []
    return " or ".join((*kinds, *nullable)) or "any"
