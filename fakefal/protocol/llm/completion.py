"""What a language model says, before it is put into the form of the endpoint that was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.tokens import Usage


class ToolCall(NamedTuple):
    """A function that the model wants called; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model says: one text for each choice that was asked for.

    ``reasoning`` None is not shown; ``error`` is a failure told inside a 200 answer. ``finish`` is
    OpenAI's ``finish_reason``.
    """

    texts: tuple[str, ...]
    usage: Usage
    reasoning: str | None = None
    error: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.texts[0]


class Chunkers(NamedTuple):
    """How texts are cut into what each event of a stream adds."""

    text: Callable[[str], list[str]]
    reasoning: Callable[[str], list[str]]
    arguments: Callable[[str], list[str]]


class ResponseHead(NamedTuple):
    """What every answer of a call begins with: ``created`` in seconds since 1970."""

    request_id: str
    created: int
    model: str

    @property
    def id_stem(self) -> str:
        """The request's id without dashes; ids inside an answer are made of it."""
        return self.request_id.replace("-", "")


class ResponseFormat(Protocol):
    """How an endpoint puts what its model says."""

    def body(self, completion: Completion) -> Json:
        """The answer at once."""
        ...

    def content_events(self, completion: Completion, chunkers: Chunkers) -> Iterator[Json]:
        """The events of a stream up to where all has been said."""
        ...

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """The events that end a stream."""
        ...

    def error_event(self, error: str, last_event: Json) -> Json:
        """The event that tells of a failure in the middle of a stream, after another."""
        ...

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """The events that are sent, numbered where the form numbers them."""
        ...
