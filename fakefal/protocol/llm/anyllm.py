"""Outputs of fal-ai/any-llm and related endpoints, in full and in a stream, and their billing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.schema_versions import PREMIUM_MODELS, SCHEMA_VERSIONS
from fakefal.protocol.llm.endpoints import ROUTER_APIS

_TRUE_WORDS = frozenset({"1", "true", "t", "yes", "y", "on"})


@dataclass(frozen=True, slots=True)
class OutputShape:
    """The fields of an output.

    ``has_reasoning_field`` is False for the oldest schema versions. ``shows_reasoning`` is whether
    the call requested it, else the field is null. ``is_bare`` outputs have ``output`` only.
    """

    has_reasoning_field: bool
    shows_reasoning: bool
    is_bare: bool = False
    code: int = field(init=False, repr=False)
    """A number that identifies this shape."""

    def __post_init__(self) -> None:
        code = self.has_reasoning_field | self.shows_reasoning << 1 | self.is_bare << 2
        object.__setattr__(self, "code", code)

    def output(
        self, text: str, reasoning: str | None, *, partial: bool = False, error: str | None = None
    ) -> dict[str, Json]:
        """``{"output":"…","reasoning":null,"partial":false,"error":null}``.

        Absent values are null. Source: documented (docs/reference/llm.md#any-llm-output,
        docs/reference/open-questions.md#any-llm-null-fields).
        """
        body: dict[str, Json] = {"output": text}
        if self.is_bare:
            return body
        if self.has_reasoning_field:
            body["reasoning"] = reasoning if self.shows_reasoning else None
        body["partial"] = partial
        body["error"] = error
        return body


BARE_OUTPUT = OutputShape(has_reasoning_field=False, shows_reasoning=False, is_bare=True)
"""``{"output": "…"}``."""
_SHAPES = {
    (knows, shows): OutputShape(knows, shows) for knows in (True, False) for shows in (True, False)
}


def output_shape(llm_api: LlmApi | None, body: Json, schema_version: str) -> OutputShape:
    """The shape of the output for an input; ``{"output": text}`` for unknown endpoints."""
    if llm_api is None:
        return BARE_OUTPUT
    has_reasoning_field = (
        llm_api in ROUTER_APIS or "reasoning" in SCHEMA_VERSIONS[schema_version].fields
    )
    wants_reasoning = isinstance(body, dict) and "reasoning" in body and is_true(body["reasoning"])
    return _SHAPES[has_reasoning_field, has_reasoning_field and wants_reasoning]


def is_true(value: Json) -> bool:
    """Whether pydantic would convert a value to True.

    Source: client (docs/reference/errors.md#validation-errors).
    """
    return value == 1 or (isinstance(value, str) and value.lower() in _TRUE_WORDS)


def partial_outputs(
    shape: OutputShape, pieces: Iterable[str], reasoning_pieces: Iterable[str] = ()
) -> Iterator[dict[str, Json]]:
    """The events of a stream, each with the text so far: reasoning first, then the output.

    Source: documented; the order of reasoning is inferred
    (docs/reference/protocol.md#any-llm-streams).
    """
    reasoning: str | None = None
    if shape.shows_reasoning:
        for piece in reasoning_pieces:
            reasoning = (reasoning or "") + piece
            yield shape.output("", reasoning, partial=True)
    text = ""
    for piece in pieces:
        text += piece
        yield shape.output(text, reasoning, partial=True)


_BILLED_BY_MODEL = frozenset(("text", "vision", "enterprise", "audio", "video"))


def billable_units(llm_api: LlmApi | None, body: Json, schema_version: str) -> float:
    """The billable units of a successful call; for any-llm, thousandths of a US dollar.

    Source: documented prices, inferred header value (docs/reference/llm.md#any-llm-price).
    """
    if llm_api not in _BILLED_BY_MODEL:
        return 1
    requested_model = body.get("model") if isinstance(body, dict) else None
    model = requested_model
    if not isinstance(model, str):
        model = SCHEMA_VERSIONS[schema_version].default_model
    if model not in PREMIUM_MODELS:
        return 1
    return 3 if llm_api == "vision" else 10
