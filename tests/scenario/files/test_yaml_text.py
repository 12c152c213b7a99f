"""Reading and writing YAML: data, places, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.errors import ScenarioError
from fakefal.scenario.files.yaml_text import read_yaml, write_yaml
from tests.scenario.strategies import JSON


def told(text: str) -> list[str]:
    """All that is wrong with a text."""
    try:
        return [str(mistake) for mistake in read_yaml(text, "s").problems]
    except ScenarioError as error:
        return [str(mistake) for mistake in error.problems]


@given(JSON)
def test_what_is_written_reads_as_the_same(value: Any) -> None:
    source = read_yaml(write_yaml({"value": value}), "s")
    assert source.data == {"value": value}
    assert source.problems == []


WORDS = st.text("0123456789.eE+-xoabtrueflsnN~<=yY:_ ", max_size=8)


@given(st.dictionaries(WORDS, WORDS))
def test_words_that_look_like_something_else_stay_words(value: dict[str, str]) -> None:
    assert read_yaml(write_yaml(value), "s").data == value


def test_the_same_value_twice_is_written_twice() -> None:
    shared = {"a": 1}
    assert write_yaml([shared, shared]) == "- a: 1\n- a: 1\n"


@pytest.mark.parametrize(
    ("word", "value"),
    [
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
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(word: str, value: object) -> None:
    found = read_yaml(f"a: {word}", "s").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_every_value_and_key_knows_its_place() -> None:
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


def test_an_alias_means_what_its_anchor_holds() -> None:
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
def test_a_merge_adds_what_is_not_there(text: str, value: Any) -> None:
    inner = text.replace("\n", "\n  ")
    assert read_yaml(f"a: &x {{n: 1, m: 2}}\nb:\n  {inner}", "s").data["b"] == value


def test_a_key_that_goes_before_a_merged_one_has_its_own_place() -> None:
    source = read_yaml("a: &x {n: 1}\nb:\n  <<: *x\n  n: 2\n", "s")
    assert source.data["b"] == {"n": 2}
    assert (source.key_positions[("b", "n")], source.value_positions[("b", "n")]) == (
        (4, 3),
        (4, 6),
    )


BOMB = "a0: &a0 x\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
        ("# only a remark\n", ['s:1:1: the file is empty — a scenario begins with "fakefal: 1"']),
        (
            "a: 1\nb: 2\na: 3",
            ['s:3:1: a: "a" stands here twice (first in line 1) — keep one of them'],
        ),
        ("a: .nan", ["s:1:4: a: .nan is not a JSON number — quote it if it is text"]),
        ("a: -.inf", ["s:1:4: a: -.inf is not a JSON number — quote it if it is text"]),
        ("a: 1e999", ["s:1:4: a: 1e999 is not a JSON number — quote it if it is text"]),
        (
            "a: " + "9" * 5000,
            ["s:1:4: a: 99999999999999999999… is not a number that fits — quote it if it is text"],
        ),
        ("a: !!int x", ["s:1:4: a: x is not a number that fits — quote it if it is text"]),
        ("a: !env HOME", ["s:1:4: a: the tag !env means nothing here — remove it"]),
        ("a: !x [1]", ["s:1:4: a: the tag !x means nothing here — remove it"]),
        ("a: !!set {b}", ["s:1:4: a: the tag !!set means nothing here — remove it"]),
        ("a: !!binary aGk=", ["s:1:4: a: the tag !!binary means nothing here — remove it"]),
        (
            "a: !!python/object/apply:os.system [ls]",
            ["s:1:4: a: the tag !!python/object/apply:os.system means nothing here — remove it"],
        ),
        (
            "a: {{ input.prompt }}",
            [
                "s:1:5: a: a mapping stands where a key is expected — write a word; a template "
                'goes in quotes: "{{ input.prompt }}"'
            ],
        ),
        (
            "? [a]\n: 1",
            [
                "s:1:3: a list stands where a key is expected — write a word; a template goes in "
                'quotes: "{{ input.prompt }}"'
            ],
        ),
        (
            "a: &x [*x]",
            [
                "s:1:4: a[0]: an alias for something that it is itself a part of — write the "
                "value out"
            ],
        ),
        ("<<: 5", ["s:1:5: << merges something that is not a mapping — remove it"]),
        ("a: b\x07", ["s:1:5: the character U+0007 cannot stand in YAML — remove it"]),
        ("a:\n b\ud800", ["s:2:3: the character U+D800 cannot stand in YAML — remove it"]),
        (
            BOMB,
            [
                "s:1:5: more than 200000 values, aliases counted — write fewer aliases, or split "
                "the file"
            ],
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_plain_data_is_told_with_its_place(text: str, mistakes: list[str]) -> None:
    assert told(text) == mistakes


def test_a_hole_is_null_so_that_the_rest_can_be_checked() -> None:
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
def test_too_deep_a_nesting_is_refused(text: str) -> None:
    (mistake,) = told(text)
    assert "nested deeper than 60 levels" in mistake


def test_sixty_levels_are_not_too_deep() -> None:
    assert told("[" * 60 + "]" * 60) == []


@given(st.text("{}[]:,\"'\\ \n\t-?&*!|>%@`#01.eax<~\x00\ud800", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for line in told(text):
        assert line.startswith("s:")
