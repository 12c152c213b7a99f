"""Outcomes of calls and the events of their streams."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Call
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.compiled.reply import GENERATED, CompiledReply, RenderedOutcome
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.outcome import (
    render_outcome,
    stream_events,
    template_variables,
)
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.generated_text import reasoning_for_call, text_for_call
from tests.scenario.strategies import call

FLAGS = CompatFlags()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    " \n\tab", max_size=9
)
CALL_WITH_REASONING = call({"prompt": "hi", "reasoning": True})
CALL = call({"prompt": "hi"})
OTHER_CALL = call({"prompt": "hi"}, "fal-ai/flux")


def compiled(**reply: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate(reply))


def outcome_of(reply: CompiledReply, to: Call = CALL, count: int = 1) -> RenderedOutcome:
    return render_outcome(reply, to, "019e", count, 7, FLAGS)


def events_of(reply: CompiledReply, to: Call = CALL) -> list[Any]:
    variables = template_variables(to, "019e", 1, 7)
    return list(stream_events(reply, outcome_of(reply, to), variables, FLAGS))


@given(TEXT, st.sampled_from(["word", "char", "line"]), st.booleans())
def test_a_stream_is_cumulative_and_ends_with_the_complete_output(
    text: str, by: str, with_reasoning: bool
) -> None:
    text = text.replace("{", "")
    events = events_of(
        compiled(text=text, reasoning="Hm, so.", stream={"by": by}),
        CALL_WITH_REASONING if with_reasoning else CALL,
    )
    outputs = [event["output"] for event in events]
    assert all(later.startswith(earlier) for earlier, later in pairwise(outputs))
    assert [event["partial"] for event in events] == [True] * (len(events) - 1) + [False]
    assert outputs[-2:] == [text, text]
    assert events[-1]["reasoning"] == ("Hm, so." if with_reasoning else None)


def test_a_stream_of_any_llm_has_these_bytes() -> None:
    assert [encode(event) for event in events_of(compiled(text="Ship it."))] == [
        b'{"output":"Ship","reasoning":null,"partial":true,"error":null}',
        b'{"output":"Ship it.","reasoning":null,"partial":true,"error":null}',
        b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}',
    ]


def test_reasoning_grows_before_the_output() -> None:
    events = events_of(compiled(text="Ship it.", reasoning="Short wins."), CALL_WITH_REASONING)
    assert [(event["output"], event["reasoning"]) for event in events] == [
        ("", "Short"),
        ("", "Short wins."),
        ("Ship", "Short wins."),
        ("Ship it.", "Short wins."),
        ("Ship it.", "Short wins."),
    ]


def test_chunks_cut_the_text_and_leave_reasoning_whole() -> None:
    events = events_of(
        compiled(reasoning="So it is.", stream={"chunks": ["Sh", "ip"]}), CALL_WITH_REASONING
    )
    assert [(event["output"], event["reasoning"]) for event in events] == [
        ("", "So it is."),
        ("Sh", "So it is."),
        ("Ship", "So it is."),
        ("Ship", "So it is."),
    ]


def test_braces_in_chunks_are_literal() -> None:
    events = events_of(compiled(stream={"chunks": ["{{", " x }}"]}))
    assert [event["output"] for event in events] == ["{{", "{{ x }}", "{{ x }}"]


def test_listed_events_are_sent_unchanged() -> None:
    listed = [{"n": 1}, {"n": "{{ input.prompt }}"}]
    assert events_of(compiled(stream={"events": listed})) == [{"n": 1}, {"n": "hi"}]


def test_listed_events_are_followed_by_the_output_if_there_is_one() -> None:
    assert events_of(compiled(output={"done": True}, stream={"events": [{"n": 1}]})) == [
        {"n": 1},
        {"done": True},
    ]


def test_an_output_is_one_event() -> None:
    assert events_of(compiled(output={"images": []}), OTHER_CALL) == [{"images": []}]


def test_a_text_of_another_model_streams_without_any_llms_fields() -> None:
    assert events_of(compiled(text="a b"), OTHER_CALL) == [{"output": "a"}, {"output": "a b"}]


def test_an_upstream_failure_without_text_is_one_event() -> None:
    assert events_of(compiled(error="upstream said no")) == [
        {"output": "", "reasoning": None, "partial": False, "error": "upstream said no"}
    ]


def test_a_text_becomes_any_llms_output() -> None:
    outcome = outcome_of(compiled(text="Ship it.")).outcome
    assert (outcome.status, outcome.is_success) == (200, True)
    assert outcome.payload == b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'


def test_an_upstream_failure_is_a_field_of_a_success() -> None:
    outcome = outcome_of(compiled(error="upstream said no")).outcome
    assert outcome.payload == (
        b'{"output":"","reasoning":null,"partial":false,"error":"upstream said no"}'
    )


def test_an_upstream_failure_shows_on_other_models_too() -> None:
    assert outcome_of(compiled(error="no", text="a"), OTHER_CALL).outcome.body == {
        "output": "a",
        "error": "no",
    }


def test_reasoning_is_returned_only_to_calls_that_request_it() -> None:
    both = compiled(text="a", reasoning="r")
    assert outcome_of(both, CALL_WITH_REASONING).outcome.body["reasoning"] == "r"
    assert outcome_of(both, CALL).outcome.body["reasoning"] is None
    assert outcome_of(both, CALL_WITH_REASONING).outcome.body["reasoning"] == "r"


def test_reasoning_is_generated_if_none_is_scripted() -> None:
    body = outcome_of(compiled(text="a"), CALL_WITH_REASONING).outcome.body
    assert body["reasoning"] == reasoning_for_call(CALL_WITH_REASONING, 7)


@pytest.mark.parametrize("reply", [GENERATED, compiled(billable_units=3), compiled()])
def test_a_reply_without_an_outcome_is_generated(reply: CompiledReply) -> None:
    assert outcome_of(reply).outcome.body["output"] == text_for_call(CALL, 7)


def test_generated_outputs_depend_on_the_input() -> None:
    assert outcome_of(GENERATED, call({"prompt": "a"})) != outcome_of(
        GENERATED, call({"prompt": "b"})
    )


def test_a_template_is_rendered_for_each_call() -> None:
    reply = compiled(text="{{ input.prompt }} {{ count }}", headers={"x-id": "{{ request_id }}"})
    first, second = outcome_of(reply, count=1), outcome_of(reply, count=2)
    assert (first.text, second.text) == ("hi 1", "hi 2")
    assert first.outcome.headers == (("x-id", "019e"),)


def test_a_template_for_text_may_return_a_number() -> None:
    assert outcome_of(compiled(text="{{ seed }}")).outcome.body["output"] == "7"


def test_an_output_without_templates_is_rendered_once() -> None:
    reply = compiled(output={"a": 1})
    assert outcome_of(reply) is outcome_of(reply, count=2)


def test_an_output_may_be_null() -> None:
    assert outcome_of(compiled(output=None)).outcome.payload == b"null"


def test_headers_follow_those_of_the_failure() -> None:
    outcome = outcome_of(compiled(fail="runner_disconnected", headers={"x-a": "b"})).outcome
    assert outcome.headers == (("X-Fal-Error-Type", "runner_disconnected"), ("x-a", "b"))


def test_a_template_error_has_its_path() -> None:
    with pytest.raises(TemplateError) as caught:
        outcome_of(compiled(output={"a": ["{{ input.nope }}"]}))
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
