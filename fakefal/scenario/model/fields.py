"""Field types that the models share."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

from fakefal.protocol.core.headers import OMITTED
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.values.durations import MAX_SECONDS, PATTERN, format_duration, parse_duration

Json: TypeAlias = Any


def _parse_duration(value: Any) -> float:
    try:
        return parse_duration(value)
    except ValueError:
        raise PydanticCustomError("duration", "is not a duration") from None


DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": PATTERN},
        {"type": "number", "minimum": 0, "maximum": MAX_SECONDS},
    ],
    "description": "A duration: 1.5s, 300ms, 2m, 1h30m, or a number of seconds.",
    "examples": ["1.5s", "300ms"],
}

Duration = Annotated[
    float,
    BeforeValidator(_parse_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(DURATION_SCHEMA),
]
"""Seconds as a float; written as ``1.5s`` or ``300ms``."""

_HEADER_NAME = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_HEADER_TEXT = r"[^\r\n\0]*"

_OPERATORS_SCHEMA: dict[str, Any] = {
    "description": "A JSON value, matched as a subset, or operators: $eq $contains $regex $any "
    "$all $not $gt $gte $lt $lte $absent $type $length.",
}

Pattern = Annotated[Json, WithJsonSchema(_OPERATORS_SCHEMA)]
"""JSON to match against. The operators in it are checked by ``files.checks``, with positions."""

Output = Annotated[
    Json, WithJsonSchema({"description": "Any JSON; strings may contain templates."})
]


class StrictModel(BaseModel):
    """Base of all models: frozen, without unknown keys or implicit conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class OrWord:
    """Adds a plain word to the JSON Schema of a field that also accepts a mapping."""

    def __init__(self, word: dict[str, Any]) -> None:
        self._word = word

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [self._word, handler(core_schema)]}


class OrOne:
    """Adds a single item to the JSON Schema of a field that accepts a list."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        many = next(part for part in schema.get("anyOf", [schema]) if "items" in part)
        return {"anyOf": [many["items"], *schema.get("anyOf", [schema])]}


def as_list(value: Any) -> Any:
    """Wraps a single item; None stays None."""
    return value if isinstance(value, list) or value is None else [value]


def _check_headers(value: Any) -> Any:
    for name, text in value.items() if isinstance(value, dict) else ():
        if not re.fullmatch(_HEADER_NAME, str(name)):
            raise PydanticCustomError(
                "header_name", "{name} is not a valid header name", {"name": quote(name)}
            )
        if isinstance(text, str) and not re.fullmatch(_HEADER_TEXT, text):
            raise PydanticCustomError(
                "header_text", "the header {name} contains a line break", {"name": name}
            )
    return value


Headers = Annotated[
    dict[str, str | None],
    BeforeValidator(_check_headers),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{_HEADER_NAME}$"},
            "additionalProperties": {"type": ["string", "null"], "pattern": f"^{_HEADER_TEXT}$"},
        }
    ),
]


def header_pairs(headers: dict[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Scripted headers as pairs; null leaves a header out."""
    return tuple((name, OMITTED if text is None else text) for name, text in headers.items())


def after_count(value: Any) -> Any:
    """``3`` is short for ``{after: 3}``."""
    return {"after": value} if isinstance(value, int) and not isinstance(value, bool) else value


COUNT_SCHEMA = {"type": "integer", "minimum": 0}
