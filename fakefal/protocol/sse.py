"""Server-sent events: writing them as fal does, and reading them in any chunks."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

CONTENT_TYPE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``name`` is empty where the stream gives none."""

    data: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a stream spells its events.

    any-llm writes ``event: event`` and ends lines in CRLF; other apps and the status stream write
    data only and LF. Source: protocol.md sections 5 and 16 row 21 (documented; line ends of the
    second form inferred).
    """

    newline: str
    name: str = ""

    def encode(self, data: str) -> bytes:
        """One event. Data with line breaks becomes several ``data:`` lines."""
        end = self.newline
        head = f"event: {self.name}{end}" if self.name else ""
        if "\n" in data or "\r" in data:
            lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            body = "".join(f"data: {line}{end}" for line in lines)
        else:
            body = f"data: {data}{end}"
        return f"{head}{body}{end}".encode()

    def comment(self, text: str) -> bytes:
        """A comment, such as the ``ping`` that keeps a connection open."""
        return f": {text}{self.newline}{self.newline}".encode()


NAMED_CRLF = Framing("\r\n", "event")
DATA_LF = Framing("\n")
DATA_CRLF = Framing("\r\n")

FRAMINGS = {"named-crlf": NAMED_CRLF, "plain-crlf": DATA_CRLF, "plain": DATA_LF}
"""The framings by the names that options give them; each model's own is none of them."""


class Decoder:
    """Reads events from bytes that come in any chunks, as the HTML standard says.

    Line ends may be LF, CRLF or CR, each cut anywhere; so may a UTF-8 character. A byte order
    mark at the beginning is skipped.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        self._has_started = False
        self._skip_newline = False
        self._data: list[str] = []
        self._name = ""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        text = self._buffer + self._utf8.decode(chunk)
        if text and not self._has_started:
            self._has_started = True
            text = text.removeprefix("\ufeff")
        events: list[Event] = []
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

    def _feed_line(self, line: str) -> Event | None:
        if not line:
            data, name = self._data, self._name
            self._data, self._name = [], ""
            return Event("\n".join(data), name) if data else None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None
