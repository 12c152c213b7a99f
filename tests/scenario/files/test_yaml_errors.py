"""YAML syntax errors in our words, whatever the parser says."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fakefal.scenario.files.yaml_errors import format_syntax_error, is_too_deep

PYYAML_VERSIONS = ("6.0.1", "6.0.2", "6.0.3", "6.0.4")
"""The versions whose messages are known; of later ones the texts are not compared."""

QUOTES = "put the text in quotes"
SYNTAX = [
    ("a: 1\n\tb: 2", (2, 1), "a tab is used for indentation", "indent with spaces"),
    ("a:\n\t- b", (2, 1), "a tab is used for indentation", "indent with spaces"),
    ("a: @b", (1, 4), 'plain text cannot begin with "@"', QUOTES),
    ("a: `b", (1, 4), 'plain text cannot begin with "`"', QUOTES),
    ("a: %b", (1, 4), 'plain text cannot begin with "%"', QUOTES),
    (
        "a: *b",
        (1, 4),
        'text that begins with "*" is an alias in YAML',
        f"{QUOTES}, or define the alias",
    ),
    (
        "endpoint: */any-llm",
        (1, 12),
        'text that begins with "*" is an alias in YAML',
        f"{QUOTES}, or define the alias",
    ),
    ("a: & b", (1, 5), 'text that begins with "&" is an anchor in YAML', QUOTES),
    ("a: !<b c", (1, 7), 'text that begins with "!" is a tag in YAML', QUOTES),
    (
        "a: b: c",
        (1, 5),
        'the text contains ": ", which begins a key in YAML',
        'put it in quotes: a: "b: c"',
    ),
    (
        "a: 1\n  b: 2",
        (2, 4),
        "a key cannot begin inside a value",
        f"{QUOTES}, or fix the indentation",
    ),
    (
        'a: "\\d"',
        (1, 5),
        "invalid escape sequence",
        "use single quotes, or write \\\\ for a backslash",
    ),
    (
        'a: "\\u12"',
        (1, 7),
        "invalid escape sequence",
        "use single quotes, or write \\\\ for a backslash",
    ),
    ("a: 1\nb: 'c\n", (3, 1), "the quote of line 2 is not closed", "close it"),
    (
        "a: [1, 2\nb: 3\n",
        (2, 2),
        "the list or mapping of line 1 is not closed, or a comma is missing",
        "add the comma or bracket before this position",
    ),
    (
        "a: {b: [1}\n",
        (1, 10),
        "the list or mapping of line 1 is not closed, or a comma is missing",
        "add the comma or bracket before this position",
    ),
    (
        "a: 1\nb\nc: 2",
        (3, 1),
        "this line is neither a key with a colon nor part of a value",
        'write "key: value"',
    ),
    (
        "a:\n  - 1\n - 2",
        (3, 2),
        "this line does not match the indentation above",
        "indent all entries of a mapping or list equally",
    ),
    (
        "a: 1\n---\nb: 2",
        (2, 1),
        "a second document begins here",
        "put it in a separate file",
    ),
    (
        "%FOO\n---\na: 1",
        (1, 5),
        'a line that begins with "%" is a directive in YAML',
        "remove it, or use quotes",
    ),
    (
        "a: |b\n",
        (1, 5),
        "the text after | or > does not begin on a line of its own",
        "begin a new line",
    ),
    ("a: - b", (1, 4), "a value cannot begin like this", f"begin a new line, or {QUOTES}"),
    ("a: ]", (1, 4), "a value cannot begin like this", f"begin a new line, or {QUOTES}"),
]


OURS = {f"not valid YAML: {message}" for _, _, message, _ in SYNTAX}
UNKNOWN = (
    "not valid YAML: the syntax is wrong",
    "check the quotes, brackets and indentation before this position",
)


def parse(text: str, loader: Any) -> tuple[tuple[int, int], str, str]:
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.compose(text, Loader=loader)
    return format_syntax_error(caught.value, text)


def test_an_error_has_its_position_our_words_and_a_suggestion() -> None:
    actual = [parse(text, yaml.CSafeLoader) for text, _, _, _ in SYNTAX]
    if yaml.__version__ in PYYAML_VERSIONS:
        assert actual == [
            (position, f"not valid YAML: {message}", suggestion)
            for _, position, message, suggestion in SYNTAX
        ]
    else:
        assert [message for _, message, _ in actual if message not in OURS | {UNKNOWN[0]}] == []


def test_the_parser_written_in_python_is_understood_too() -> None:
    rows = [row for row in SYNTAX if not row[0].startswith("%FOO")]
    actual = [parse(text, yaml.SafeLoader)[1:] for text, _, _, _ in rows]
    if yaml.__version__ in PYYAML_VERSIONS:
        assert actual == [(f"not valid YAML: {row[2]}", row[3]) for row in rows]
    else:
        assert [message for message, _ in actual if message not in OURS | {UNKNOWN[0]}] == []


TAB = "a tab is used for indentation"
INDENTATION = "this line does not match the indentation above"
UNCLOSED = "the list or mapping of line 1 is not closed, or a comma is missing"
QUOTE = "the quote of line 1 is not closed"
TOKEN = "this line is neither a key with a colon nor part of a value"
VALUE = "a value cannot begin like this"
ESCAPE = "invalid escape sequence"

MESSAGES = [
    ("found character that cannot start any token", "while scanning for the next token", "\t", TAB),
    ("found character '\\t' that cannot start any token", None, "\t", TAB),
    ("found a tab character that violates indentation", "while scanning a plain scalar", "x", TAB),
    ("a character that starts no token", None, "@", 'plain text cannot begin with "@"'),
    ("found character '`' that cannot start any token", None, "`", "plain text cannot begin"),
    (
        "did not find expected alphabetic or numeric character",
        "while scanning an alias",
        "x",
        "text",
    ),
    (
        "expected alphabetic or numeric character, but found '/'",
        "while scanning an alias",
        "",
        "te",
    ),
    ("found undefined alias", None, "*", 'text that begins with "*" is an alias in YAML'),
    ("found undefined alias 'b'", None, "*", 'text that begins with "*" is an alias in YAML'),
    ("did not find expected key", "while parsing a block mapping", "x", INDENTATION),
    ("expected <block end>, but found '-'", "while parsing a block mapping", "-", INDENTATION),
    ("did not find expected '-' indicator", "while parsing a block collection", "x", INDENTATION),
    ("did not find expected ',' or ']'", "while parsing a flow sequence", "x", UNCLOSED),
    ("expected ',' or '}', but got ':'", "while parsing a flow mapping", ":", UNCLOSED),
    ("found unexpected end of stream", "while scanning a quoted scalar", "", QUOTE),
    ("found unexpected document indicator", "while scanning a quoted scalar", "-", QUOTE),
    ("could not find expected ':'", "while scanning a simple key", "x", TOKEN),
    ("Could not find expected ':'", "while scanning a simple key", "x", TOKEN),
    ("block sequence entries are not allowed in this context", None, "-", VALUE),
    ("sequence entries are not allowed here", None, "-", VALUE),
    ("did not find expected node content", "while parsing a flow node", "]", VALUE),
    ("expected the node content, but found '<stream end>'", "while parsing a node", "", VALUE),
    ("found unknown escape character", "while parsing a quoted scalar", "d", ESCAPE),
    ("found unknown escape character 'd'", "while scanning a double-quoted scalar", "d", ESCAPE),
    ("did not find expected hexdecimal number", "while parsing a quoted scalar", "x", ESCAPE),
    ("words that no version has used yet", "while doing something", "x", "the syntax is wrong"),
]
"""Messages of PyYAML's two parsers (libyaml 0.2.5 and 0.2.6, and its own), and invented ones."""


