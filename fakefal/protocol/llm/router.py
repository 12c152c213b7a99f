"""What openrouter/router answers: any-llm's fields, and what the call used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.anyllm import OutputShape, partials
from fakefal.protocol.llm.completion import Cuts, Speech


@dataclass(frozen=True, slots=True)
class RouterForm:
    """The form of one answer.

    Vision, audio and video have ``output`` and ``usage`` alone, which ``shape.bare`` says; in a
    stream ``usage`` comes with the last event. ``repeats`` says whether the complete text comes
    once more as a partial event. Source: documented (protocol.md section 6.4), inferred (section 16
    rows 22 and 23).
    """

    shape: OutputShape
    repeats: bool = True

    def whole(self, speech: Speech) -> dict[str, Json]:
        """``{"output":"…","reasoning":null,"partial":false,"error":null,"usage":{…}}``."""
        body = self.shape.output(speech.text, speech.reasoning, error=speech.error)
        if self.shape.bare and speech.error is not None:
            body["error"] = speech.error
        body["usage"] = speech.usage.of_router()
        return body

    def growing(self, speech: Speech, cuts: Cuts) -> Iterator[Json]:
        """Cumulative events, the whole among them once."""
        if speech.error is not None and not speech.text:
            return
        thoughts = cuts.reasoning(speech.reasoning) if speech.reasoning else []
        pieces = cuts.text(speech.text)
        shown = pieces if self.repeats else pieces[:-1]
        yield from partials(self.shape, shown, thoughts)

    def closing(self, speech: Speech) -> Iterator[Json]:
        """The whole, with the usage."""
        yield self.whole(speech)

    def broken(self, error: str, before: Json) -> dict[str, Json]:
        """What was said so far, and the error."""
        told = before if isinstance(before, dict) else {}
        return {"output": "", **told, "partial": False, "error": error}

    def in_order(self, events: Iterable[Json]) -> Iterator[Json]:
        """The events have no numbers."""
        yield from events
