from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from fakefal.recorder.distil.literals import expression, literal
from fakefal.scenario.media.assets import references_in
from fakefal.scenario.templates.templates import compile_value
from tests.recorder.distil.test_distil import JSONS


@settings(max_examples=200)
@given(JSONS)
def test_anything_renders_as_itself(value: Any) -> None:
    escaped = literal(value)
    assert [*references_in(escaped)] == []
    rendered = compile_value(escaped).render({})
    assert (rendered, str(rendered)) == (value, str(value))


@pytest.mark.parametrize(
    "value",
    [
        {"file": "a"},
        {"file": {"file": ""}},
        {"file": "{{ a }}", "x": [None, True, 1, {"{{": "}}"}]},
    ],
)
def test_values_that_look_like_file_references_are_escaped(value: Any) -> None:
    assert compile_value(literal(value)).render({}) == value


def test_the_url_of_a_stored_file_becomes_a_reference() -> None:
    url = "https://v3b.fal.media/files/b/0/x.png"
    escaped = literal({"images": [{"url": f"{url}?identity=1"}]}, {url: "a.files/0.png"})
    assert escaped == {"images": [{"url": {"file": "a.files/0.png", "as": "url"}}]}


def test_text_with_braces_is_an_expression() -> None:
    assert literal("plain") == "plain"
    assert literal("{{ x }}") == expression("{{ x }}") == '{{ "{{ x }}" }}'
