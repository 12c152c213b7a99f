"""Validates inputs of the OpenAI-compatible endpoints, and formats their errors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.llm.inputs import to_fal_error

MAX_CHOICES = 128
MAX_DIMENSIONS = 8192
MAX_EMBEDDING_INPUTS = 2048

UPSTREAM_ERROR_CODE = 502
"""OpenRouter's code for a failure of the model provider. Source: inferred."""

_ANY = {"type": "any"}
_TEXT = {"type": "str"}
_OBJECT = {"type": "dict"}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "nullable", "schema": schema}


def _number(maximum: float) -> dict[str, Any]:
    return _nullable({"type": "float", "strict": True, "ge": 0, "le": maximum})


def _count(maximum: int | None = None) -> dict[str, Any]:
    bounds = {"ge": 1} | ({} if maximum is None else {"le": maximum})
    return _nullable({"type": "int", "strict": True, **bounds})


def _list(items: dict[str, Any], minimum: int = 0, maximum: int | None = None) -> dict[str, Any]:
    bounds = {"min_length": minimum} | ({} if maximum is None else {"max_length": maximum})
    return {"type": "list", "items_schema": items, **bounds}


def _object(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    fields = {
        name: {"type": "typed-dict-field", "schema": schema, "required": name in required}
        for name, schema in {**required, **optional}.items()
    }
    return {"type": "typed-dict", "fields": fields, "extra_behavior": "ignore"}


_ROLES = ["system", "developer", "user", "assistant", "tool", "function"]
_MESSAGE = _object({"role": {"type": "literal", "expected": _ROLES}}, {"content": _ANY})

_SHARED_FIELDS = {
    "temperature": _number(2),
    "top_p": _number(1),
    "stream": _nullable({"type": "bool", "strict": True}),
    "tools": _nullable(_list(_OBJECT)),
    "metadata": _nullable(_OBJECT),
}

_SCHEMAS: dict[LlmApi, dict[str, Any]] = {
    "chat": _object(
        {"model": _TEXT, "messages": _list(_MESSAGE, minimum=1)},
        {
            **_SHARED_FIELDS,
            "max_tokens": _count(),
            "max_completion_tokens": _count(),
            "n": _count(MAX_CHOICES),
            "response_format": _nullable(_OBJECT),
            "stream_options": _nullable(_OBJECT),
        },
    ),
    "responses": _object(
        {
            "model": _TEXT,
            "input": {
                "type": "union",
                "mode": "left_to_right",
                "choices": [_TEXT, _list(_OBJECT)],
            },
        },
        {
            **_SHARED_FIELDS,
            "instructions": _nullable(_TEXT),
            "max_output_tokens": _count(),
            "text": _nullable(_OBJECT),
            "reasoning": _nullable(_OBJECT),
        },
    ),
    "embeddings": _object(
        {
            "model": _TEXT,
            "input": {
                "type": "union",
                "mode": "left_to_right",
                "choices": [_TEXT, _list(_ANY, minimum=1, maximum=MAX_EMBEDDING_INPUTS)],
            },
        },
        {
            "encoding_format": _nullable({"type": "literal", "expected": ["float", "base64"]}),
            "dimensions": _count(MAX_DIMENSIONS),
        },
    ),
}
"""The validated fields; others are ignored. Source: client (openai 3.54.0 types)."""


@lru_cache(maxsize=8)
def _validator(llm_api: LlmApi) -> SchemaValidator:
    return SchemaValidator(_SCHEMAS[llm_api])


def validate(llm_api: LlmApi, body: Json) -> list[Json]:
    """The validation errors of an input, as a ``detail`` list; empty if it is valid.

    Source: client (openai 3.54.0 types).
    """
    if not isinstance(body, dict):
        msg = "Input should be a valid dictionary or object to extract fields from"
        return [{"type": "model_attributes_type", "loc": ["body"], "msg": msg, "input": body}]
    try:
        _validator(llm_api).validate_python(body)
    except ValidationError as error:
        return [to_fal_error(item) for item in error.errors(include_url=False)]
    return []


def invalid_request(validation_errors: Iterable[Json]) -> Outcome:
    """The 400 for the first error: ``{"error": {"message": …, "param": "messages", …}}``.

    Source: inferred (OpenAI's shape, OpenRouter's status).
    """
    first: dict[str, Json] = next(iter(validation_errors), {})
    param = parameter_name(first.get("loc"))
    msg = str(first.get("msg", "Bad request"))
    code = {"missing": "missing_required_parameter", "json_invalid": None}.get(
        str(first.get("type")), "invalid_value"
    )
    message = f"Invalid request: {param}: {msg}" if param else f"Invalid request: {msg}"
    return failed_outcome(400, error_body(message, "invalid_request_error", param, code))


def parameter_name(loc: Json) -> str | None:
    """``messages[0].role`` for ``["body", "messages", 0, "role"]``; None for the body itself.

    Scripted error bodies may have any value there; what is not a list names no parameter.
    """
    text = ""
    for part in loc[1:] if isinstance(loc, list | tuple) else ():
        name = str(part)
        if isinstance(part, int):
            text += f"[{name}]"
        elif name != "str" and not name.startswith("list["):  # pydantic's names in a union
            text += f".{name}" if text else name
    return text or None


def error_body(
    message: str, type_: str | None, param: str | None = None, code: Json = None
) -> dict[str, Json]:
    """``{"error": {"message": "…", "type": "…", "param": null, "code": 502}}``.

    Source: recorded for ``error.message``, inferred from OpenAI for the other fields
    (docs/reference/llm.md#openai-compatible-endpoints).
    """
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


def to_openai_error(outcome: Outcome) -> Outcome:
    """Convert a failure of the model or its app to ``{"error": …}``; others are returned unchanged.

    Failures of the platform have an ``error_type``, fail at submit, or are not JSON. Source:
    recorded that both shapes occur, inferred which failures have which
    (docs/reference/llm.md#openai-compatible-endpoints).
    """
    body = outcome.body
    is_platform_error = outcome.error_type is not None or outcome.fails_at == "submit"
    if is_platform_error or not isinstance(body, dict) or "detail" not in body:
        return outcome
    detail = body["detail"]
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        first = detail[0]
        openai_body = error_body(
            str(first.get("msg", "Error")),
            str(first.get("type")),
            parameter_name(first.get("loc")),
            outcome.status,
        )
    else:
        openai_body = error_body(
            str(detail), _ERROR_TYPES.get(outcome.status, "api_error"), code=outcome.status
        )
    return failed_outcome(outcome.status, openai_body, headers=outcome.headers, error=outcome.error)


_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
