"""Outputs of openrouter/router: any-llm's fields and a usage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.anyllm import OutputShape, partial_outputs
from fakefal.protocol.llm.completion import Chunkers, Completion


@dataclass(frozen=True, slots=True)
class RouterFormat:
    """The format of one response.

    Vision, audio and video (``shape.is_bare``) have ``output`` and ``usage`` only. The last event
    of a stream contains the usage. With ``repeats_complete_text`` the event before it is partial
    and has the complete text too. Source: documented, inferred
    (docs/reference/llm.md#openrouter-router,
    docs/reference/open-questions.md#repeated-complete-text,
    docs/reference/open-questions.md#usage-in-router-streams).
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
        """Partial events, each with the text so far."""
        if completion.error is not None and not completion.text:
            return
        reasoning_pieces = chunkers.reasoning(completion.reasoning) if completion.reasoning else []
        pieces = chunkers.text(completion.text)
        sent_pieces = pieces if self.repeats_complete_text else pieces[:-1]
        yield from partial_outputs(self.shape, sent_pieces, reasoning_pieces)

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """The complete output with the usage."""
        yield self.body(completion)

    def error_event(self, error: str, last_event: Json) -> dict[str, Json]:
        """The output so far, with an error."""
        output = last_event if isinstance(last_event, dict) else {}
        return {"output": "", **output, "partial": False, "error": error}

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """The events as they are: they have no numbers."""
        yield from events
