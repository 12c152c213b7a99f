"""Compiling replies: timeline, pacing and failures."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, Step, StepLog
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError
from tests.scenario.reply_strategies import REPLIES
from tests.scenario.strategies import Data

ANY_LLM = EndpointId("fal-ai/any-llm", "fal-ai/any-llm", "fal-ai", "any-llm")


def compiled(**reply: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate(reply), ("exchanges", 0, "reply"))


def failed(fail: Any, **variables: Any) -> Outcome:
    failure = compiled(fail=fail).fail
    assert failure is not None
    return failure(ANY_LLM, {"input": {}, **variables})


@given(REPLIES)
def test_every_valid_reply_can_be_compiled(reply: Data) -> None:
    assert compiled(**reply).run_seconds >= 0


def test_without_a_timeline_there_is_one_poll_of_each_state() -> None:
    assert compiled().timeline == DEFAULT_TIMELINE


def test_an_empty_timeline_has_no_steps() -> None:
    assert compiled(timeline=[]).timeline == ()


@pytest.mark.parametrize(
    ("spec", "step"),
    [
        ("IN_QUEUE", Step("IN_QUEUE", polls=1, position=0)),
        ("IN_PROGRESS", Step("IN_PROGRESS", polls=1)),
        ({"IN_QUEUE": None}, Step("IN_QUEUE", polls=1, position=0)),
        ({"IN_QUEUE": {"position": 2}}, Step("IN_QUEUE", polls=1, position=2)),
        ({"IN_QUEUE": {"polls": 0}}, Step("IN_QUEUE", polls=0, position=0)),
        ({"IN_PROGRESS": {"for": "1.5s"}}, Step("IN_PROGRESS", polls=0, seconds=1.5)),
        ({"IN_PROGRESS": {"for": 2, "polls": 3}}, Step("IN_PROGRESS", polls=3, seconds=2.0)),
        ({"IN_PROGRESS": {"forever": True}}, Step("IN_PROGRESS", polls=1, forever=True)),
        (
            {
                "IN_PROGRESS": {
                    "logs": ["a", {"message": "b", "level": "WARN", "labels": {"k": "v"}}]
                }
            },
            Step(
                "IN_PROGRESS",
                polls=1,
                logs=(StepLog("a"), StepLog("b", "WARN", "USER", (("k", "v"),))),
            ),
        ),
    ],
)
def test_a_step_ends_after_its_polls_its_time_or_one_poll(spec: Any, step: Step) -> None:
    assert compiled(timeline=[spec]).timeline == (step,)


@pytest.mark.parametrize(
    ("timeline", "seconds"),
    [
        ([], 0),
        ([{"IN_QUEUE": {"for": "9s"}}, {"IN_PROGRESS": {"for": "2s"}}], 2),
        ([{"IN_PROGRESS": {"for": "2s"}}, {"IN_PROGRESS": {"for": "3s"}}], 5),
        ([{"IN_PROGRESS": {"forever": True}}], math.inf),
        ([{"IN_QUEUE": {"forever": True}}], 0),
    ],
)
def test_a_direct_run_takes_as_long_as_the_job_would_run(
    timeline: list[Any], seconds: float
) -> None:
    assert compiled(timeline=timeline).run_seconds == seconds


def test_pacing_is_in_seconds() -> None:
    pacing = compiled(stream={"by": "char", "first": "300ms", "every": "20ms"}).pacing
    assert (pacing.by, pacing.first_seconds, pacing.every_seconds) == ("char", 0.3, 0.02)


def test_by_default_a_stream_is_split_by_word_and_does_not_wait() -> None:
    pacing = compiled().pacing
    assert (pacing.by, pacing.count, pacing.chunks) == ("word", None, None)
    assert (pacing.first_seconds, pacing.every_seconds) == (0, 0)


def test_chunks_are_the_text_of_a_reply_without_one() -> None:
    reply = compiled(stream={"chunks": ["Ship", " it."]})
    assert reply.text is not None
    assert reply.text.render({}) == "Ship it."


def test_chunks_beside_an_output_are_not_a_text() -> None:
    assert compiled(output={}, stream={"chunks": ["a"]}).text is None


def test_an_error_alone_has_the_empty_text() -> None:
    reply = compiled(error="no")
    assert reply.text is not None
    assert reply.text.render({}) == ""


def test_an_output_of_null_is_an_output() -> None:
    assert compiled(output=None).output is not None
    assert compiled().output is None


def test_inference_time_and_units_are_compiled() -> None:
    reply = compiled(inference_time="1.2s", billable_units=3)
    assert (reply.inference_seconds, reply.billable_units) == (1.2, 3)


def test_every_name_of_the_catalogue_is_that_error() -> None:
    for name, spec in CATALOG.items():
        if spec.kind == "model":
            (item,) = outcome_of(spec).body["detail"]
            assert failed(name).body == {"detail": [{**item, "input": {}}]}, name
        else:
            assert failed(name) == outcome_of(spec, app="fal-ai/any-llm", path="/"), name


@pytest.mark.parametrize(
    ("fail", "status", "body"),
    [
        (
            {"type": "no_media_generated"},
            422,
            {
                "detail": [
                    {
                        "loc": ["body"],
                        "msg": "No media was generated",
                        "type": "no_media_generated",
                        "url": "https://docs.fal.ai/errors#no_media_generated",
                        "input": {},
                    }
                ]
            },
        ),
        (
            {
                "type": "mine",
                "loc": ["body", 0],
                "msg": "m",
                "ctx": {"a": 1},
                "input": None,
                "status": 400,
            },
            400,
            {
                "detail": [
                    {
                        "loc": ["body", 0],
                        "msg": "m",
                        "type": "mine",
                        "ctx": {"a": 1},
                        "url": "https://docs.fal.ai/errors#mine",
                        "input": None,
                    }
                ]
            },
        ),
        (
            {"error_type": "runner_disconnected"},
            503,
            {"detail": "Runner disconnected", "error_type": "runner_disconnected"},
        ),
        (
            {"error_type": "mine", "status": 501, "detail": "gone"},
            501,
            {"detail": "gone", "error_type": "mine"},
        ),
        ({"status": 418, "body": {"detail": "teapot"}}, 418, {"detail": "teapot"}),
        ({"status": 500, "body": None}, 500, None),
        ({"status": 500, "detail": "oops"}, 500, {"detail": "oops"}),
        ({"status": 500}, 500, {"detail": "Error"}),
    ],
)
def test_a_failure_may_be_a_mapping(fail: Data, status: int, body: Any) -> None:
    outcome = failed(fail)
    assert (outcome.status, outcome.body) == (status, body)


def test_a_failure_has_headers() -> None:
    outcome = failed({"status": 500, "headers": {"x-a": "b"}})
    assert outcome.headers == (("x-a", "b"),)


def test_a_failure_may_contain_templates() -> None:
    fail = {"type": "mine", "msg": "bad {{ input.prompt }}", "input": "{{ input }}"}
    (item,) = failed(fail, input={"prompt": "x"}).body["detail"]
    assert (item["msg"], item["input"]) == ("bad x", {"prompt": "x"})


def test_a_template_that_renders_an_invalid_failure_is_an_error() -> None:
    with pytest.raises(TemplateError) as caught:
        failed({"status": 500, "detail": "{{ input }}"})
    assert caught.value.path == ("exchanges", 0, "reply", "fail")
    assert caught.value.message == "fail.detail: expected a string"


def test_a_template_with_an_error_has_its_path() -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(fail={"status": 500, "body": {"a": "{{ nope }}"}})
    assert caught.value.path == ("exchanges", 0, "reply", "fail", "body", "a")
