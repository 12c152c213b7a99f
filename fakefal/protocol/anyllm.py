"""fal-ai/any-llm and its kin: input schema, output, partial outputs, billing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic_core import SchemaValidator, ValidationError

from fakefal.protocol.call import Json
from fakefal.protocol.endpoints import EndpointId
from fakefal.protocol.errors import DOCS_URL, model_error_item
from fakefal.protocol.options import LONG_PROMPT
from fakefal.protocol.periods import DEFAULT_PERIOD, PERIODS, PREMIUM, Period

Variant = Literal["text", "vision", "enterprise", "router"]

_APPS: dict[str, dict[str, Variant]] = {
    "fal-ai/any-llm": {"": "text", "vision": "vision", "enterprise": "enterprise"},
    "openrouter/router": {"": "router", "enterprise": "router"},
}

_OURS_IN_FALS_CATALOGUE = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "multiple_of",
    }
)


_TRUE_WORDS = frozenset({"1", "true", "t", "yes", "y", "on"})


LANGUAGE_MODELS = [
    "/".join(filter(None, (app, path))) for app, paths in _APPS.items() for path in paths
]
"""Their endpoints."""


def variant_of(endpoint: EndpointId) -> Variant | None:
    """Which language-model schema an endpoint has; None if it is another kind of model.

    Source: documented (protocol.md sections 6.3, 6.4).
    """
    paths = _APPS.get(endpoint.app)
    return None if paths is None else paths.get(endpoint.path)


def default_model(profile: str) -> str:
    """The model that answers when the input names none."""
    return PERIODS[profile].default_model


def _fields(variant: Variant, period: Period) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of an input's fields: those that must be there, and the others."""
    text = {"type": "str"}
    optional: dict[str, Any] = {
        "system_prompt": _nullable(text),
        "reasoning": {"type": "bool"},
        "priority": {"type": "literal", "expected": ["throughput", "latency"]},
        "temperature": _nullable({"type": "float", "ge": 0, "le": 2}),
        "max_tokens": _nullable({"type": "int", "ge": 1}),
    }
    required: dict[str, Any] = {"prompt": text}
    if variant == "router":
        required["model"] = text
        known = set(optional) - {"priority"}
    else:
        optional["model"] = {"type": "literal", "expected": list(_models(variant, period))}
        known = set(period.fields)
    if variant == "vision":
        images = _image_fields(period)
        required.update({name: text for name, must in images.items() if must})
        if "image_url" in images:
            optional["image_url"] = _nullable(text)
        if "image_urls" in images:
            optional["image_urls"] = _nullable({"type": "list", "items_schema": text})
        known |= set(images)
    return required, {name: optional[name] for name in optional if name in known}


@lru_cache(maxsize=64)
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


_ROUTER_MORE = frozenset(
    {
        "enable_web_search",
        "web_search_options",
        "image_urls",
        "pdf_urls",
        "audio_url",
        "video_url",
        "video_urls",
    }
)
"""Fields of the router's variants that are not checked. Source: protocol.md section 6.4."""


def unknown_fields(variant: Variant, body: Json, profile: str) -> list[tuple[str, Json]]:
    """The input's fields that the model does not know, each with what a strict one would say.

    fal's models ignore them. Source: inferred (protocol.md sections 6.5, 16 row 32).
    """
    if not isinstance(body, dict):
        return []
    required, optional = _fields(variant, PERIODS[profile])
    known = {*required, *optional} | (_ROUTER_MORE if variant == "router" else set())
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


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "nullable", "schema": schema}


def _models(variant: Variant, period: Period) -> tuple[str, ...]:
    if variant == "vision":
        return period.vision_models
    if variant == "enterprise":
        return period.enterprise_models or period.models
    return period.models


def _image_fields(period: Period) -> dict[str, bool]:
    """The picture fields of a period, and whether each must be there."""
    return dict.fromkeys(period.images, period.image_required)


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
        return [_item(found) for found in error.errors(include_url=False)]
    return []


def _item(found: Any) -> dict[str, Json]:
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


@dataclass(frozen=True, slots=True)
class OutputShape:
    """Which fields an output of this endpoint has, and in which order.

    ``reasoning`` says whether the field is there at all (not under the oldest schema);
    ``shows_reasoning`` whether this call asked for it.
    """

    reasoning: bool
    shows_reasoning: bool
    bare: bool = False

    @property
    def code(self) -> int:
        """A number for this shape, different from those of the others."""
        return self.reasoning | self.shows_reasoning << 1 | self.bare << 2

    def output(
        self, text: str, reasoning: str | None, *, partial: bool = False, error: str | None = None
    ) -> dict[str, Json]:
        """``{"output":"…","reasoning":null,"partial":false,"error":null}``.

        Absent values are null, not missing. Source: documented (protocol.md sections 6.2, 16 row
        20).
        """
        body: dict[str, Json] = {"output": text}
        if self.bare:
            return body
        if self.reasoning:
            body["reasoning"] = reasoning if self.shows_reasoning else None
        body["partial"] = partial
        body["error"] = error
        return body


_BARE = OutputShape(reasoning=False, shows_reasoning=False, bare=True)
_SHAPES = {
    (knows, shows): OutputShape(knows, shows) for knows in (True, False) for shows in (True, False)
}


def output_shape(variant: Variant | None, body: Json, profile: str) -> OutputShape:
    """The shape of the output for this input; an unknown endpoint's is ``{"output": text}``."""
    if variant is None:
        return _BARE
    knows = variant == "router" or "reasoning" in PERIODS[profile].fields
    wanted = isinstance(body, dict) and _is_true(body.get("reasoning"))
    return _SHAPES[knows, knows and wanted]


def _is_true(value: Json) -> bool:
    """What pydantic reads as true. Source: client (FastAPI, pydantic; protocol.md section 6.5)."""
    return value == 1 or (isinstance(value, str) and value.lower() in _TRUE_WORDS)


def partials(
    shape: OutputShape, pieces: Iterable[str], reasoning_pieces: Iterable[str] = ()
) -> Iterator[dict[str, Json]]:
    """The events of a stream: cumulative and partial; reasoning grows first, then the output.

    Source: documented sample (protocol.md section 5); where reasoning grows is inferred.
    """
    thought: str | None = None
    if shape.shows_reasoning:
        for piece in reasoning_pieces:
            thought = (thought or "") + piece
            yield shape.output("", thought, partial=True)
    text = ""
    for piece in pieces:
        text += piece
        yield shape.output(text, thought, partial=True)


def billable_units(variant: Variant | None, body: Json, profile: str) -> float:
    """What a finished call costs, in thousandths of a dollar for any-llm.

    Source: documented prices, inferred header value (protocol.md section 6.1).
    """
    if variant not in ("text", "vision", "enterprise"):
        return 1
    model = body.get("model") if isinstance(body, dict) else None
    chosen = model if isinstance(model, str) else default_model(profile)
    if chosen not in PREMIUM:
        return 1
    return 3 if variant == "vision" else 10
