"""Checks of patterns, templates, ids and timelines, also in files that are invalid otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from fakefal.scenario.files.checks.general import check_semantics
from fakefal.scenario.files.source import Source
from tests.scenario.file_strategies import FILES
from tests.scenario.strategies import JSON, Data


def problems(data: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in check_semantics(Source("s", data))]


def in_reply(**reply: Any) -> Data:
    return {"exchanges": [{"reply": reply}]}


@given(FILES)
def test_a_valid_file_has_no_problems(data: Data) -> None:
    assert problems(data) == []


@given(JSON)
def test_a_file_of_any_shape_can_be_checked(value: Any) -> None:
    names = ("id", "when", "reply", "replies", "stream", "timeline", "exchanges")
    wrapped: Any = dict.fromkeys(names, value)
    reply = {"reply": {**wrapped, "stream": wrapped}, "replies": [value, wrapped]}
    problems({"exchanges": [{**wrapped, **reply, "when": {"endpoint": value, "headers": value}}]})
    problems({"exchanges": value})
    assert problems(value) == []


@pytest.mark.parametrize("place", [{"reply": {}}, {"replies": [{}]}])
def test_templates_are_checked_in_every_field_that_may_have_them(place: Data) -> None:
    wrong = "{{ nope }}"
    reply = {
        "text": wrong,
        "reasoning": wrong,
        "error": wrong,
        "output": [wrong],
        "fail": {"msg": wrong},
        "headers": {"x": wrong},
        "stream": {"events": [wrong]},
    }
    filled = {"reply": reply} if "reply" in place else {"replies": [reply]}
    base = "exchanges[0]." + ("reply" if "reply" in place else "replies[0]")
    ends = ("text", "reasoning", "error", "output[0]", "fail.msg", "headers.x", "stream.events[0]")
    assert [path for path, _ in problems({"exchanges": [filled]})] == [
        f"{base}.{end}" for end in ends
    ]


def test_a_template_in_another_field_is_literal_text() -> None:
    assert problems(in_reply(stream={"chunks": ["{{ nope }}"]}, inference_time="{{ x }}")) == []


def test_every_repeated_id_is_reported() -> None:
    ids = ["a", "b", "a", "a", None, None, 5, 5]
    assert problems({"exchanges": [{"id": name} for name in ids]}) == [
        ("exchanges[2].id", 'the id "a" is already used (line 0)'),
        ("exchanges[3].id", 'the id "a" is already used (line 0)'),
    ]


def test_every_pattern_of_a_when_is_checked() -> None:
    when = {
        "endpoint": "x",
        "input": {"a": {"$x": 1}},
        "headers": {"b": {"$regex": "("}, "c": {"$gt": ""}},
    }
    assert [path for path, _ in problems({"exchanges": [{"when": when}]})] == [
        "exchanges[0].when.endpoint",
        "exchanges[0].when.input.a.$x",
        "exchanges[0].when.headers.b.$regex",
        "exchanges[0].when.headers.c.$gt",
    ]


@pytest.mark.parametrize(
    ("text", "chunks", "message"),
    [
        ("ab", ["a", "b"], None),
        ("", [], None),
        ("ab", ["a"], "the joined chunks differ from text"),
        ("{{ input }}", ["{{ input }}"], "chunks cannot be used with a text that has a template"),
        ("ab", ["a", 5], None),
        ("ab", "ab", None),
        (5, ["a"], None),
    ],
)
def test_chunks_beside_a_text_must_be_the_text(text: Any, chunks: Any, message: str | None) -> None:
    expected = [] if message is None else [("exchanges[0].reply.stream.chunks", message)]
    assert problems(in_reply(text=text, stream={"chunks": chunks})) == expected


@pytest.mark.parametrize(
    ("timeline", "paths"),
    [
        ([{"IN_QUEUE": {"forever": True}}], []),
        ([{"IN_QUEUE": {"forever": False, "polls": 1}}, "IN_PROGRESS"], []),
        ([{"IN_QUEUE": {"forever": True}}, "IN_PROGRESS", "IN_PROGRESS"], ["[1]"]),
        ([{"IN_QUEUE": {"forever": True, "for": "1s"}}], ["[0].IN_QUEUE.for"]),
    ],
)
def test_settings_that_forever_makes_useless_are_reported(
    timeline: list[Any], paths: list[str]
) -> None:
    expected = [f"exchanges[0].reply.timeline{path}" for path in paths]
    assert [path for path, _ in problems(in_reply(timeline=timeline))] == expected
