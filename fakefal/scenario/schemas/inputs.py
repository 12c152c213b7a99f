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


Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """What the model made of an input: its errors, else its value.

    ``errors`` is the ``detail`` list of the 422.
    """

    errors: list[Json]
    raw: Json = None
    value: Any = None

    @property
    def filled(self) -> Json:
        """The input with the model's defaults and without the keys that it does not know."""
        return _filled(self.raw, self.value)

    @property
    def unknown(self) -> list[tuple[Location, Json]]:
        """The paths of the keys that the model does not know, with their values."""
        unknown: list[tuple[Location, Json]] = []
        _collect_unknown(self.raw, self.value, (), unknown)
        return unknown

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
            return CheckedInput([error])
        try:
            value = self._validator.validate_python(body, from_attributes=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return CheckedInput([fal_error(item) for item in details])
        return CheckedInput([], body, value)

    def check_output(self, body: Json) -> CheckedInput:
        """Validate an output strictly: a model returns 5 where it has a number, never "5".

        The errors are pydantic's own.
        """
        try:
            value = self._validator.validate_json(to_json(body), strict=True)
        except ValidationError as error:
            details = [dict(item) for item in error.errors(include_url=False)]
            return CheckedInput(details)
        return CheckedInput([], body, value)


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


def _collect_unknown(
    raw: Json, value: Any, path: Location, unknown: list[tuple[Location, Json]]
) -> None:
    """Add what the validated value lacks of the raw one. Most values are scalars of no model."""
    if type(raw) is dict:
        is_model = hasattr(value, "__pydantic_fields_set__")
        fields = value.__dict__ if is_model else value
        if type(fields) is not dict:
            return
        extra = value.__pydantic_extra__ if is_model else None
        for name, inner in raw.items():
            if name not in fields:
                if extra is None or name not in extra:
                    unknown.append(((*path, name), inner))
            elif type(inner) is dict or type(inner) is list:
                _collect_unknown(inner, fields[name], (*path, name), unknown)
    elif isinstance(value, (list, tuple)) and type(raw) is list and len(raw) == len(value):
        for index, (inner, item) in enumerate(zip(raw, value, strict=True)):
            _collect_unknown(inner, item, (*path, index), unknown)


def _filled(raw: Json, value: Any) -> Json:
    """The raw input in the form of the validated one."""
    if hasattr(value, "__pydantic_fields_set__") and isinstance(raw, dict):
        fields: dict[str, Any] = value.__dict__
        filled = {
            name: _filled(raw[name], inner) if name in raw else inner
            for name, inner in fields.items()
        }
        return {**filled, **(value.__pydantic_extra__ or {})}
    if isinstance(raw, dict) and isinstance(value, dict):
        return {name: _filled(inner, value.get(name)) for name, inner in raw.items()}
    if isinstance(raw, list) and isinstance(value, (list, tuple)) and len(raw) == len(value):
        return [_filled(inner, item) for inner, item in zip(raw, value, strict=True)]
    return value if isinstance(value, _SCALAR_TYPES) else raw
