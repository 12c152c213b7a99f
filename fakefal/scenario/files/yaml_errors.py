"""YAML syntax errors in fakefal's words, whichever version of PyYAML and libyaml found them."""

from __future__ import annotations

import re
from typing import Any

import yaml

from fakefal.scenario.files.source import MAX_DEPTH, Position

_QUOTE = "put the text in quotes"

_CHARACTER_MESSAGES = {
    "\t": ("a tab is used for indentation", "indent with spaces"),
    "@": ('plain text cannot begin with "@"', _QUOTE),
    "`": ('plain text cannot begin with "`"', _QUOTE),
    "%": ('plain text cannot begin with "%"', _QUOTE),
    "*": ('text that begins with "*" is an alias in YAML', f"{_QUOTE}, or define the alias"),
    "&": ('text that begins with "&" is an anchor in YAML', _QUOTE),
    "!": ('text that begins with "!" is a tag in YAML', _QUOTE),
}
"""Characters at which parsers stop, and what they mean in YAML."""

_UNKNOWN = (
    "the syntax is wrong",
    "check the quotes, brackets and indentation before this position",
)
"""For errors that none of the messages below describes."""

_UNCLOSED = "the list or mapping of line {line} is not closed, or a comma is missing"

_MESSAGES = (
    (r"found a tab character", _CHARACTER_MESSAGES["\t"]),
    (r"undefined alias|while scanning an alias", _CHARACTER_MESSAGES["*"]),
    (r"while scanning an anchor", _CHARACTER_MESSAGES["&"]),
    (r"while (?:scanning|parsing) a tag", _CHARACTER_MESSAGES["!"]),
    (
        r"mapping values are not allowed",
        ("a key cannot begin inside a value", "put the text in quotes, or fix the indentation"),
    ),
    (
        r"unknown escape|escape code|expected escape sequence|hexa?decimal",
        ("invalid escape sequence", "use single quotes, or write \\\\ for a backslash"),
    ),
    (
        r"unexpected end of stream.*quoted|quoted.*unexpected end of stream|document indicator",
        ("the quote of line {line} is not closed", "close it"),
    ),
    (r"expected ',' or '[\]}]'", (_UNCLOSED, "add the comma or bracket before this position")),
    (
        r"could not find expected ':'",
        ("this line is neither a key with a colon nor part of a value", 'write "key: value"'),
    ),
    (
        r"single document|expected <document start>",
        ("a second document begins here", "put it in a separate file"),
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
            "this line does not match the indentation above",
            "indent all entries of a mapping or list equally",
        ),
    ),
)


def format_syntax_error(error: yaml.YAMLError, text: str) -> tuple[Position, str, str]:
    """Where a text is not valid YAML, what is wrong there, and a suggestion.

    The parser's words are only searched: PyYAML and libyaml reword their messages from version to
    version, and an unknown one becomes ``_UNKNOWN``.
    """
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    context_mark: Any = getattr(error, "context_mark", None) or mark
    parts = (getattr(error, "problem", None), getattr(error, "context", None))
    reason = " ".join(part for part in parts if part)
    message, suggestion = _cause(reason, _character(text, position))
    is_colon = "mapping values are not allowed" in reason or _character(text, position) == ":"
    if is_colon and (key := _key_of_text(text, position[0])):
        message = 'the text contains ": ", which begins a key in YAML'
        suggestion = f"put it in quotes: {key}"
    first_line = position[0] if context_mark is None else context_mark.line + 1
    return position, f"not valid YAML: {message.format(line=first_line)}", suggestion


def _key_of_text(text: str, number: int) -> str:
    """A line ``text: Note: it ships`` with its text in quotes; empty for another line."""
    lines = text.splitlines()
    line = lines[number - 1] if number <= len(lines) else ""
    match = re.search(r"(?:^|[\s{,-])([\w$-]+): ([^'\"|>{}\[\],&*!%@`]*: [^#{}\[\],'\"]*)", line)
    return f'{match[1]}: "{match[2].strip()}"' if match else ""


def is_too_deep(error: yaml.YAMLError, text: str) -> bool:
    """Whether a parser gave up because of nested brackets.

    libyaml 0.2.6 (in PyYAML 6.0.4) stops at 1,000 levels, before it reports the first of them.
    """
    mark: Any = getattr(error, "problem_mark", None)
    parsed = text if mark is None else text[: mark.index]
    opened = parsed.count("[") + parsed.count("{")
    return opened - parsed.count("]") - parsed.count("}") > MAX_DEPTH


def _cause(reason: str, character: str) -> tuple[str, str]:
    if "cannot start any token" in reason and character in _CHARACTER_MESSAGES:
        return _CHARACTER_MESSAGES[character]
    for expression, words in _MESSAGES:
        if re.search(expression, reason, re.DOTALL | re.IGNORECASE):
            return words
    return _CHARACTER_MESSAGES.get(character, _UNKNOWN)


def _character(text: str, position: Position) -> str:
    lines = text.splitlines()
    line = lines[position[0] - 1] if position[0] <= len(lines) else ""
    return line[position[1] - 1 : position[1]]
