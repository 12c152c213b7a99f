"""fal-ai/any-llm and its kin: input schema, output, partial outputs, billing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from fakefal.protocol.call import Json
from fakefal.protocol.endpoints import EndpointId
from fakefal.protocol.errors import DOCS_URL
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


def variant_of(endpoint: EndpointId) -> Variant | None:
    """Which language-model schema an endpoint has; None if it is another kind of model.

    Source: documented (protocol.md sections 6.3, 6.4).
    """
    paths = _APPS.get(endpoint.app)
    return None if paths is None else paths.get(endpoint.path)


def default_model(profile: str) -> str:
    """The model that answers when the input names none."""
    return PERIODS[profile].default_model


@lru_cache(maxsize=64)
def _schema(variant: Variant, profile: str) -> type[BaseModel]:
    period = PERIODS[profile]
    fields: dict[str, Any] = {"prompt": (str, ...)}
    optional: dict[str, Any] = {
        "system_prompt": (str | None, None),
        "reasoning": (bool, False),
        "priority": (Literal["throughput", "latency"], "latency"),
        "temperature": (Annotated[float, Field(ge=0, le=2)] | None, None),
        "max_tokens": (Annotated[int, Field(ge=1)] | None, None),
    }
    if variant == "router":
        fields["model"] = (str, ...)
        known = set(optional) - {"priority"}
    else:
        fields["model"] = (_literal(_models(variant, period)), period.default_model)
        known = set(period.fields)
    fields.update({name: spec for name, spec in optional.items() if name in known})
    if variant == "vision":
        fields.update(_image_fields(period))
    return create_model(f"{variant}-{profile}", __config__=ConfigDict(extra="ignore"), **fields)


def _literal(models: tuple[str, ...]) -> Any:
    return Literal[models]


def _models(variant: Variant, period: Period) -> tuple[str, ...]:
    if variant == "vision":
        return period.vision_models
    if variant == "enterprise":
        return period.enterprise_models or period.models
    return period.models


def _image_fields(period: Period) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "image_url" in period.images:
        fields["image_url"] = (str, ...) if period.image_required else (str | None, None)
    if "image_urls" in period.images:
        fields["image_urls"] = (list[str] | None, None)
    return fields


def validate(variant: Variant, body: Json, profile: str = DEFAULT_PERIOD) -> list[Json]:
    """What the model would find wrong with an input: the ``detail`` list of its 422, or ``[]``.

    Unknown fields are ignored. Source: documented, client (protocol.md section 6.5); fal's own
    names for enums and bounds (section 7.1).
    """
    if body is None:
        return [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]
    try:
        _schema(variant, profile).model_validate(body, from_attributes=not isinstance(body, dict))
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


def output_shape(variant: Variant | None, body: Json, profile: str) -> OutputShape:
    """The shape of the output for this input; an unknown endpoint's is ``{"output": text}``."""
    if variant is None:
        return OutputShape(reasoning=False, shows_reasoning=False, bare=True)
    knows = variant == "router" or "reasoning" in PERIODS[profile].fields
    wanted = isinstance(body, dict) and body.get("reasoning") in (True, "true", 1)
    return OutputShape(reasoning=knows, shows_reasoning=knows and wanted)


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
