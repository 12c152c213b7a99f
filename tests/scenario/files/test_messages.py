"""Validation errors of a scenario as users read them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fakefal.scenario.files.messages import format_error, nearest, show
from fakefal.scenario.files.source import Source
from fakefal.scenario.model.scenario import Scenario
from tests.scenario.strategies import JSON


def validation_lines(data: Any) -> list[str]:
    source = Source("s", data)
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    return [
        str(format_error(source, details)) for details in caught.value.errors(include_url=False)
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("soon", '"soon"'),
        ("a\nb", r'"a\nb"'),
        (5, "5"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
    ],
)
def test_a_value_is_shown_as_in_a_file(value: Any, text: str) -> None:
    assert show(value) == text


def test_a_number_too_long_to_show_is_not_shown() -> None:
    assert show(10**5000) == "a value too large to show (int)"


@given(JSON | st.text(min_size=50))
def test_a_value_is_shown_on_one_short_line(value: Any) -> None:
    shown = show(value)
    assert len(shown) <= 60
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("endpont", 'did you mean "endpoint"?'),
        ("INPUT", 'did you mean "input"?'),
        ("zzz", "one of endpoint, via, input"),
    ],
)
def test_the_nearest_word_is_suggested_or_all_of_them(word: str, text: str) -> None:
    assert nearest(word, ["endpoint", "via", "input"]) == text


def test_of_many_words_sixteen_are_shown() -> None:
    words = [f"word{number}" for number in range(17)]
    assert nearest("zzz", words) == f"one of {', '.join(words[:16])}, …"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({}, 's: "fakefal" is missing — the first line of a scenario is fakefal: 1'),
        (
            {"fakefal": 3},
            "s: fakefal: version 3 of the format is newer than this fakefal — update fakefal, or "
            "write fakefal: 1",
        ),
        (
            {"fakefal": 1, "exchanges": [{"endpoint": "a/b"}]},
            's: exchanges[0].endpoint: unknown key "endpoint" — write it under when',
        ),
        (
            {"fakefal": 1, "exchanges": [{"reply": {"timeline": [{"polls": 1}]}}]},
            's: exchanges[0].reply.timeline[0].polls: unknown key "polls" — write it under '
            "IN_QUEUE",
        ),
        (
            {"fakefal": 1, "exchanges": [{"reply": {"fail": {"name": "x"}}}]},
            's: exchanges[0].reply.fail.name: unknown key "name" — one of type, loc, msg, '
            "ctx, input, url, error_type, detail, status, body, headers",
        ),
        (
            {"fakefal": 1, "exchanges": [{"reply": {"timeline": ["COMPLETED"]}}]},
            's: exchanges[0].reply.timeline[0]: unknown value "COMPLETED" — leave it out: it '
            "follows the last step",
        ),
        (
            {"fakefal": 1, "seed": "7"},
            's: seed: expected a whole number, got "7" — remove the quotes',
        ),
        (
            {"fakefal": 1, "options": {"validate": "true"}},
            's: options.validate: expected true or false, got "true" — remove the quotes',
        ),
        (
            {"fakefal": 1, "exchanges": [{"when": {"via": "Run"}}]},
            's: exchanges[0].when.via: unknown value "Run" — did you mean "run"?',
        ),
    ],
)
def test_a_line_has_the_path_the_problem_and_a_suggestion(data: Any, line: str) -> None:
    assert validation_lines(data) == [line]


@pytest.mark.parametrize("key", ["spec", "map", "name", "word"])
def test_a_key_named_like_a_form_of_the_value_keeps_its_path(key: str) -> None:
    (line,) = validation_lines({"fakefal": 1, "exchanges": [{"reply": {"fail": {key: 1}}}]})
    assert line.startswith(f's: exchanges[0].reply.fail.{key}: unknown key "{key}" — ')


@given(JSON, st.sampled_from(["name", "seed", "options", "exchanges", "reply", "when", "stream"]))
def test_every_error_of_pydantic_has_a_line(value: Any, name: str) -> None:
    inner = {name: value, "fail": value, "timeline": [value], "headers": value, "nope": value}
    exchange = {"reply": inner, "replies": value, "times": value, "then": value, "id": value}
    lines = validation_lines({name: value, "exchanges": [exchange, value], "nope": 1})
    assert any(line.startswith('s: nope: unknown key "nope" — one of ') for line in lines)
    assert all(line.startswith("s: ") and "\n" not in line for line in lines)
