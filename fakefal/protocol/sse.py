"""Encodes and decodes server-sent events.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

CONTENT_TYPE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """A decoded event; ``name`` is empty if the stream has no ``event:`` line for it."""

    data: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Framing:
    """Line ends and event names of a stream.

    any-llm sends ``event: event`` and CRLF; other apps and the status stream send ``data:`` lines
    only, with LF.

    Source: documented; LF is inferred (docs/reference/open-questions.md#sse-framing).
    """

    newline: str
    name: str = ""

    def encode(self, data: str) -> bytes:
        """One event; each line of ``data`` becomes a ``data:`` line."""
        end = self.newline
        head = f"event: {self.name}{end}" if self.name else ""
        if "\n" in data or "\r" in data:
            lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            body = "".join(f"data: {line}{end}" for line in lines)
        else:
            body = f"data: {data}{end}"
        return f"{head}{body}{end}".encode()

    def comment(self, text: str) -> bytes:
        """A comment, which clients ignore: the ``ping`` that keeps a connection open."""
        return f": {text}{self.newline}{self.newline}".encode()


NAMED_CRLF = Framing("\r\n", "event")
DATA_LF = Framing("\n")
DATA_CRLF = Framing("\r\n")

FRAMINGS = {"named-crlf": NAMED_CRLF, "plain-crlf": DATA_CRLF, "plain": DATA_LF}
"""The framings by their values in the options; ``by-model`` is not among them."""


class Decoder:
    """Decodes events from chunks that may end anywhere, even within a CRLF or a UTF-8 character.

    Line ends are LF, CRLF or CR; a leading byte order mark is skipped.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        self._has_started = False
        self._skip_newline = False
        self._data: list[str] = []
        self._name = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Add bytes; returns the events that they complete."""
        text = self._buffer + self._utf8.decode(chunk)
        if text and not self._has_started:
            self._has_started = True
            text = text.removeprefix("\ufeff")
        events: list[ServerSentEvent] = []
        start = 0
        for index, character in enumerate(text):
            if character == "\n" and self._skip_newline and start == index:
                start = index + 1
                self._skip_newline = False
                continue
            if character in "\r\n":
                event = self._feed_line(text[start:index])
                if event is not None:
                    events.append(event)
                start = index + 1
                self._skip_newline = character == "\r"
            elif start == index:
                self._skip_newline = False
        self._buffer = text[start:]
        return events

    def _feed_line(self, line: str) -> ServerSentEvent | None:
        if not line:
            data, name = self._data, self._name
            self._data, self._name = [], ""
            return ServerSentEvent("\n".join(data), name) if data else None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None
