"""Reading JSON: data, places, and what is refused."""

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


def told(text: str) -> list[str]:
    """All that is wrong with a text."""
    try:
        return [str(mistake) for mistake in read_json(text, "s").problems]
    except ScenarioError as error:
        return [str(mistake) for mistake in error.problems]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """The path of every value in a value."""
    found = [path]
    if isinstance(value, dict):
        found += [inner for key in value for inner in paths(value[key], (*path, key))]
    if isinstance(value, list):
        found += [inner for i, item in enumerate(value) for inner in paths(item, (*path, i))]
    return found


@given(JSON, st.sampled_from([None, 2]), st.booleans())
def test_json_reads_as_python_reads_it(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    source = read_json(text, "s")
    assert source.data == value
    assert source.problems == []


@given(JSON, st.sampled_from([None, 1]))
def test_every_value_has_the_place_at_which_it_begins(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    source = read_json(text, "s")
    lines = text.split("\n")
    assert list(source.value_positions) == paths(value)
    for path, (line, column) in source.value_positions.items():
        inner = value
        for part in path:
            inner = inner[part]
        whole = json.dumps(inner)
        begin = whole[0] if isinstance(inner, (dict, list)) else whole
        assert lines[line - 1][column - 1 :].startswith(begin)


def test_a_key_has_a_place_of_its_own() -> None:
    source = read_json('{\n  "a": {"b": [1, {"c": 2}]}\n}', "s")
    assert source.key_positions == {
        ("a",): (2, 3),
        ("a", "b"): (2, 9),
        ("a", "b", 1, "c"): (2, 19),
    }
    assert source.value_positions[("a", "b", 1, "c")] == (2, 24)


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
        (" \n", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
        (
            '{"a": 1,}',
            ["s:1:8: not valid JSON: a comma stands before the closing bracket — remove it"],
        ),
        (
            '{"a": [1,\n]}',
            ["s:1:9: not valid JSON: a comma stands before the closing bracket — remove it"],
        ),
        (
            "{a: 1}",
            ['s:1:2: not valid JSON: a key in double quotes is expected here — write "key": value'],
        ),
        (
            '{"a": }',
            [
                "s:1:7: not valid JSON: a value is expected here — text goes in double quotes: "
                '"text"'
            ],
        ),
        (
            '{"a": yes}',
            [
                "s:1:7: not valid JSON: a value is expected here — text goes in double quotes: "
                '"text"'
            ],
        ),
        (
            '{"a": 1\n "b": 2}',
            ["s:2:2: not valid JSON: a comma or a closing bracket is expected here — add it"],
        ),
        ('{"a" 1}', ["s:1:6: not valid JSON: a colon is expected after the key — add it"]),
        (
            "{} {}",
            ["s:1:4: not valid JSON: something stands after the end of the value — remove it"],
        ),
        (
            '"a\nb"',
            [
                "s:1:3: not valid JSON: a line break or control character stands in a string — "
                r"write \n or \t"
            ],
        ),
        (
            r'"\d"',
            [r"s:1:2: not valid JSON: this is not an escape — write \\ for a backslash"],
        ),
        ('{"a', ["s:1:2: not valid JSON: a quote that is opened here is never closed — close it"]),
        (
            '{"a": 1, "b": {}, "a": 2, "a": 3}',
            [
                's:1:19: a: "a" stands here twice (first in line 1) — keep one of them',
                's:1:27: a: "a" stands here twice (first in line 1) — keep one of them',
            ],
        ),
        ("[NaN]", ["s:1:2: [0]: NaN is not a JSON number — quote it if it is text"]),
        ("-Infinity", ["s:1:1: -Infinity is not a JSON number — quote it if it is text"]),
        ("[1e999]", ["s:1:2: [0]: 1e999 is too large a number — quote it if it is text"]),
        ("9" * 5000, ["s:1:1: a number of 5000 digits is too long — quote it"]),
        (
            r'["\ud800"]',
            [
                "s:1:2: [0]: half a character: a surrogate without its other half — write both, "
                r"as in \ud83d\ude00"
            ],
        ),
    ],
)
def test_what_is_not_json_is_told_with_its_place(text: str, mistakes: list[str]) -> None:
    assert told(text) == mistakes


def test_a_hole_is_null_so_that_the_rest_can_be_checked() -> None:
    text = '{"a": NaN, "b": 1e999, "c": ' + "9" * 5000 + ', "d": 1.5}'
    assert read_json(text, "s").data == {"a": None, "b": None, "c": None, "d": 1.5}


@pytest.mark.parametrize(
    "text", ["[" * 61 + "]" * 61, "[" * 100_000, '{"a":' * 100_000, '[{"a":' * 5000]
)
def test_too_deep_a_nesting_is_refused(text: str) -> None:
    (mistake,) = told(text)
    assert "nested deeper than 60 levels" in mistake


def test_sixty_levels_are_not_too_deep() -> None:
    assert told("[" * 60 + "]" * 60) == []


def test_too_many_values_are_refused() -> None:
    (mistake,) = told("[" + "1," * MAX_NODES + "1]")
    assert f"more than {MAX_NODES} values" in mistake


@given(st.text('{}[]:,"\\ \n\t0123.eE-+truefalsnN\ud800', max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for line in told(text):
        assert line.startswith("s:")
