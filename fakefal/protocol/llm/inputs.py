"""What language models take, by endpoint and period, and what they refuse, in fal's words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.compat_flags import LONG_PROMPT
from fakefal.protocol.core.schema_versions import DEFAULT_PERIOD, PERIODS, Period
from fakefal.protocol.errors.errors import DOCS_URL, model_error_item
from fakefal.protocol.llm.endpoints import ROUTER, Variant

_OURS_IN_FALS_CATALOGUE = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "multiple_of",
    }
)

_IMAGES_DEMANDED = "2025-10"
"""The period in which the router's vision demanded ``image_urls``, until 2026.

Source: client (protocol.md section 6.4).
"""

_TEXT = {"type": "str"}
_FLAG = {"type": "bool"}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "nullable", "schema": schema}


_TEXTS = {"type": "list", "items_schema": _TEXT}

_USUAL: dict[str, dict[str, Any]] = {
    "system_prompt": _nullable(_TEXT),
    "reasoning": _FLAG,
    "priority": {"type": "literal", "expected": ["throughput", "latency"]},
    "temperature": _nullable({"type": "float", "ge": 0, "le": 2}),
    "max_tokens": _nullable({"type": "int", "ge": 1}),
}

_ROUTED: dict[str, dict[str, Any]] = {
    **{name: schema for name, schema in _USUAL.items() if name != "priority"},
    "enable_web_search": _FLAG,
    "web_search_options": _nullable({"type": "dict"}),
}

_ROUTED_MORE: dict[Variant, dict[str, dict[str, Any]]] = {
    "router-vision": {"image_urls": _nullable(_TEXTS), "pdf_urls": _nullable(_TEXTS)},
    "router-audio": {"audio_url": _TEXT},
    "router-video": {"video_urls": _nullable(_TEXTS), "video_url": _nullable(_TEXT)},
}
"""What the router's variants take besides. Source: documented (protocol.md section 6.4)."""

Fields = tuple[dict[str, Any], dict[str, Any]]
"""The schemas of an input's fields: those that must be there, and the others."""


def _fields(variant: Variant, period: Period) -> Fields:
    return _of_router(variant, period) if variant in ROUTER else _of_any_llm(variant, period)


def _of_router(variant: Variant, period: Period) -> Fields:
    required: dict[str, Any] = {"prompt": _TEXT, "model": _TEXT}
    optional = {**_ROUTED, **_ROUTED_MORE.get(variant, {})}
    if variant == "router-audio":
        required["audio_url"] = optional.pop("audio_url")
    if variant == "router-vision" and period.name == _IMAGES_DEMANDED:
        required["image_urls"] = _TEXTS
        del optional["image_urls"]
    return required, optional


def _of_any_llm(variant: Variant, period: Period) -> Fields:
    required: dict[str, Any] = {"prompt": _TEXT}
    models = _models(variant, period)
    optional: dict[str, Any] = {
        **{name: schema for name, schema in _USUAL.items() if name in period.fields},
        "model": {"type": "literal", "expected": list(models)} if models else _TEXT,
    }
    if variant == "vision":
        for name in period.images:
            text = _TEXT if name == "image_url" else _TEXTS
            if period.image_required:
                required[name] = text
            else:
                optional[name] = _nullable(text)
    elif variant in ("audio", "video"):
        required[f"{variant}_url"] = _TEXT
    return required, optional


def _models(variant: Variant, period: Period) -> tuple[str, ...]:
    """The models that are known; none are where any may be."""
    if variant == "vision":
        return period.vision_models
    if variant == "enterprise":
        return period.enterprise_models or period.models
    return period.models if variant == "text" else ()


@lru_cache(maxsize=128)
def _schema(variant: Variant, profile: str) -> SchemaValidator:
    """The validator of an input: pydantic's own, as fal's apps use it, without building models."""
    required, optional = _fields(variant, PERIODS[profile])
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


def validate(variant: Variant, body: Json, profile: str = DEFAULT_PERIOD) -> list[Json]:
    """What the model would find wrong with an input: the ``detail`` list of its 422, or ``[]``.

    Unknown fields are ignored. Source: documented, client (protocol.md section 6.5); fal's own
    names for enums and bounds (section 7.1).
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
        _schema(variant, profile).validate_python(body)
    except ValidationError as error:
        return [fal_item(found) for found in error.errors(include_url=False)]
    return []


def fal_item(found: Any) -> dict[str, Json]:
    """One error of pydantic as fal words it."""
    type_: str = found["type"]
    loc = ["body", *found["loc"]]
    if type_ == "literal_error":
        expected = [name.strip("'") for name in _names(found["ctx"]["expected"])]
        return {
            "loc": loc,
            "msg": found["msg"],
            "type": "one_of",
            "ctx": {"expected": expected},
            "url": f"{DOCS_URL}one_of",
            "input": found["input"],
        }
    if type_ in _OURS_IN_FALS_CATALOGUE:
        return {
            "loc": loc,
            "msg": found["msg"],
            "type": type_,
            "ctx": found["ctx"],
            "url": f"{DOCS_URL}{type_}",
            "input": found["input"],
        }
    item: dict[str, Json] = {
        "type": type_,
        "loc": loc,
        "msg": found["msg"],
        "input": found["input"],
    }
    if found.get("ctx"):
        item["ctx"] = found["ctx"]
    return item


def _names(expected: str) -> list[str]:
    return [name for part in expected.split(", ") for name in part.split(" or ")]


def unknown_fields(variant: Variant, body: Json, profile: str) -> list[tuple[str, Json]]:
    """The input's fields that the model does not know, each with what a strict one would say.

    fal's models ignore them. Source: inferred (protocol.md sections 6.5, 16 row 32).
    """
    if not isinstance(body, dict):
        return []
    required, optional = _fields(variant, PERIODS[profile])
    known = {*required, *optional}
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
        if name not in known
    ]


def too_long(body: Json) -> list[Json]:
    """What is said of prompts longer than any-llm took in 2025 (protocol.md section 16 row 30)."""
    if not isinstance(body, dict):
        return []
    return [
        model_error_item(
            "sequence_too_long",
            f"Sequence is too long, at most {LONG_PROMPT} characters",
            ("body", name),
            {"max_length": LONG_PROMPT},
            input=value,
        )
        for name in ("prompt", "system_prompt")
        if isinstance(value := body.get(name), str) and len(value) > LONG_PROMPT
    ]
