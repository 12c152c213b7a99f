"""Compiled failures: the input in model errors, and their units."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import decode
from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply

ANY_LLM = EndpointId("fal-ai/any-llm", "fal-ai/any-llm", "fal-ai", "any-llm")


def compiled(**reply: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate(reply))


def test_a_model_error_has_the_whole_input_unless_another_is_scripted() -> None:
    input_ = {"prompt": "a", "n": [1]}
    for fail, expected in (
        ("content_policy_violation", input_),
        ({"type": "content_policy_violation"}, input_),
        ({"type": "mine", "msg": "{{ input.prompt }}"}, input_),
        ({"type": "mine", "input": "x"}, "x"),
        ({"type": "mine", "input": None}, None),
    ):
        reply = compiled(fail=fail)
        assert reply.fail is not None
        outcome = reply.fail(ANY_LLM, {"input": input_})
        assert outcome.body["detail"][0]["input"] == expected
        assert decode(outcome.payload) == outcome.body


def test_a_final_model_error_has_zero_units() -> None:
    for fail, units in (
        ("content_policy_violation", 0),
        ({"type": "mine"}, 0),
        ({"type": "mine", "status": 400}, None),
        ("internal_server_error", None),
        ({"type": "internal_server_error"}, None),
        ("runner_disconnected", None),
        ({"status": 422, "body": {}}, None),
    ):
        assert compiled(fail=fail).billable_units == units, fail
    assert compiled(fail="content_policy_violation", billable_units=1.5).billable_units == 1.5
