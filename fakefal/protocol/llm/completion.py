"""A language model's completion, independent of the format of the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.tokens import Usage


class ToolCall(NamedTuple):
    """A function call by the model; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's output, with one text for each choice.

    ``reasoning`` is None if it is not shown. ``error`` is a failure that is reported in a 200
    response.
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
    """Functions that split texts into the pieces of a stream's events."""

    text: Callable[[str], list[str]]
    reasoning: Callable[[str], list[str]]
    arguments: Callable[[str], list[str]]


class ResponseHead(NamedTuple):
    """Fields common to all responses to a call; ``created`` is a Unix timestamp."""

    request_id: str
    created: int
    model: str

    @property
    def id_stem(self) -> str:
        """The request id without dashes, from which ids in the response are formed."""
        return self.request_id.replace("-", "")


class ResponseFormat(Protocol):
    """Converts a completion to the bodies and events of an endpoint."""

    def body(self, completion: Completion) -> Json:
        """The body of a response that is not streamed."""
        ...

    def content_events(self, completion: Completion, chunkers: Chunkers) -> Iterator[Json]:
        """The events of a stream that contain the content."""
        ...

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """The events that end a stream."""
        ...

    def error_event(self, error: str, last_event: Json) -> Json:
        """The event of a failure in the middle of a stream, after ``last_event``."""
        ...

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """All events of a stream, numbered if the format has numbers."""
        ...
