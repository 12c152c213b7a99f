"""JSON Schema -> pydantic_core's schemas, so that errors are those of fal's own pydantic models.

The table below is the mapping; ``tests/scenario/schemas/test_inputs.py`` builds the same models in
pydantic and compares error by error. Source: client (fal's apps are FastAPI apps with pydantic
models, fal 1.x ``fal/app.py``), and their published descriptions.

Keywords that pydantic never writes (``not``, ``if``, ``patternProperties`` …) are not checked: an
input is refused only where the model surely would.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaError as CoreSchemaError
from pydantic_core import SchemaValidator

from fakefal.scenario.schemas.description import MAX_DEPTH, Description, Schema

MAX_SCHEMAS = 20_000
"""The most schemas that one model may consist of."""

Core = dict[str, Any]

_NUMBER_BOUNDS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_STRING_BOUNDS = {"minLength": "min_length", "maxLength": "max_length"}
_LIST_BOUNDS = {"minItems": "min_length", "maxItems": "max_length"}
_DICT_BOUNDS = {"minProperties": "min_length", "maxProperties": "max_length"}

_STRING_FORMATS: dict[str, Core] = {
    "date-time": {"type": "datetime"},
    "date": {"type": "date"},
    "time": {"type": "time"},
    "duration": {"type": "timedelta"},
    "uuid": {"type": "uuid"},
    "uuid4": {"type": "uuid", "version": 4},
    "binary": {"type": "bytes"},
}
"""The types that pydantic publishes as strings with a format; other formats are plain strings."""

_MAX_URL_LENGTH = 2083
"""pydantic's ``HttpUrl`` publishes this ``maxLength``; ``AnyUrl`` none."""


