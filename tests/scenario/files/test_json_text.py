"""Reading JSON: data, positions, and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.errors import ScenarioError
from fakefal.scenario.files.json_text import read_json
from fakefal.scenario.files.source import MAX_NODES, Path
from tests.scenario.strategies import JSON


def problems(text: str) -> list[str]:
    try:
        return [str(problem) for problem in read_json(text, "s").problems]
    except ScenarioError as error:
        return [str(problem) for problem in error.problems]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """The path of every value in a value."""
    all_paths = [path]
    if isinstance(value, dict):
        all_paths += [inner for key in value for inner in paths(value[key], (*path, key))]
    if isinstance(value, list):
        all_paths += [inner for i, item in enumerate(value) for inner in paths(item, (*path, i))]
    return all_paths


@given(JSON, st.sampled_from([None, 2]), st.booleans())
def test_json_reads_as_python_reads_it(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    source = read_json(text, "s")
    assert source.data == value
    assert source.problems == []


@given(JSON, st.sampled_from([None, 1]))
def test_every_value_has_the_position_where_it_begins(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    source = read_json(text, "s")
    lines = text.split("\n")
    assert list(source.value_positions) == paths(value)
    for path, (line, column) in source.value_positions.items():
        inner = value
        for part in path:
            inner = inner[part]
        written = json.dumps(inner)
        start = written[0] if isinstance(inner, (dict, list)) else written
        assert lines[line - 1][column - 1 :].startswith(start)


def test_a_key_has_its_own_position() -> None:
    source = read_json('{\n  "a": {"b": [1, {"c": 2}]}\n}', "s")
    assert source.key_positions == {
        ("a",): (2, 3),
        ("a", "b"): (2, 9),
        ("a", "b", 1, "c"): (2, 19),
    }
    assert source.value_positions[("a", "b", 1, "c")] == (2, 24)


INVALID: list[tuple[str, list[str]]] = [
    ("", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
    (" \n", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
    (
        '{"a": 1,}',
        ["s:1:8: not valid JSON: there is a comma before the closing bracket — remove it"],
    ),
    (
        '{"a": [1,\n]}',
        ["s:1:9: not valid JSON: there is a comma before the closing bracket — remove it"],
    ),
    (
        "{a: 1}",
        ['s:1:2: not valid JSON: expected a key in double quotes — write "key": value'],
    ),
    (
        '{"a": }',
        ['s:1:7: not valid JSON: expected a value — put text in double quotes: "text"'],
    ),
    (
        '{"a": yes}',
        ['s:1:7: not valid JSON: expected a value — put text in double quotes: "text"'],
    ),
    (
        '{"a": 1\n "b": 2}',
        ["s:2:2: not valid JSON: expected a comma or a closing bracket — add it"],
    ),
    ('{"a" 1}', ["s:1:6: not valid JSON: expected a colon after the key — add it"]),
    (
        "{} {}",
        ["s:1:4: not valid JSON: there is text after the end of the value — remove it"],
    ),
    (
        '"a\nb"',
        [
            "s:1:3: not valid JSON: line break or control character in a string — "
            r"write \n or \t"
        ],
    ),
    (
        r'"\d"',
        [r"s:1:2: not valid JSON: invalid escape sequence — write \\ for a backslash"],
    ),
    ('{"a', ["s:1:2: not valid JSON: this quote is not closed — close it"]),
    (
        '{"a": 1, "b": {}, "a": 2, "a": 3}',
        [
            's:1:19: a: duplicate key "a" (first in line 1) — keep one of them',
            's:1:27: a: duplicate key "a" (first in line 1) — keep one of them',
        ],
    ),
    ("[NaN]", ["s:1:2: [0]: NaN is not a JSON number — quote it if it is text"]),
    ("-Infinity", ["s:1:1: -Infinity is not a JSON number — quote it if it is text"]),
    ("[1e999]", ["s:1:2: [0]: 1e999 is too large — quote it if it is text"]),
    ("9" * 5000, ["s:1:1: a number of 5000 digits is too long — quote it"]),
    (
        r'["\ud800"]',
        [
            "s:1:2: [0]: half a surrogate pair — write both halves, "
            r"as in \ud83d\ude00"
        ],
    ),
]


def test_what_is_not_json_is_reported_with_its_position() -> None:
    assert [(text[:40], problems(text)) for text, _ in INVALID] == [
        (text[:40], lines) for text, lines in INVALID
    ]


def test_words_of_another_version_of_json_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(text: str, **_: Any) -> Any:
        raise json.JSONDecodeError("Words of the future", text, 1)

    monkeypatch.setattr(json, "loads", loads)
    assert problems("{}") == [
        "s:1:2: not valid JSON: the syntax is wrong — check the quotes, commas and brackets before "
        "this position"
    ]


def test_an_invalid_value_becomes_null_so_that_the_rest_can_be_checked() -> None:
    text = '{"a": NaN, "b": 1e999, "c": ' + "9" * 5000 + ', "d": 1.5}'
    assert read_json(text, "s").data == {"a": None, "b": None, "c": None, "d": 1.5}


@pytest.mark.parametrize(
    "text", ["[" * 61 + "]" * 61, "[" * 100_000, '{"a":' * 100_000, '[{"a":' * 5000]
)
def test_too_deep_nesting_is_an_error(text: str) -> None:
    (problem,) = problems(text)
    assert "nested deeper than 60 levels" in problem


def test_sixty_levels_are_not_too_deep() -> None:
    assert problems("[" * 60 + "]" * 60) == []


def test_too_many_values_are_an_error() -> None:
    (problem,) = problems("[" + "1," * MAX_NODES + "1]")
    assert f"more than {MAX_NODES} values" in problem


@given(st.text('{}[]:,"\\ \n\t0123.eE-+truefalsnN\ud800', max_size=30))
def test_any_text_is_read_or_has_an_error(text: str) -> None:
    for line in problems(text):
        assert line.startswith("s:")
