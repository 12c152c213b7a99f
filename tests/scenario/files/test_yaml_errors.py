"""What the YAML parser finds wrong, said for people."""

from __future__ import annotations

import pytest
import yaml

from fakefal.scenario.files.yaml_errors import format_syntax_error

QUOTES = "put the text in quotes"
SYNTAX = [
    ("a: 1\n\tb: 2", (2, 1), "a tab stands where spaces are expected", "indent with spaces"),
    ("a:\n\t- b", (2, 1), "a tab stands where spaces are expected", "indent with spaces"),
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
        "a key cannot begin inside a value",
        f"{QUOTES}, or mend the indentation",
    ),
    (
        "a: 1\n  b: 2",
        (2, 4),
        "a key cannot begin inside a value",
        f"{QUOTES}, or mend the indentation",
    ),
    (
        'a: "\\d"',
        (1, 5),
        "this is not an escape",
        "use single quotes, or write \\\\ for a backslash",
    ),
    (
        'a: "\\u12"',
        (1, 7),
        "this is not an escape",
        "use single quotes, or write \\\\ for a backslash",
    ),
    ("a: 1\nb: 'c\n", (3, 1), "the quote that is opened in line 2 is never closed", "close it"),
    (
        "a: [1, 2\nb: 3\n",
        (2, 2),
        "what is opened in line 1 is not closed, or lacks a comma",
        "add the comma or the bracket before this place",
    ),
    (
        "a: {b: [1}\n",
        (1, 10),
        "what is opened in line 1 is not closed, or lacks a comma",
        "add the comma or the bracket before this place",
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
        "this line does not fit the indentation of those above",
        "give entries of one mapping or list the same indentation",
    ),
    (
        "a: 1\n---\nb: 2",
        (2, 1),
        "a second document begins here",
        "put it in a file of its own",
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


@pytest.mark.parametrize(("text", "place", "what", "right"), SYNTAX)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    text: str, place: tuple[int, int], what: str, right: str
) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.compose(text, Loader=yaml.CSafeLoader)
    assert format_syntax_error(caught.value, text) == (place, f"not valid YAML: {what}", right)


@pytest.mark.parametrize(
    ("text", "what", "right"),
    [(text, what, right) for text, _, what, right in SYNTAX if not text.startswith("%FOO")],
)
def test_the_parser_written_in_python_is_understood_too(text: str, what: str, right: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.compose(text, Loader=yaml.SafeLoader)
    _, found, hint = format_syntax_error(caught.value, text)
    assert (found, hint) == (f"not valid YAML: {what}", right)


def test_a_mistake_without_a_place_stands_at_the_beginning() -> None:
    error = yaml.MarkedYAMLError(problem="something is odd")
    assert format_syntax_error(error, "") == ((1, 1), "not valid YAML: something is odd", "")


def test_a_mistake_not_known_here_is_told_in_the_parsers_words() -> None:
    mark = yaml.Mark("s", 5, 1, 2, "abc", 0)
    error = yaml.MarkedYAMLError("while testing", None, "something is odd", mark)
    assert format_syntax_error(error, "a\nbcd") == (
        (2, 3),
        "not valid YAML: something is odd while testing",
        "",
    )