def test_messages_of_other_versions_have_the_same_words() -> None:
    wrong = []
    for problem, context, character, message in MESSAGES:
        mark = yaml.Mark("s", 0, 0, 0, character, 0)
        error = yaml.MarkedYAMLError(context, mark if context else None, problem, mark)
        position, actual, suggestion = format_syntax_error(error, character)
        is_right = actual.startswith(f"not valid YAML: {message}") and suggestion
        if position != (1, 1) or not is_right:
            wrong.append((problem, actual))
    assert wrong == []


def test_an_error_without_a_position_is_at_the_beginning() -> None:
    error = yaml.MarkedYAMLError(problem="something is odd")
    assert format_syntax_error(error, "") == ((1, 1), *UNKNOWN)
    assert format_syntax_error(yaml.YAMLError("something is odd"), "") == ((1, 1), *UNKNOWN)


def test_an_unknown_error_does_not_show_the_words_of_the_parser() -> None:
    mark = yaml.Mark("s", 5, 1, 2, "abc", 0)
    error = yaml.MarkedYAMLError("while testing", None, "something is odd", mark)
    assert format_syntax_error(error, "a\nbcd") == ((2, 3), *UNKNOWN)


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("[" * 2000, 1000, True),
        ('{"a":' * 2000, 5000, True),
        ("[" * 9, 9, False),
        ("[]" * 99, 198, False),
    ],
)
def test_a_parser_that_gives_up_at_nested_brackets_is_recognised(
    text: str, index: int, expected: bool
) -> None:
    mark = yaml.Mark("s", index, 0, index, text, index)
    error = yaml.MarkedYAMLError("while increasing flow level", None, "words of any kind", mark)
    assert is_too_deep(error, text) is expected
