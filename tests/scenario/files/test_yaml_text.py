"""Reading and writing YAML: data, positions, and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.errors import ScenarioError
from fakefal.scenario.files.yaml_text import read_yaml, write_yaml
from tests.scenario.strategies import JSON


def problems(text: str) -> list[str]:
    try:
        return [str(problem) for problem in read_yaml(text, "s").problems]
    except ScenarioError as error:
        return [str(problem) for problem in error.problems]


@given(JSON)
def test_written_data_is_read_unchanged(value: Any) -> None:
    source = read_yaml(write_yaml({"value": value}), "s")
    assert source.data == {"value": value}
    assert source.problems == []


WORDS = st.text("0123456789.eE+-xoabtrueflsnN~<=yY:_ ", max_size=8)


@given(st.dictionaries(WORDS, WORDS))
def test_words_that_look_like_other_values_stay_words(value: dict[str, str]) -> None:
    assert read_yaml(write_yaml(value), "s").data == value


def test_the_same_value_twice_is_written_twice() -> None:
    shared = {"a": 1}
    assert write_yaml([shared, shared]) == "- a: 1\n- a: 1\n"


def test_unquoted_words_follow_yaml_1_2() -> None:
    table: list[tuple[str, object]] = [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("5", 5),
        ("+5", 5),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("0b1", "0b1"),
        ("=", "="),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("|\n  5\n", "5\n"),
    ]
    read = [(word, read_yaml(f"a: {word}", "s").data["a"]) for word, _ in table]
    assert [(word, repr(value)) for word, value in read] == [
        (word, repr(value)) for word, value in table
    ]


def test_every_value_and_key_has_its_position() -> None:
    source = read_yaml("a: 1\nb:\n  - c: x\n  -  [y]\n", "s")
    assert source.data == {"a": 1, "b": [{"c": "x"}, ["y"]]}
    assert source.value_positions == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
        ("b", 0, "c"): (3, 8),
        ("b", 1): (4, 6),
        ("b", 1, 0): (4, 7),
    }
    assert source.key_positions == {("a",): (1, 1), ("b",): (2, 1), ("b", 0, "c"): (3, 5)}


def test_an_alias_has_the_value_of_its_anchor() -> None:
    assert read_yaml("a: &x {n: 1}\nb: *x\n", "s").data == {"a": {"n": 1}, "b": {"n": 1}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<: *x\nm: 3", {"n": 1, "m": 3}),
        ("m: 3\n<<: *x", {"n": 1, "m": 3}),
        ("<<: [{m: 9, k: 8}, *x]", {"n": 1, "m": 9, "k": 8}),
        ('"<<": 5', {"<<": 5}),
    ],
)
def test_a_merge_adds_missing_keys(text: str, value: Any) -> None:
    inner = text.replace("\n", "\n  ")
    assert read_yaml(f"a: &x {{n: 1, m: 2}}\nb:\n  {inner}", "s").data["b"] == value


def test_a_key_that_overrides_a_merged_one_has_its_own_position() -> None:
    source = read_yaml("a: &x {n: 1}\nb:\n  <<: *x\n  n: 2\n", "s")
    assert source.data["b"] == {"n": 2}
    assert (source.key_positions[("b", "n")], source.value_positions[("b", "n")]) == (
        (4, 3),
        (4, 6),
    )


BOMB = "a0: &a0 x\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


INVALID: list[tuple[str, list[str]]] = [
    ("", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
    ("# only a remark\n", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
    (
        "a: 1\nb: 2\na: 3",
        ['s:3:1: a: duplicate key "a" (first in line 1) — keep one of them'],
    ),
    ("a: .nan", ["s:1:4: a: .nan is not a JSON number — quote it if it is text"]),
    ("a: -.inf", ["s:1:4: a: -.inf is not a JSON number — quote it if it is text"]),
    ("a: 1e999", ["s:1:4: a: 1e999 is not a JSON number — quote it if it is text"]),
    (
        "a: " + "9" * 5000,
        ["s:1:4: a: 99999999999999999999… is not a valid number — quote it if it is text"],
    ),
    ("a: !!int x", ["s:1:4: a: x is not a valid number — quote it if it is text"]),
    ("a: !env HOME", ["s:1:4: a: the tag !env is not supported — remove it"]),
    ("a: !x [1]", ["s:1:4: a: the tag !x is not supported — remove it"]),
    ("a: !!set {b}", ["s:1:4: a: the tag !!set is not supported — remove it"]),
    ("a: !!binary aGk=", ["s:1:4: a: the tag !!binary is not supported — remove it"]),
    (
        "a: !!python/object/apply:os.system [ls]",
        ["s:1:4: a: the tag !!python/object/apply:os.system is not supported — remove it"],
    ),
    (
        "a: {{ input.prompt }}",
        [
            "s:1:5: a: expected a key, got a mapping — write a word; put templates in quotes: "
            '"{{ input.prompt }}"'
        ],
    ),
    (
        "? [a]\n: 1",
        [
            "s:1:3: expected a key, got a list — write a word; put templates in quotes: "
            '"{{ input.prompt }}"'
        ],
    ),
    (
        "a: &x [*x]",
        ["s:1:4: a[0]: an alias of a value that contains the alias — write the value out"],
    ),
    ("<<: 5", ["s:1:5: << requires a mapping — remove it"]),
    ("a: b\x07", ["s:1:5: the character U+0007 is not allowed in YAML — remove it"]),
    ("a:\n b\ud800", ["s:2:3: the character U+D800 is not allowed in YAML — remove it"]),
    (
        BOMB,
        [
            "s:1:5: more than 200000 values, aliases counted — write fewer aliases, or split "
            "the file"
        ],
    ),
]


def test_invalid_data_is_reported_with_its_position() -> None:
    assert [(text[:40], problems(text)) for text, _ in INVALID] == [
        (text[:40], lines) for text, lines in INVALID
    ]


def test_an_invalid_value_becomes_null_so_that_the_rest_can_be_checked() -> None:
    assert read_yaml("a: .nan\nb: !x 1\nc: 2", "s").data == {"a": None, "b": "1", "c": 2}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 61 + "]" * 61,
        "[" * 100_000,
        "{" * 100_000,
        "- " * 100_000,
        '{"a":' * 100_000,
        "a: &a [" + "[" * 40 + "]" * 41 + "\nb: " + "[" * 30 + "*a" + "]" * 30,
    ],
    ids=lambda text: text[:10],
)
def test_too_deep_nesting_is_an_error(text: str) -> None:
    (problem,) = problems(text)
    assert "nested deeper than 60 levels" in problem


def test_sixty_levels_are_not_too_deep() -> None:
    assert problems("[" * 60 + "]" * 60) == []


@given(st.text("{}[]:,\"'\\ \n\t-?&*!|>%@`#01.eax<~\x00\ud800", max_size=40))
def test_any_text_is_read_or_has_an_error(text: str) -> None:
    for line in problems(text):
        assert line.startswith("s:")