class CoreSchemas:
    """Translates the schemas of one description; ``$ref`` targets become shared definitions."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._definitions: dict[str, Core] = {}
        self._aliases: dict[str, str] = {}
        self._scalars: dict[str, Core] = {}
        self._count = 0

    def validator(self, schema: Schema, path: str) -> SchemaValidator:
        """The validator of a schema; raises SchemaError."""
        core = self._translate(schema, path, 0)
        if self._definitions:
            definitions = list(self._definitions.values())
            core = {"type": "definitions", "schema": core, "definitions": definitions}
        try:
            return SchemaValidator(core)
        except (CoreSchemaError, OverflowError, ValueError, TypeError) as error:
            text = str(error).splitlines()[0]
            raise self._description.problem(path, f"is not a usable schema: {text}") from None

    def _translate(self, schema: Any, path: str, depth: int, name: str = "") -> Core:
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._description.problem(path, f"is nested deeper than {MAX_DEPTH} schemas")
        if self._count > MAX_SCHEMAS:
            raise self._description.problem(path, f"consists of more than {MAX_SCHEMAS} schemas")
        if not isinstance(schema, dict):
            return {"type": "any"}
        if isinstance(reference := schema.get("$ref"), str):
            return self._definition(reference, schema, path, depth)
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            return self._all_of(schema, parts, path, depth, name)
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(alternatives, list) and alternatives:
            return self._union(schema, alternatives, path, depth)
        core = self._typed(schema, path, depth, name)
        return _nullable(core) if schema.get("nullable") is True else core

    def _definition(self, reference: str, schema: Schema, path: str, depth: int) -> Core:
        reference = self._aliases.get(reference, reference)
        if reference not in self._definitions and reference not in self._scalars:
            name = reference.rsplit("/", 1)[-1]
            self._definitions[reference] = {"type": "any", "ref": reference}  # while it is open
            target = self._description.resolve({"$ref": reference}, path)
            core = self._translate(target, name, depth + 1, name)
            if core["type"] == "definition-ref":  # a component that is nothing but a reference
                if core["schema_ref"] == reference:
                    raise self._description.problem(path, f'"{reference}" refers to itself')
                del self._definitions[reference]
                self._aliases[reference] = reference = core["schema_ref"]
            elif core["type"] in _HASHABLE:
                del self._definitions[reference]
                self._scalars[reference] = core
            else:
                self._definitions[reference] = {**core, "ref": reference}
        core = self._scalars.get(reference, {"type": "definition-ref", "schema_ref": reference})
        return _nullable(core) if schema.get("nullable") is True else core

    def _all_of(self, schema: Schema, parts: list[Any], path: str, depth: int, name: str) -> Core:
        """One part is how OpenAPI 3.0 puts a description beside a reference."""
        siblings = {key: value for key, value in schema.items() if key != "allOf"}
        if len(parts) == 1 and not siblings.keys() & _TYPED_KEYWORDS:
            core = self._translate(parts[0], path, depth + 1, name)
            return _nullable(core) if schema.get("nullable") is True else core
        resolve = self._description.resolve
        resolved = [resolve(part, path) for part in parts if isinstance(part, dict)]
        return self._translate(merge_schemas([*resolved, siblings]), path, depth + 1, name)

    def _union(self, schema: Schema, alternatives: list[Any], path: str, depth: int) -> Core:
        choices = [it for it in alternatives if not _is_null(it)]
        is_nullable = len(choices) < len(alternatives) or schema.get("nullable") is True
        discriminator = schema.get("discriminator")
        if isinstance(discriminator, dict) and len(choices) > 1:
            core = self._tagged_union(discriminator, choices, path, depth)
        else:
            cores = [
                self._translate(choice, f"{path}.anyOf[{index}]", depth + 1)
                for index, choice in enumerate(choices)
            ]
            if not cores:
                return {"type": "none"}
            core = cores[0] if len(cores) == 1 else {"type": "union", "choices": cores}
        return _nullable(core) if is_nullable else core

    def _tagged_union(
        self, discriminator: Schema, choices: list[Any], path: str, depth: int
    ) -> Core:
        name = discriminator.get("propertyName")
        mapping = discriminator.get("mapping")
        if not isinstance(name, str) or not isinstance(mapping, dict) or not mapping:
            cores = [self._translate(choice, path, depth + 1) for choice in choices]
            return {"type": "union", "choices": cores}
        tagged = {
            str(tag): self._translate({"$ref": target}, path, depth + 1)
            for tag, target in mapping.items()
            if isinstance(target, str)
        }
        return {"type": "tagged-union", "discriminator": name, "choices": tagged}

    def _typed(self, schema: Schema, path: str, depth: int, name: str) -> Core:
        if "const" in schema:
            return _literal([schema["const"]])
        if isinstance(values := schema.get("enum"), list) and values:
            return _enum(name, schema, values)
        kinds = kinds_of(schema)
        cores = [self._of_kind(kind, schema, path, depth, name) for kind in kinds if kind != "null"]
        if not cores:
            return {"type": "none"} if kinds else {"type": "any"}
        core = cores[0] if len(cores) == 1 else {"type": "union", "choices": cores}
        return _nullable(core) if "null" in kinds else core

    def _of_kind(self, kind: str, schema: Schema, path: str, depth: int, name: str) -> Core:
        if kind == "object":
            return self._object(schema, path, depth, name)
        if kind == "array":
            return self._array(schema, path, depth)
        return _SCALARS.get(kind, _any)(schema)

    def _array(self, schema: Schema, path: str, depth: int) -> Core:
        items = schema.get("prefixItems")
        if isinstance(items, list) and items:
            cores = [self._translate(item, path, depth + 1) for item in items]
            if schema.get("maxItems") == len(items) or schema.get("items") is False:
                return {"type": "tuple", "items_schema": cores}
            cores.append(self._translate(schema.get("items"), path, depth + 1))
            return {"type": "tuple", "items_schema": cores, "variadic_item_index": len(items)}
        item_core = self._translate(schema.get("items"), f"{path}[]", depth + 1)
        is_set = schema.get("uniqueItems") is True and item_core["type"] in _HASHABLE
        kind = "set" if is_set else "list"
        return {"type": kind, "items_schema": item_core, **_bounds(schema, _LIST_BOUNDS)}

    def _object(self, schema: Schema, path: str, depth: int, name: str) -> Core:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            values = self._translate(schema.get("additionalProperties"), f"{path}.*", depth + 1)
            bounds = _bounds(schema, _DICT_BOUNDS)
            return {
                "type": "dict",
                "keys_schema": {"type": "str"},
                "values_schema": values,
                **bounds,
            }
        required = schema.get("required")
        required = required if isinstance(required, list) else []
        fields = {
            key: self._field(key, properties[key], f"{path}.{key}", depth, key in required)
            for key in property_order(schema)
        }
        title = schema.get("title")
        class_name = title if isinstance(title, str) and title.isidentifier() else name or "Model"
        extra = schema.get("additionalProperties")
        extra_behavior = "forbid" if extra is False else "allow" if extra is True else "ignore"
        model_fields = {
            "type": "model-fields",
            "fields": fields,
            "model_name": class_name,
            "extra_behavior": extra_behavior,
        }
        return {"type": "model", "cls": _model_class(class_name), "schema": model_fields}

    def _field(self, name: str, schema: Any, path: str, depth: int, is_required: bool) -> Core:
        """An optional field without a default is one whose default is None, which fal omits with
        the null of its type. Source: inferred (docs/reference/open-questions.md#null-in-schemas).
        """
        core = self._translate(schema, path, depth + 1)
        if is_required:
            return {"type": "model-field", "schema": core}
        default = schema.get("default") if isinstance(schema, dict) else None
        if default is None and core["type"] not in ("nullable", "any"):
            core = _nullable(core)
        core = {"type": "default", "schema": core, "default": default}
        if isinstance(default, (dict, list)):
            core["copy_default"] = True
        return {"type": "model-field", "schema": core}


_TYPED_KEYWORDS = frozenset({"type", "properties", "required", "items", "enum", *_NUMBER_BOUNDS})
_HASHABLE = frozenset({"str", "int", "float", "bool", "literal", "enum", "url", "uuid", "datetime"})


def kinds_of(schema: Schema) -> list[str]:
    """The types of a schema, ``["string", "null"]``; guessed from its keywords if it names none."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list):
        return [name for name in kind if isinstance(name, str)]
    if "properties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def property_order(schema: Schema) -> list[str]:
    """The names of the properties in the order of the model, which ``x-fal-order-properties`` has.

    Source: documented (descriptions of fal's endpoints).
    """
    properties: dict[str, Any] = schema["properties"]
    order = schema.get("x-fal-order-properties")
    first = [name for name in order if name in properties] if isinstance(order, list) else []
    return list(dict.fromkeys([*first, *properties]))


def merge_schemas(parts: list[Schema]) -> dict[str, Any]:
    """The parts of ``allOf`` as one schema: properties and required names of all, the rest by the
    last that has it."""
    merged: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name == "properties" and isinstance(value, dict):
                merged[name] = {**merged.get(name, {}), **value}
            elif name in ("required", "x-fal-order-properties") and isinstance(value, list):
                merged[name] = [*merged.get(name, []), *value]
            else:
                merged[name] = value
    return merged


def _nullable(core: Core) -> Core:
    return core if core["type"] == "nullable" else {"type": "nullable", "schema": core}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _bounds(schema: Schema, names: dict[str, str]) -> Core:
    """The bounds of a schema under pydantic_core's names, those of OpenAPI 3.0 included."""
    bounds: Core = {}
    for keyword, name in names.items():
        value = schema.get(keyword)
        if value is True and keyword.startswith("exclusive"):  # 3.0: beside minimum or maximum
            plain = keyword.removeprefix("exclusive").lower()
            value = schema.get(plain)
            bounds.pop(names[plain], None)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            bounds[name] = value
    return bounds


def _integer(schema: Schema) -> Core:
    return {"type": "int", **_bounds(schema, _NUMBER_BOUNDS)}


def _number(schema: Schema) -> Core:
    return {"type": "float", **_bounds(schema, _NUMBER_BOUNDS)}


def _boolean(schema: Schema) -> Core:
    return {"type": "bool"}


def _any(schema: Schema) -> Core:
    return {"type": "any"}


def _string(schema: Schema) -> Core:
    format_ = str(schema.get("format"))
    bounds = _bounds(schema, _STRING_BOUNDS)
    if format_ in _STRING_FORMATS:
        is_bytes = format_ == "binary"
        return {**_STRING_FORMATS[format_], **(bounds if is_bytes else {})}
    if format_ == "uri" and bounds.get("min_length") == 1:  # what pydantic's URL types publish
        if bounds.get("max_length") == _MAX_URL_LENGTH:
            schemes = ["http", "https"]
            return {"type": "url", "max_length": _MAX_URL_LENGTH, "allowed_schemes": schemes}
        return {"type": "url"}
    core: Core = {"type": "str", **bounds}
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and _is_rust_pattern(pattern):
        core["pattern"] = pattern
    return core


_SCALARS: dict[str, Callable[[Schema], Core]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


@lru_cache(maxsize=1024)
def _is_rust_pattern(pattern: str) -> bool:
    """Whether pydantic's default engine compiles it; its time is linear in the text's length."""
    try:
        SchemaValidator({"type": "str", "pattern": pattern})
    except CoreSchemaError:
        return False
    return True


def _literal(values: list[Any]) -> Core:
    expected = [value for value in values if value is not None]
    if not expected:
        return {"type": "none"}
    core: Core = {"type": "literal", "expected": expected}
    return core if len(expected) == len(values) else _nullable(core)


def _enum(name: str, schema: Schema, values: list[Any]) -> Core:
    """A ``Literal``; a component of its own is published for an ``Enum`` class.

    ``class X(str, Enum)`` and ``class X(Enum)`` publish the same; only the ``loc`` in a union
    differs, and the first is taken, as most write it.
    """
    is_class = bool(name) and all(isinstance(value, (str, int)) for value in values)
    if not is_class or schema.get("title") != name:
        return _literal(values)
    members = {f"value_{index}": value for index, value in enumerate(values)}
    cls = Enum(name, members)  # type: ignore[misc]
    core: Core = {"type": "enum", "cls": cls, "members": list(cls.__members__.values())}
    sub_types = {"string": "str", "integer": "int"}
    kind = sub_types.get(str(schema.get("type")))
    return {**core, "sub_type": kind} if kind else core


@lru_cache(maxsize=4096)
def _model_class(name: str) -> type:
    """An empty class for pydantic_core to fill; its name is in the ``loc`` of unions."""
    slots = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
    return type(name, (), {"__slots__": slots})
