"""fal-ai/any-llm and its kin: the shape of outputs, partial outputs, billing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.schema_versions import PERIODS, PREMIUM
from fakefal.protocol.llm.endpoints import ROUTER, Variant

_TRUE_WORDS = frozenset({"1", "true", "t", "yes", "y", "on"})


def default_model(profile: str) -> str:
    """The model that answers when the input names none."""
    return PERIODS[profile].default_model


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


OUTPUT_ALONE = OutputShape(reasoning=False, shows_reasoning=False, bare=True)
"""``{"output": "…"}``, and nothing else."""
_SHAPES = {
    (knows, shows): OutputShape(knows, shows) for knows in (True, False) for shows in (True, False)
}


def output_shape(variant: Variant | None, body: Json, profile: str) -> OutputShape:
    """The shape of the output for this input; an unknown endpoint's is ``{"output": text}``."""
    if variant is None:
        return OUTPUT_ALONE
    knows = variant in ROUTER or "reasoning" in PERIODS[profile].fields
    wanted = isinstance(body, dict) and is_true(body.get("reasoning"))
    return _SHAPES[knows, knows and wanted]


def is_true(value: Json) -> bool:
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


_BILLED_BY_MODEL = frozenset(("text", "vision", "enterprise", "audio", "video"))


def billable_units(variant: Variant | None, body: Json, profile: str) -> float:
    """What a finished call costs, in thousandths of a dollar for any-llm.

    Source: documented prices, inferred header value (protocol.md section 6.1).
    """
    if variant not in _BILLED_BY_MODEL:
        return 1
    model = body.get("model") if isinstance(body, dict) else None
    chosen = model if isinstance(model, str) else default_model(profile)
    if chosen not in PREMIUM:
        return 1
    return 3 if variant == "vision" else 10
