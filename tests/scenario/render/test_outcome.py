"""How calls end under a plan, and the events of their streams."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Call
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.compiled.reply import GENERATED, CompiledReply, Pacing, RenderedOutcome
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.outcome import (
    render_outcome,
    split_text,
    stream_events,
    template_variables,
)
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.generated_text import reasoning_for_call, text_for_call
from tests.scenario.strategies import call

SWITCHES = CompatFlags()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    " \n\tab", max_size=9
)
ASKING = call({"prompt": "hi", "reasoning": True})
PLAIN = call({"prompt": "hi"})
BARE = call({"prompt": "hi"}, "fal-ai/flux")


def plan(**reply: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate(reply))


def ending(under: CompiledReply, to: Call = PLAIN, count: int = 1) -> RenderedOutcome:
    return render_outcome(under, to, "019e", count, 7, SWITCHES)


def events(under: CompiledReply, to: Call = PLAIN) -> list[Any]:
    variables = template_variables(to, "019e", 1, 7)
    return list(stream_events(under, ending(under, to), variables, SWITCHES))


PACINGS = st.sampled_from(
    [Pacing(), Pacing("char"), Pacing("line"), Pacing(count=1), Pacing(count=3), Pacing(count=40)]
)


@given(TEXT, PACINGS)
def test_the_pieces_of_a_text_joined_are_the_text(text: str, pacing: Pacing) -> None:
    pieces = split_text(text, pacing)
    assert "".join(pieces) == text
    assert pieces


@given(st.lists(TEXT, max_size=5))
def test_chunks_are_the_pieces_as_listed(chunks: list[str]) -> None:
    pieces = split_text("".join(chunks), Pacing(chunks=tuple(chunks)))
    assert pieces == (chunks or [""])


@pytest.mark.parametrize(
    ("text", "pacing", "pieces"),
    [
        ("Ship it now.\n", Pacing(), ["Ship", " it", " now.\n"]),
        ("  a  b", Pacing(), ["  a", "  b"]),
        (" \n", Pacing(), [" \n"]),
        ("", Pacing(), [""]),
        ("ab", Pacing("char"), ["a", "b"]),
        ("", Pacing("char"), [""]),
        ("a\n\nb", Pacing("line"), ["a\n", "\n", "b"]),
        ("", Pacing("line"), [""]),
        ("abcdefg", Pacing(count=3), ["abc", "de", "fg"]),
        ("a", Pacing(count=3), ["a", "", ""]),
    ],
)
def test_a_text_is_cut_by_word_char_line_or_count(
    text: str, pacing: Pacing, pieces: list[str]
) -> None:
    assert split_text(text, pacing) == pieces


@given(TEXT, st.sampled_from(["word", "char", "line"]), st.booleans())
def test_a_stream_is_cumulative_and_ends_with_the_whole_once_more(
    text: str, by: str, asks: bool
) -> None:
    text = text.replace("{", "")
    found = events(
        plan(text=text, reasoning="Hm, so.", stream={"by": by}), ASKING if asks else PLAIN
    )
    outputs = [event["output"] for event in found]
    assert all(later.startswith(earlier) for earlier, later in pairwise(outputs))
    assert [event["partial"] for event in found] == [True] * (len(found) - 1) + [False]
    assert outputs[-2:] == [text, text]
    assert found[-1]["reasoning"] == ("Hm, so." if asks else None)


def test_a_stream_of_any_llm_is_that_of_appendix_b() -> None:
    assert [encode(event) for event in events(plan(text="Ship it."))] == [
        b'{"output":"Ship","reasoning":null,"partial":true,"error":null}',
        b'{"output":"Ship it.","reasoning":null,"partial":true,"error":null}',
        b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}',
    ]


def test_reasoning_grows_before_the_output() -> None:
    found = events(plan(text="Ship it.", reasoning="Short wins."), ASKING)
    assert [(event["output"], event["reasoning"]) for event in found] == [
        ("", "Short"),
        ("", "Short wins."),
        ("Ship", "Short wins."),
        ("Ship it.", "Short wins."),
        ("Ship it.", "Short wins."),
    ]


def test_chunks_cut_the_text_and_leave_reasoning_whole() -> None:
    found = events(plan(reasoning="So it is.", stream={"chunks": ["Sh", "ip"]}), ASKING)
    assert [(event["output"], event["reasoning"]) for event in found] == [
        ("", "So it is."),
        ("Sh", "So it is."),
        ("Ship", "So it is."),
        ("Ship", "So it is."),
    ]


def test_braces_in_chunks_are_plain_text() -> None:
    found = events(plan(stream={"chunks": ["{{", " x }}"]}))
    assert [event["output"] for event in found] == ["{{", "{{ x }}", "{{ x }}"]


def test_listed_events_come_as_they_are() -> None:
    listed = [{"n": 1}, {"n": "{{ input.prompt }}"}]
    assert events(plan(stream={"events": listed})) == [{"n": 1}, {"n": "hi"}]


def test_listed_events_are_followed_by_the_output_if_there_is_one() -> None:
    assert events(plan(output={"done": True}, stream={"events": [{"n": 1}]})) == [
        {"n": 1},
        {"done": True},
    ]


def test_an_output_is_one_event() -> None:
    assert events(plan(output={"images": []}), BARE) == [{"images": []}]


def test_a_text_of_another_model_streams_without_any_llms_fields() -> None:
    assert events(plan(text="a b"), BARE) == [{"output": "a"}, {"output": "a b"}]


def test_an_upstream_failure_without_text_is_one_event() -> None:
    assert events(plan(error="upstream said no")) == [
        {"output": "", "reasoning": None, "partial": False, "error": "upstream said no"}
    ]


def test_a_text_becomes_any_llms_output() -> None:
    outcome = ending(plan(text="Ship it.")).outcome
    assert (outcome.status, outcome.is_success) == (200, True)
    assert outcome.payload == b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'


def test_an_upstream_failure_is_told_inside_a_success() -> None:
    outcome = ending(plan(error="upstream said no")).outcome
    assert outcome.payload == (
        b'{"output":"","reasoning":null,"partial":false,"error":"upstream said no"}'
    )


def test_an_upstream_failure_shows_on_other_models_too() -> None:
    assert ending(plan(error="no", text="a"), BARE).outcome.body == {"output": "a", "error": "no"}


def test_reasoning_is_given_only_to_calls_that_ask_for_it() -> None:
    both = plan(text="a", reasoning="r")
    assert ending(both, ASKING).outcome.body["reasoning"] == "r"
    assert ending(both, PLAIN).outcome.body["reasoning"] is None
    assert ending(both, ASKING).outcome.body["reasoning"] == "r"


def test_reasoning_is_generated_where_none_is_written() -> None:
    body = ending(plan(text="a"), ASKING).outcome.body
    assert body["reasoning"] == reasoning_for_call(ASKING, 7)


@pytest.mark.parametrize("under", [GENERATED, plan(billable_units=3), plan()])
def test_without_an_outcome_the_answer_is_generated(under: CompiledReply) -> None:
    assert ending(under).outcome.body["output"] == text_for_call(PLAIN, 7)


def test_generated_answers_follow_each_call() -> None:
    assert ending(GENERATED, call({"prompt": "a"})) != ending(GENERATED, call({"prompt": "b"}))


def test_a_template_is_rendered_for_each_call() -> None:
    under = plan(text="{{ input.prompt }} {{ count }}", headers={"x-id": "{{ request_id }}"})
    first, second = ending(under, count=1), ending(under, count=2)
    assert (first.text, second.text) == ("hi 1", "hi 2")
    assert first.outcome.headers == (("x-id", "019e"),)


def test_a_template_for_text_may_give_a_number() -> None:
    assert ending(plan(text="{{ seed }}")).outcome.body["output"] == "7"


def test_an_output_without_templates_is_made_once() -> None:
    under = plan(output={"a": 1})
    assert ending(under) is ending(under, count=2)


def test_an_output_may_be_null() -> None:
    assert ending(plan(output=None)).outcome.payload == b"null"


def test_headers_stand_after_those_of_the_failure() -> None:
    outcome = ending(plan(fail="runner_disconnected", headers={"x-a": "b"})).outcome
    assert outcome.headers == (("X-Fal-Error-Type", "runner_disconnected"), ("x-a", "b"))


def test_a_template_that_fails_says_where_it_stands() -> None:
    with pytest.raises(TemplateError) as caught:
        ending(plan(output={"a": ["{{ input.nope }}"]}))
    assert caught.value.path == ("output", "a", 0)


def test_the_variables_of_a_call() -> None:
    to = call({"prompt": "x"}, "fal-ai/any-llm/vision", "run", {"x-a": "b"})
    assert template_variables(to, "019e", 3, 7) == {
        "input": {"prompt": "x"},
        "request_id": "019e",
        "endpoint": "fal-ai/any-llm/vision",
        "app": "fal-ai/any-llm",
        "via": "run",
        "headers": {"x-a": "b"},
        "count": 3,
        "seed": 7,
    }
