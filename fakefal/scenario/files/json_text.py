"""Reading scenarios written in JSON, with the place of every value."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right

from fakefal.scenario.files.source import EMPTY, MAX_DEPTH, MAX_NODES, Path, Place, Source

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TRAILING_COMMA = re.compile(r",\s*[}\]]")
_MAX_DIGITS = 4300
"""Digits of an integer that every Python converts."""

_REASONS = (
    ("Illegal trailing comma", "a comma stands before the closing bracket", "remove it"),
    ("Expecting property name", "a key in double quotes is expected here", 'write "key": value'),
    ("Expecting value", "a value is expected here", 'text goes in double quotes: "text"'),
    ("Expecting ',' delimiter", "a comma or a closing bracket is expected here", "add it"),
    ("Expecting ':' delimiter", "a colon is expected after the key", "add it"),
    ("Extra data", "something stands after the end of the value", "remove it"),
    ("Invalid control", "a line break or control character stands in a string", r"write \n or \t"),
    ("Invalid \\", "this is not an escape", r"write \\ for a backslash"),
    ("Unterminated string", "a quote that is opened here is never closed", "close it"),
)
"""Beginnings of the parser's messages, and how people are told."""


def read_json(text: str, file: str) -> Source:
    """Parse JSON; raises ScenarioError for what is not.

    Duplicate keys and values that JSON does not have are kept in ``mistakes``.
    """
    source = Source(file)
    lines = _Lines(text)
    if not text.strip():
        raise source.refuse((1, 1), *EMPTY)
    try:
        source.data = json.loads(
            text, parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None
        )
    except json.JSONDecodeError as error:
        raise source.refuse(*_syntax(error, lines)) from None
    except RecursionError:
        pass  # the walk below refuses it and knows where
    _Walk(source, lines).through(text)
    return source


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS else None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _syntax(error: json.JSONDecodeError, lines: _Lines) -> tuple[Place, str, str]:
    at = error.pos
    before = error.doc.rfind(",", 0, at + 1)
    if before >= 0 and (comma := _TRAILING_COMMA.match(error.doc, before)) and at < comma.end():
        return lines.place(before), f"not valid JSON: {_REASONS[0][1]}", _REASONS[0][2]
    for beginning, what, right in _REASONS:
        if error.msg.startswith(beginning):
            return lines.place(at), f"not valid JSON: {what}", right
    return lines.place(at), f"not valid JSON: {error.msg}", ""


class _Lines:
    """Line and column of an offset, both from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Walk:
    """Goes through the tokens of a text that is valid JSON, and notes where values stand."""

    def __init__(self, source: Source, lines: _Lines) -> None:
        self._source = source
        self._lines = lines
        self._path: list[str | int] = []
        self._awaits_key = False

    def through(self, text: str) -> None:
        """Fill the source's tables; raises ScenarioError for too much or too deep a nesting."""
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in (",", ":", "}", "]"):
                self._punctuate(token)
                continue
            place = self._lines.place(match.start())
            if self._awaits_key and token[0] == '"':
                self._key(token, place)
                continue
            self._value(token, place)

    def _punctuate(self, token: str) -> None:
        if token == ",":
            last = self._path[-1]
            if isinstance(last, int):
                self._path[-1] = last + 1
            else:
                self._awaits_key = True
        elif token != ":":
            self._path.pop()
            self._awaits_key = False

    def _key(self, token: str, place: Place) -> None:
        key = self._text(token, place)
        self._path[-1] = key
        self._awaits_key = False
        path = tuple(self._path)
        first = self._source.keys.setdefault(path, place)
        if first != place:
            what = f'"{key}" stands here twice (first in line {first[0]})'
            self._add(place, path, what, "keep one of them")

    def _value(self, token: str, place: Place) -> None:
        path = tuple(self._path)
        self._source.values.setdefault(path, place)
        if len(self._source.values) > MAX_NODES:
            raise self._source.too_many(place)
        if token in ("{", "["):
            if len(self._path) >= MAX_DEPTH:
                raise self._source.too_deep(place)
            self._path.append(0 if token == "[" else "")
            self._awaits_key = token == "{"
        elif token[0] == '"':
            self._text(token, place)
        elif token in ("NaN", "Infinity", "-Infinity"):
            self._add(place, path, f"{token} is not a JSON number", "quote it if it is text")
        elif _NUMBER.fullmatch(token):
            self._number(token, place, path)

    def _number(self, token: str, place: Place, path: Path) -> None:
        is_whole = token.lstrip("-").isdigit()
        if is_whole and len(token) > _MAX_DIGITS:
            self._add(place, path, f"a number of {len(token)} digits is too long", "quote it")
        elif not is_whole and _finite(token) is None:
            self._add(place, path, f"{token} is too large a number", "quote it if it is text")

    def _text(self, token: str, place: Place) -> str:
        text: str = json.loads(token)
        if _SURROGATE.search(text):
            what = "half a character: a surrogate without its other half"
            self._add(place, tuple(self._path), what, r"write both, as in \ud83d\ude00")
            return _SURROGATE.sub("\ufffd", text)
        return text

    def _add(self, place: Place, path: Path, what: str, right: str) -> None:
        self._source.mistakes.append(self._source.mistake_at(place, path, what, right))
