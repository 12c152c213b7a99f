"""Reads scenarios in JSON, with the position of every value.

``json`` of the standard library reports no positions, so the tokens of a valid text are walked a
second time.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right

from fakefal.scenario.files.source import EMPTY, MAX_DEPTH, MAX_NODES, Path, Position, Source

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TRAILING_COMMA = re.compile(r",\s*[}\]]")
_MAX_DIGITS = 4300
"""Python converts no longer ones (docs.python.org/3/library/stdtypes.html#int-max-str-digits)."""

_MESSAGES = (
    ("Illegal trailing comma", "there is a comma before the closing bracket", "remove it"),
    ("Expecting property name", "expected a key in double quotes", 'write "key": value'),
    ("Expecting value", "expected a value", 'put text in double quotes: "text"'),
    ("Expecting ',' delimiter", "expected a comma or a closing bracket", "add it"),
    ("Expecting ':' delimiter", "expected a colon after the key", "add it"),
    ("Extra data", "there is text after the end of the value", "remove it"),
    ("Invalid control", "line break or control character in a string", r"write \n or \t"),
    ("Invalid \\", "invalid escape sequence", r"write \\ for a backslash"),
    ("Unterminated string", "this quote is not closed", "close it"),
    ("", "the syntax is wrong", "check the quotes, commas and brackets before this position"),
)
"""Prefixes of the messages of ``json``, with fakefal's words; the last is for all others."""


def read_json(text: str, file: str) -> Source:
    """Parse JSON; raises ScenarioError for invalid syntax.

    Duplicate keys, NaN, too large numbers and lone surrogates become ``problems`` of the source.
    """
    source = Source(file)
    line_index = _LineIndex(text)
    if not text.strip():
        raise source.to_error((1, 1), *EMPTY)
    try:
        source.data = json.loads(
            text, parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None
        )
    except json.JSONDecodeError as error:
        raise source.to_error(*_syntax_error(error, line_index)) from None
    except RecursionError:
        pass  # the walk below raises the error, with its position
    _PositionWalker(source, line_index).walk(text)
    return source


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS else None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _syntax_error(error: json.JSONDecodeError, line_index: _LineIndex) -> tuple[Position, str, str]:
    # Python before 3.13 reports a trailing comma as a missing value or key behind it.
    at = error.pos
    before = error.doc.rfind(",", 0, at + 1)
    if before >= 0 and (comma := _TRAILING_COMMA.match(error.doc, before)) and at < comma.end():
        return line_index.position(before), f"not valid JSON: {_MESSAGES[0][1]}", _MESSAGES[0][2]
    message, suggestion = next(
        (message, suggestion)
        for prefix, message, suggestion in _MESSAGES
        if error.msg.startswith(prefix)
    )
    return line_index.position(at), f"not valid JSON: {message}", suggestion


class _LineIndex:
    """Line and column of an offset, both counted from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _PositionWalker:
    """Walks the tokens of a valid JSON text and records the position of every key and value."""

    def __init__(self, source: Source, line_index: _LineIndex) -> None:
        self._source = source
        self._line_index = line_index
        self._path: list[str | int] = []
        self._expects_key = False

    def walk(self, text: str) -> None:
        """Fill the tables of the source; raises ScenarioError for too many or too deep values."""
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in (",", ":", "}", "]"):
                self._on_punctuation(token)
                continue
            position = self._line_index.position(match.start())
            if self._expects_key and token[0] == '"':
                self._on_key(token, position)
                continue
            self._on_value(token, position)

    def _on_punctuation(self, token: str) -> None:
        if token == ",":
            last = self._path[-1]
            if isinstance(last, int):
                self._path[-1] = last + 1
            else:
                self._expects_key = True
        elif token != ":":
            self._path.pop()
            self._expects_key = False

    def _on_key(self, token: str, position: Position) -> None:
        key = self._decode_string(token, position)
        self._path[-1] = key
        self._expects_key = False
        path = tuple(self._path)
        first = self._source.key_positions.setdefault(path, position)
        if first != position:
            message = f'duplicate key "{key}" (first in line {first[0]})'
            self._add_problem(position, path, message, "keep one of them")

    def _on_value(self, token: str, position: Position) -> None:
        path = tuple(self._path)
        self._source.value_positions.setdefault(path, position)
        if len(self._source.value_positions) > MAX_NODES:
            raise self._source.too_many(position)
        if token in ("{", "["):
            if len(self._path) >= MAX_DEPTH:
                raise self._source.too_deep(position)
            self._path.append(0 if token == "[" else "")
            self._expects_key = token == "{"
        elif token[0] == '"':
            self._decode_string(token, position)
        elif token in ("NaN", "Infinity", "-Infinity"):
            self._add_problem(
                position, path, f"{token} is not a JSON number", "quote it if it is text"
            )
        elif _NUMBER.fullmatch(token):
            self._check_number(token, position, path)

    def _check_number(self, token: str, position: Position, path: Path) -> None:
        is_integer = token.lstrip("-").isdigit()
        if is_integer and len(token) > _MAX_DIGITS:
            self._add_problem(
                position, path, f"a number of {len(token)} digits is too long", "quote it"
            )
        elif not is_integer and _finite(token) is None:
            self._add_problem(position, path, f"{token} is too large", "quote it if it is text")

    def _decode_string(self, token: str, position: Position) -> str:
        text: str = json.loads(token)
        if _SURROGATE.search(text):
            message = "half a surrogate pair"
            self._add_problem(
                position, tuple(self._path), message, r"write both halves, as in \ud83d\ude00"
            )
            return _SURROGATE.sub("\ufffd", text)
        return text

    def _add_problem(self, position: Position, path: Path, message: str, suggestion: str) -> None:
        self._source.problems.append(self._source.problem_at(position, path, message, suggestion))
