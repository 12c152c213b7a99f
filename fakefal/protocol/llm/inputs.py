"""Validates inputs of any-llm and openrouter/router, by endpoint and schema version."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.compat_flags import MAX_PROMPT_CHARACTERS
from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.schema_versions import (
    DEFAULT_SCHEMA_VERSION,
    SCHEMA_VERSIONS,
    SchemaVersion,
)
from fakefal.protocol.errors.errors import DOCS_URL, model_error_item
from fakefal.protocol.llm.endpoints import ROUTER_APIS

_DOCUMENTED_ERROR_TYPES = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "multiple_of",
    }
)

_VERSION_REQUIRING_IMAGES = "2025-10"
"""The schema version in which the router's vision endpoint required ``image_urls``.

Source: client (docs/reference/llm.md#openrouter-router).
"""

_TEXT = {"type": "str"}
_FLAG = {"type": "bool"}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "nullable", "schema": schema}


_TEXTS = {"type": "list", "items_schema": _TEXT}

_COMMON_FIELDS: dict[str, dict[str, Any]] = {
    "system_prompt": _nullable(_TEXT),
    "reasoning": _FLAG,
    "priority": {"type": "literal", "expected": ["throughput", "latency"]},
    "temperature": _nullable({"type": "float", "ge": 0, "le": 2}),
    "max_tokens": _nullable({"type": "int", "ge": 1}),
}

_ROUTER_FIELDS: dict[str, dict[str, Any]] = {
    **{name: schema for name, schema in _COMMON_FIELDS.items() if name != "priority"},
    "enable_web_search": _FLAG,
    "web_search_options": _nullable({"type": "dict"}),
}

_ROUTER_API_FIELDS: dict[LlmApi, dict[str, dict[str, Any]]] = {
    "router-vision": {"image_urls": _nullable(_TEXTS), "pdf_urls": _nullable(_TEXTS)},
    "router-audio": {"audio_url": _TEXT},
    "router-video": {"video_urls": _nullable(_TEXTS), "video_url": _nullable(_TEXT)},
}
"""Further fields by endpoint. Source: documented (docs/reference/llm.md#openrouter-router)."""

Fields = tuple[dict[str, Any], dict[str, Any]]
"""The schemas of an input's required and optional fields."""


def _fields(llm_api: LlmApi, version: SchemaVersion) -> Fields:
    return (
        _router_fields(llm_api, version)
        if llm_api in ROUTER_APIS
        else _any_llm_fields(llm_api, version)
    )


def _router_fields(llm_api: LlmApi, version: SchemaVersion) -> Fields:
    required: dict[str, Any] = {"prompt": _TEXT, "model": _TEXT}
    optional = {**_ROUTER_FIELDS, **_ROUTER_API_FIELDS.get(llm_api, {})}
    if llm_api == "router-audio":
        required["audio_url"] = optional.pop("audio_url")
    if llm_api == "router-vision" and version.name == _VERSION_REQUIRING_IMAGES:
        required["image_urls"] = _TEXTS
        del optional["image_urls"]
    return required, optional


def _any_llm_fields(llm_api: LlmApi, version: SchemaVersion) -> Fields:
    required: dict[str, Any] = {"prompt": _TEXT}
    models = _models(llm_api, version)
    optional: dict[str, Any] = {
        **{name: schema for name, schema in _COMMON_FIELDS.items() if name in version.fields},
        "model": {"type": "literal", "expected": list(models)} if models else _TEXT,
    }
    if llm_api == "vision":
        for name in version.image_fields:
            field_schema = _TEXT if name == "image_url" else _TEXTS
            if version.is_image_required:
                required[name] = field_schema
            else:
                optional[name] = _nullable(field_schema)
    elif llm_api in ("audio", "video"):
        required[f"{llm_api}_url"] = _TEXT
    return required, optional


def _models(llm_api: LlmApi, version: SchemaVersion) -> tuple[str, ...]:
    """The valid models; empty if every name is valid."""
    if llm_api == "vision":
        return version.vision_models
    if llm_api == "enterprise":
        return version.enterprise_models or version.models
    return version.models if llm_api == "text" else ()


@lru_cache(maxsize=128)
def _validator(llm_api: LlmApi, schema_version: str) -> SchemaValidator:
    """A pydantic_core validator, so that errors have pydantic's texts as those of fal's apps do."""
    required, optional = _fields(llm_api, SCHEMA_VERSIONS[schema_version])
    fields = {
        name: {"type": "typed-dict-field", "schema": schema, "required": False}
        for name, schema in optional.items()
    }
    fields |= {
        name: {"type": "typed-dict-field", "schema": schema, "required": True}
        for name, schema in required.items()
    }
    order = sorted(fields, key=lambda name: (name != "prompt", name != "model"))
    return SchemaValidator(
        {
            "type": "typed-dict",
            "fields": {name: fields[name] for name in order},
            "extra_behavior": "ignore",
        }
    )


def validate(
    llm_api: LlmApi, body: Json, schema_version: str = DEFAULT_SCHEMA_VERSION
) -> list[Json]:
    """The ``detail`` list of the 422 for an input; empty if it is valid.

    Unknown fields are ignored. Source: documented, client
    (docs/reference/errors.md#validation-errors).
    """
    if body is None:
        return [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]
    if not isinstance(body, dict):
        return [
            {
                "type": "model_attributes_type",
                "loc": ["body"],
                "msg": "Input should be a valid dictionary or object to extract fields from",
                "input": body,
            }
        ]
    try:
        _validator(llm_api, schema_version).validate_python(body)
    except ValidationError as error:
        return [to_fal_error(item) for item in error.errors(include_url=False)]
    return []


def to_fal_error(error: Any) -> dict[str, Json]:
    """Convert an error of pydantic; fal has its own types for enums and bounds.

    Source: documented (docs/reference/errors.md#model-errors).
    """
    type_: str = error["type"]
    loc = ["body", *error["loc"]]
    if type_ == "literal_error":
        expected = [name.strip("'") for name in _split_choices(error["ctx"]["expected"])]
        return {
            "loc": loc,
            "msg": error["msg"],
            "type": "one_of",
            "ctx": {"expected": expected},
            "url": f"{DOCS_URL}one_of",
            "input": error["input"],
        }
    if type_ in _DOCUMENTED_ERROR_TYPES:
        return {
            "loc": loc,
            "msg": error["msg"],
            "type": type_,
            "ctx": error["ctx"],
            "url": f"{DOCS_URL}{type_}",
            "input": error["input"],
        }
    item: dict[str, Json] = {
        "type": type_,
        "loc": loc,
        "msg": error["msg"],
        "input": error["input"],
    }
    if error.get("ctx"):
        item["ctx"] = error["ctx"]
    return item


def _split_choices(expected: str) -> list[str]:
    return [name for part in expected.split(", ") for name in part.split(" or ")]


def unknown_fields(llm_api: LlmApi, body: Json, schema_version: str) -> list[tuple[str, Json]]:
    """The unknown fields of an input, each with the error that a strict model would return.

    fal's models ignore them. Source: inferred
    (docs/reference/open-questions.md#unknown-input-fields).
    """
    if not isinstance(body, dict):
        return []
    required, optional = _fields(llm_api, SCHEMA_VERSIONS[schema_version])
    known_fields = {*required, *optional}
    return [
        (
            name,
            {
                "type": "extra_forbidden",
                "loc": ["body", name],
                "msg": "Extra inputs are not permitted",
                "input": value,
            },
        )
        for name, value in body.items()
        if name not in known_fields
    ]


def long_prompt_errors(body: Json) -> list[Json]:
    """The errors for prompts over the limit that any-llm had in 2025.

    Source: recorded, weak (docs/reference/open-questions.md#long-prompts).
    """
    if not isinstance(body, dict):
        return []
    return [
        model_error_item(
            "sequence_too_long",
            f"Sequence is too long, at most {MAX_PROMPT_CHARACTERS} characters",
            ("body", name),
            {"max_length": MAX_PROMPT_CHARACTERS},
            input=value,
        )
        for name in ("prompt", "system_prompt")
        if isinstance(value := body.get(name), str) and len(value) > MAX_PROMPT_CHARACTERS
    ]
