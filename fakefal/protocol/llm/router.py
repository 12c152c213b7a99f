"""What openrouter/router answers: any-llm's fields, and what the call used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.anyllm import OutputShape, partial_outputs
from fakefal.protocol.llm.completion import Chunkers, Completion


@dataclass(frozen=True, slots=True)
class RouterFormat:
    """The form of one answer.

    Vision, audio and video have ``output`` and ``usage`` alone, which ``shape.bare`` says; in a
    stream ``usage`` comes with the last event. ``repeats`` says whether the complete text comes
    once more as a partial event. Source: documented (protocol.md section 6.4), inferred (section 16
    rows 22 and 23).
    """

    shape: OutputShape
    repeats_complete_text: bool = True

    def body(self, completion: Completion) -> dict[str, Json]:
        """``{"output":"…","reasoning":null,"partial":false,"error":null,"usage":{…}}``."""
        fields = self.shape.output(completion.text, completion.reasoning, error=completion.error)
        if self.shape.is_bare and completion.error is not None:
            fields["error"] = completion.error
        fields["usage"] = completion.usage.to_router()
        return fields

    def content_events(self, completion: Completion, chunkers: Chunkers) -> Iterator[Json]:
        """Cumulative events, the whole among them once."""
        if completion.error is not None and not completion.text:
            return
        reasoning_pieces = chunkers.reasoning(completion.reasoning) if completion.reasoning else []
        pieces = chunkers.text(completion.text)
        sent_pieces = pieces if self.repeats_complete_text else pieces[:-1]
        yield from partial_outputs(self.shape, sent_pieces, reasoning_pieces)

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """The whole, with the usage."""
        yield self.body(completion)

    def error_event(self, error: str, last_event: Json) -> dict[str, Json]:
        """What was said so far, and the error."""
        output = last_event if isinstance(last_event, dict) else {}
        return {"output": "", **output, "partial": False, "error": error}

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """The events have no numbers."""
        yield from events
