"""What the YAML parser found wrong, said for people."""

from __future__ import annotations

import re
from typing import Any

import yaml

from fakefal.scenario.files.source import Place

_QUOTE = "put the text in quotes"

_STARTS = {
    "\t": ("a tab stands where spaces are expected", "indent with spaces"),
    "@": ('plain text cannot begin with "@"', _QUOTE),
    "`": ('plain text cannot begin with "`"', _QUOTE),
    "%": ('plain text cannot begin with "%"', _QUOTE),
    "*": ('text that begins with "*" is an alias in YAML', f"{_QUOTE}, or define the alias"),
    "&": ('text that begins with "&" is an anchor in YAML', _QUOTE),
    "!": ('text that begins with "!" is a tag in YAML', _QUOTE),
}
"""Characters at which the parser stops, and what they are likely to be."""

_OPENED = "what is opened in line {line} is not closed, or lacks a comma"

_PROBLEMS = (
    (r"found a tab character", _STARTS["\t"]),
    (r"undefined alias|while scanning an alias", _STARTS["*"]),
    (r"while scanning an anchor", _STARTS["&"]),
    (r"while (?:scanning|parsing) a tag", _STARTS["!"]),
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
    (r"expected ',' or '[\]}]'", (_OPENED, "add the comma or the bracket before this place")),
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


def word_syntax(error: yaml.MarkedYAMLError, text: str) -> tuple[Place, str, str]:
    """Where a text is not YAML, what is wrong there, and what would be right."""
    mark: Any = error.problem_mark or error.context_mark
    if mark is None:
        return (1, 1), f"not valid YAML: {error.problem or error}", ""
    place = mark.line + 1, mark.column + 1
    begun: Any = error.context_mark or mark
    reason = f"{error.problem or ''} {error.context or ''}".strip()
    found = _cause(reason, _character(text, place))
    if found is None:
        return place, f"not valid YAML: {reason}", ""
    what, right = found
    return place, f"not valid YAML: {what.format(line=begun.line + 1)}", right


def _cause(reason: str, character: str) -> tuple[str, str] | None:
    if "cannot start any token" in reason and character in _STARTS:
        return _STARTS[character]
    for expression, words in _PROBLEMS:
        if re.search(expression, reason, re.DOTALL):
            return words
    return None


def _character(text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place[0] - 1] if place[0] <= len(lines) else ""
    return line[place[1] - 1 : place[1]]
