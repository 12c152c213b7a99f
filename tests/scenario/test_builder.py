"""Building exchanges in Python: the models, and errors that users see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.builder import (
    ExchangeBuilder,
    absent,
    any_of,
    build_exchange,
    contains,
    less_than,
    more_than,
    regex,
    to_user_error,
    when_data,
)
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.templates.templates import TemplateError

Build = Callable[[ExchangeBuilder], object]


def built(build: Build, when: dict[str, Any] | None = None) -> dict[str, Any]:
    """The last exchange of a builder, in its form in a file."""
    taken: list[Exchange] = []
    build(ExchangeBuilder(when or {}, taken.append))
    return taken[-1].model_dump(mode="json", by_alias=True, exclude_unset=True)


def error_text(build: Build, when: dict[str, Any] | None = None) -> str:
    """The text of the error of a wrong call; it has no cause, which would only show internals."""
    with pytest.raises(FakefalError) as caught:
        built(build, when)
    assert type(caught.value) is FakefalError
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("build", "reply"),
    [
        (lambda on: on.text("hi"), {"text": "hi"}),
        (lambda on: on.text("hi", reasoning="so"), {"text": "hi", "reasoning": "so"}),
        (lambda on: on.output({"a": [1]}), {"output": {"a": [1]}}),
        (lambda on: on.output(None), {"output": None}),
        (lambda on: on.output((1, 2)), {"output": [1, 2]}),
        (lambda on: on.kind("images"), {"kind": "images"}),
        (lambda on: on.kind("image", "a.png"), {"kind": "image", "files": ["a.png"]}),
        (lambda on: on.kind("chunks").text("hi"), {"kind": "chunks", "text": "hi"}),
        (lambda on: on.kind("image").media("slow"), {"kind": "image", "media": {"how": "slow"}}),
        (
            lambda on: on.kind("image").media(expires="90s"),
            {"kind": "image", "media": {"expires": "90s"}},
        ),
        (
            lambda on: on.tool_call("now").tool_call("find", {"city": "Paris"}, id="c"),
            {
                "tool_calls": [
                    {"name": "now", "arguments": {}},
                    {"name": "find", "arguments": {"city": "Paris"}, "id": "c"},
                ]
            },
        ),
        (lambda on: on.finish_reason("length"), {"finish_reason": "length"}),
        (
            lambda on: on.usage(prompt_tokens=3, cost=0.5),
            {"usage": {"prompt_tokens": 3, "cost": 0.5}},
        ),
        (lambda on: on.soft_error("no"), {"error": "no", "text": ""}),
        (lambda on: on.soft_error("no", text="so far"), {"error": "no", "text": "so far"}),
        (lambda on: on.fail("nginx-502"), {"fail": "nginx-502"}),
        (lambda on: on.fail(type="mine"), {"fail": {"type": "mine"}}),
        (lambda on: on.fail(status=418, body={}), {"fail": {"status": 418, "body": {}}}),
        (
            lambda on: on.timeline("IN_QUEUE", {"IN_PROGRESS": {"for": "2s"}}),
            {"timeline": ["IN_QUEUE", {"IN_PROGRESS": {"for": "2s"}}]},
        ),
        (lambda on: on.timeline(), {"timeline": []}),
        (
            lambda on: on.stream(by="char", every=0.5),
            {"stream": {"by": "char", "every": "500ms"}},
        ),
        (lambda on: on.headers({"x-a": "b"}), {"headers": {"x-a": "b"}}),
        (lambda on: on.billable_units(3), {"billable_units": 3.0}),
        (lambda on: on.inference_time("1.5s"), {"inference_time": "1.5s"}),
        (lambda on: on.inference_time(2), {"inference_time": "2s"}),
        (lambda on: on.omit_fields("usage", "a"), {"omit_fields": ["usage", "a"]}),
        (lambda on: on.result_ttl("90s"), {"result_ttl": "90s"}),
        (lambda on: on.cancel("accepted"), {"cancel": "accepted"}),
        (
            lambda on: on.retries(3, after="startup_timeout"),
            {"retries": {"times": 3, "after": "startup_timeout"}},
        ),
        (lambda on: on.webhook("lost"), {"webhook": "lost"}),
        (
            lambda on: on.webhook(after="1s", duplicates=1),
            {"webhook": {"after": "1s", "duplicates": 1}},
        ),
        (
            lambda on: on.text("hi").billable_units(2).headers({"x": "y"}),
            {"text": "hi", "billable_units": 2.0, "headers": {"x": "y"}},
        ),
        (lambda on: on.text("first").text("second"), {"text": "second"}),
    ],
)
def test_a_method_sets_its_field_of_the_reply(build: Build, reply: dict[str, Any]) -> None:
    assert built(build)["replies"] == [reply]


@pytest.mark.parametrize(
    ("build", "limits"),
    [
        (lambda on: on.text("a").times(2), {"times": 2}),
        (lambda on: on.text("a").cycle(), {"then": "cycle"}),
        (lambda on: on.text("a").once(), {"then": "miss"}),
        (lambda on: on.times(1), {"times": 1}),
    ],
)
def test_a_method_limits_how_often_it_answers(build: Build, limits: dict[str, Any]) -> None:
    exchange = built(build)
    assert {name: exchange[name] for name in ("times", "then") if name in exchange} == limits


def test_then_begins_the_reply_to_the_next_call() -> None:
    exchange = built(
        lambda on: on.fail("runner_disconnected").then.text("a").billable_units(1).then.text("b")
    )
    assert exchange["replies"] == [
        {"fail": "runner_disconnected"},
        {"text": "a", "billable_units": 1.0},
        {"text": "b"},
    ]


def test_each_step_takes_effect_immediately() -> None:
    taken: list[Exchange] = []
    ExchangeBuilder({}, taken.append).text("a").then.text("b").once()
    assert [len(exchange.replies or ()) for exchange in taken] == [1, 2, 2]
    assert [exchange.then for exchange in taken] == ["last", "last", "miss"]


def test_then_alone_has_no_effect() -> None:
    taken: list[Exchange] = []
    _ = ExchangeBuilder({}, taken.append).then
    assert taken == []


@pytest.mark.parametrize(
    ("pattern", "json"),
    [
        (contains("x"), {"$contains": "x"}),
        (contains({"a": more_than(1)}), {"$contains": {"a": {"$gt": 1}}}),
        (regex("^a"), {"$regex": "^a"}),
        (any_of("a", contains("b")), {"$any": ["a", {"$contains": "b"}]}),
        (more_than(1), {"$gt": 1}),
        (less_than(1.5), {"$lt": 1.5}),
        (absent(), {"$absent": True}),
    ],
)
def test_a_pattern_has_its_form_in_a_file(pattern: Any, json: Any) -> None:
    assert pattern.json == json
    assert when_data(None, None, None, None, {"prompt": pattern}) == {"input": {"prompt": json}}


@pytest.mark.parametrize(
    ("arguments", "when"),
    [
        ((None, None, None, None, {}), {}),
        (("a/b", None, None, None, {}), {"endpoint": "a/b"}),
        ((None, "run", None, None, {}), {"via": "run"}),
        ((None, ["run", "ws"], None, None, {}), {"via": ["run", "ws"]}),
        (
            (None, None, {"a": 1}, None, {"b": absent()}),
            {"input": {"a": 1, "b": {"$absent": True}}},
        ),
        ((None, None, {"a": 1}, None, {"a": 2}), {"input": {"a": 2}}),
        ((None, None, contains("x"), None, {}), {"input": {"$contains": "x"}}),
        ((None, None, [contains(1)], None, {}), {"input": [{"$contains": 1}]}),
        ((None, None, None, {"X": regex("a")}, {}), {"headers": {"X": {"$regex": "a"}}}),
    ],
)
def test_a_when_is_built_from_arguments(arguments: Any, when: dict[str, Any]) -> None:
    assert when_data(*arguments) == when


def test_input_fields_require_an_input_that_is_a_dict() -> None:
    with pytest.raises(FakefalError) as caught:
        when_data(None, None, ["a"], None, {"b": 1})
    assert str(caught.value) == "input must be a dict to be combined with input fields"


def test_a_built_exchange_can_be_compiled() -> None:
    when = when_data("fal-ai/*", "queue", None, None, {"prompt": contains("tagline")})
    taken: list[Exchange] = []
    ExchangeBuilder(when, taken.append).text("{{ input.prompt }}").then.fail("nginx-502")
    assert len(compile_exchange(taken[-1], 0).replies) == 2


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (
            lambda on: on.fail("runner_disconected"),
            'fail: "runner_disconected" is not in the error catalogue — did you mean '
            '"runner_disconnected"?',
        ),
        (
            lambda on: on.fail(),
            "fail takes either a name or fields — for example fail(status=500)",
        ),
        (
            lambda on: on.fail("bad_key", status=500),
            "fail takes either a name or fields — for example fail(status=500)",
        ),
        (lambda on: on.fail(status=200), "fail.status: 200 is too small — at least 400"),
        (
            lambda on: on.text("a").then.text(5),
            "replies[1].text: expected a string, got 5 — put it in quotes",
        ),
        (
            lambda on: on.text("a").output({}),
            "replies[0]: text and output cannot be used together — keep one of them",
        ),
        (
            lambda on: on.inference_time("soon"),
            'inference_time: "soon" is not a duration — write 1.5s or 300ms',
        ),
        (
            lambda on: on.billable_units(-1),
            "billable_units: -1 is too small — at least 0",
        ),
        (
            lambda on: on.timeline("IN_QUEU"),
            'timeline[0]: unknown value "IN_QUEU" — did you mean "IN_QUEUE"?',
        ),
        (
            lambda on: on.stream(by="word", count=2),
            "stream: by and count cannot be used together — keep one of them",
        ),
        (
            lambda on: on.stream(bye="word"),
            'stream.bye: unknown key "bye" — did you mean "by"?',
        ),
        (lambda on: on.times(0), "times: 0 is too small — at least 1"),
        (
            lambda on: on.webhook("lots"),
            'webhook: unknown value "lots" — did you mean "lost"?',
        ),
        (
            lambda on: on.webhook(),
            'webhook takes either a word or fields — for example webhook(after="1s")',
        ),
        (
            lambda on: on.timeline({"IN_QUEUE": {"position": -1}}),
            "timeline[0].IN_QUEUE.position: -1 is too small — at least 0",
        ),
    ],
)
def test_an_error_has_its_path_in_the_exchange(build: Build, text: str) -> None:
    assert error_text(build) == text


def test_an_error_in_the_when_is_raised_by_the_first_outcome() -> None:
    assert error_text(lambda on: on.text("a"), {"via": "phone"}) == (
        'when.via: unknown value "phone" — one of queue, run, stream, ws, realtime, socket'
    )


def test_all_errors_are_in_one_text() -> None:
    with pytest.raises(FakefalError) as caught:
        build_exchange({"times": 0, "replies": [{"text": 5}], "nope": 1})
    assert str(caught.value).split("\n") == [
        "times: 0 is too small — at least 1",
        "text: expected a string, got 5 — put it in quotes",
        'nope: unknown key "nope" — one of id, when, times, reply, replies, then',
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PatternError(("input", "a", "$x"), "what", "right"), "input.a.$x: what — right"),
        (PatternError((), "what"), "what"),
        (TemplateError(("reply", 0), "what", "right"), "reply[0]: what — right"),
        (TemplateError(("text",), "what"), "text: what"),
    ],
)
def test_pattern_and_template_errors_have_their_path(
    error: PatternError | TemplateError, text: str
) -> None:
    assert str(to_user_error(error)) == text
