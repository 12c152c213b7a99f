"""What the YAML parser found wrong, said for people."""

from __future__ import annotations

import re
from typing import Any

import yaml

from fakefal.scenario.files.source import Position

_QUOTE = "put the text in quotes"

_CHARACTER_MESSAGES = {
    "\t": ("a tab stands where spaces are expected", "indent with spaces"),
    "@": ('plain text cannot begin with "@"', _QUOTE),
    "`": ('plain text cannot begin with "`"', _QUOTE),
    "%": ('plain text cannot begin with "%"', _QUOTE),
    "*": ('text that begins with "*" is an alias in YAML', f"{_QUOTE}, or define the alias"),
    "&": ('text that begins with "&" is an anchor in YAML', _QUOTE),
    "!": ('text that begins with "!" is a tag in YAML', _QUOTE),
}
"""Characters at which the parser stops, and what they are likely to be."""

_UNCLOSED = "what is opened in line {line} is not closed, or lacks a comma"

_MESSAGES = (
    (r"found a tab character", _CHARACTER_MESSAGES["\t"]),
    (r"undefined alias|while scanning an alias", _CHARACTER_MESSAGES["*"]),
    (r"while scanning an anchor", _CHARACTER_MESSAGES["&"]),
    (r"while (?:scanning|parsing) a tag", _CHARACTER_MESSAGES["!"]),
    (
        r"mapping values are not allowed",
        ("a key cannot begin inside a value", "put the text in quotes, or mend the indentation"),
    ),
    (
        r"unknown escape|escape code|expected escape sequence|hexa?decimal",
        ("this is not an escape", "use single quotes, or write \\\\ for a backslash"),
    ),
    (
        r"unexpected end of stream.*quoted|quoted.*unexpected end of stream|document indicator",
        ("the quote that is opened in line {line} is never closed", "close it"),
    ),
    (r"expected ',' or '[\]}]'", (_UNCLOSED, "add the comma or the bracket before this place")),
    (
        r"could not find expected ':'",
        ("this line is neither a key with a colon nor part of a value", 'write "key: value"'),
    ),
    (
        r"single document|expected <document start>",
        ("a second document begins here", "put it in a file of its own"),
    ),
    (
        r"directive|incompatible YAML",
        ('a line that begins with "%" is a directive in YAML', "remove it, or use quotes"),
    ),
    (
        r"block scalar",
        ("the text after | or > does not begin on a line of its own", "begin a new line"),
    ),
    (
        r"(?:mapping keys|sequence entries) are not allowed|expected (?:the )?node content",
        ("a value cannot begin like this", f"begin a new line, or {_QUOTE}"),
    ),
    (
        r"did not find expected key|expected <block end>|expected '-' indicator",
        (
            "this line does not fit the indentation of those above",
            "give entries of one mapping or list the same indentation",
        ),
    ),
)


def format_syntax_error(error: yaml.MarkedYAMLError, text: str) -> tuple[Position, str, str]:
    """Where a text is not YAML, what is wrong there, and what would be right."""
    mark: Any = error.problem_mark or error.context_mark
    if mark is None:
        return (1, 1), f"not valid YAML: {error.problem or error}", ""
    position = mark.line + 1, mark.column + 1
    context_mark: Any = error.context_mark or mark
    reason = f"{error.problem or ''} {error.context or ''}".strip()
    message = _cause(reason, _character(text, position))
    if message is None:
        return position, f"not valid YAML: {reason}", ""
    what, right = message
    return position, f"not valid YAML: {what.format(line=context_mark.line + 1)}", right


def _cause(reason: str, character: str) -> tuple[str, str] | None:
    if "cannot start any token" in reason and character in _CHARACTER_MESSAGES:
        return _CHARACTER_MESSAGES[character]
    for expression, words in _MESSAGES:
        if re.search(expression, reason, re.DOTALL):
            return words
    return None


def _character(text: str, position: Position) -> str:
    lines = text.splitlines()
    line = lines[position[0] - 1] if position[0] <= len(lines) else ""
    return line[position[1] - 1 : position[1]]
