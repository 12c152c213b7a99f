"""Validates a value as the model of its endpoint does; fills in defaults, finds unknown keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, to_json

from fakefal.protocol.core.call import Json
from fakefal.protocol.errors.errors import DOCS_URL
from fakefal.protocol.llm.inputs import to_fal_error
from fakefal.scenario.schemas.core_schemas import CoreSchemas
from fakefal.scenario.schemas.description import Description, Schema

_SCALAR_TYPES = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """What the model made of an input.

    ``errors`` is the ``detail`` list of the 422. ``filled`` has the defaults and no unknown keys;
    ``unknown`` are the paths of those, with their values.
    """

    errors: list[Json]
    filled: Json
    unknown: list[tuple[tuple[str | int, ...], Json]]

    def unknown_errors(self) -> list[Json]:
        """The errors that a model which forbids unknown keys would return."""
        return [
            {
                "type": "extra_forbidden",
                "loc": ["body", *path],
                "msg": "Extra inputs are not permitted",
                "input": value,
            }
            for path, value in self.unknown
        ]


class InputModel:
    """The model of an endpoint's input or output; creating it raises SchemaError."""

    def __init__(self, description: Description, schema: Schema, path: str = "input") -> None:
        self._validator: SchemaValidator = CoreSchemas(description).validator(schema, path)

    def check(self, body: Json) -> CheckedInput:
        """Validate an input as FastAPI does.

        Source: client (fastapi 0.115 ``fastapi/dependencies/utils.py: request_body_to_args``).
        """
        if body is None:
            error = {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}
            return CheckedInput([error], None, [])
        try:
            value = self._validator.validate_python(body, from_attributes=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return CheckedInput([fal_error(item) for item in details], body, [])
        unknown: list[tuple[tuple[str | int, ...], Json]] = []
        filled = _filled(body, value, (), unknown)
        return CheckedInput([], filled, unknown)

    def check_output(self, body: Json) -> CheckedInput:
        """Validate an output strictly: a model returns 5 where it has a number, never "5".

        The errors are pydantic's own.
        """
        try:
            value = self._validator.validate_json(to_json(body), strict=True)
        except ValidationError as error:
            details = [dict(item) for item in error.errors(include_url=False)]
            return CheckedInput(details, body, [])
        unknown: list[tuple[tuple[str | int, ...], Json]] = []
        return CheckedInput([], _filled(body, value, (), unknown), unknown)


def fal_error(error: Any) -> dict[str, Json]:
    """An error of pydantic as fal sends it; an ``Enum``'s is that of a ``Literal``.

    ``ctx`` of custom errors may hold an exception, which JSON cannot: its text is sent, as by
    FastAPI's encoder. Source: documented (docs/reference/errors.md#model-errors).
    """
    if error["type"] in ("literal_error", "enum"):
        expected = split_expected(error["ctx"]["expected"])
        return {
            "loc": ["body", *error["loc"]],
            "msg": error["msg"],
            "type": "one_of",
            "ctx": {"expected": expected},
            "url": f"{DOCS_URL}one_of",
            "input": error["input"],
        }
    item = to_fal_error(error)
    context = item.get("ctx")
    if isinstance(context, dict):
        item["ctx"] = {
            name: value if isinstance(value, (*_SCALAR_TYPES, list, dict)) else str(value)
            for name, value in context.items()
        }
    return item


def split_expected(text: str) -> list[Json]:
    """The values of pydantic's list ``'a', 'b' or 3``; commas inside quotes do not separate."""
    values: list[Json] = []
    rest = text
    while rest:
        if rest[0] in "'\"":
            end = rest.find(rest[0], 1)
            end = len(rest) if end < 0 else end
            values.append(rest[1:end])
            rest = rest[end + 1 :]
        else:
            cut = min((at for at in (rest.find(", "), rest.find(" or ")) if at >= 0), default=-1)
            word, rest = (rest, "") if cut < 0 else (rest[:cut], rest[cut:])
            values.append(int(word) if word.lstrip("-").isdecimal() else word)
        rest = rest.removeprefix(", ").removeprefix(" or ")
    return values


def _filled(
    raw: Json,
    value: Any,
    path: tuple[str | int, ...],
    unknown: list[tuple[tuple[str | int, ...], Json]],
) -> Json:
    """The raw input in the form of the validated one: with defaults, without unknown keys."""
    if hasattr(value, "__pydantic_fields_set__") and isinstance(raw, dict):
        fields: dict[str, Any] = value.__dict__
        extra = value.__pydantic_extra__ or {}
        unknown.extend(
            ((*path, name), inner)
            for name, inner in raw.items()
            if name not in fields and name not in extra
        )
        filled = {
            name: _filled(raw[name], inner, (*path, name), unknown) if name in raw else inner
            for name, inner in fields.items()
        }
        return {**filled, **extra}
    if isinstance(raw, dict) and isinstance(value, dict):
        return {
            name: _filled(inner, value.get(name), (*path, name), unknown)
            for name, inner in raw.items()
        }
    if isinstance(raw, list) and isinstance(value, (list, tuple)) and len(raw) == len(value):
        return [
            _filled(inner, item, (*path, index), unknown)
            for index, (inner, item) in enumerate(zip(raw, value, strict=True))
        ]
    return value if isinstance(value, _SCALAR_TYPES) else raw
