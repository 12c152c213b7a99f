"""Each fault as the trouble that it makes, and whose turn it is."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.fault import Cut, Fault, SlowBody
from fakefal.scenario.compiled.faults import HEALTHY, FaultSequence
from fakefal.scenario.compiler.faults import GARBAGE, compile_fault, compile_faults
from fakefal.scenario.model.faults import CallFaults


def turns(*entries: Any) -> FaultSequence:
    found = compile_faults(CallFaults.model_validate({"submit": list(entries)}))
    assert found is not None
    return found["submit"]


def trouble(entry: Any) -> Fault:
    """What a fault makes of one request."""
    found = turns(entry).at(0).bind(parse_endpoint("fal-ai/any-llm/vision"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("word", "cut", "is_performed"),
    [
        ("reset", Cut("reset", "before"), False),
        ("close", Cut("close", "before"), False),
        ("hang", Cut("stall", "before"), False),
        ("accepted-then-reset", Cut("reset", "before"), True),
        ("accepted-then-close", Cut("close", "before"), True),
        ("accepted-then-hang", Cut("stall", "before"), True),
        ("hang-headers", Cut("stall", "head"), True),
        ("hang-during", Cut("stall", "body"), True),
        ("reset-headers", Cut("reset", "head"), True),
        ("reset-during", Cut("reset", "body"), True),
        ("reset-after", Cut("reset", "end"), True),
        ("truncate", Cut("close", "body"), True),
    ],
)
def test_a_word_for_the_connection_is_a_cut(word: str, cut: Cut, is_performed: bool) -> None:
    assert trouble(word) == Fault(word, is_performed=is_performed, cut=cut)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("broken-json", {"body_share": 0.5}),
        ("empty", {"body": b""}),
        ("garbage", {"raw_response": GARBAGE, "is_performed": False}),
        ("wrong-content-type", {"content_type": "text/plain; charset=utf-8"}),
        ("slow", {"slow_body": SlowBody(1, 0.05)}),
        ("too-early", {"is_too_early": True}),
    ],
)
def test_a_word_for_the_answer_changes_it(word: str, expected: dict[str, Any]) -> None:
    assert trouble(word) == Fault(word, **expected)


def test_huge_headers_are_more_than_16_kb() -> None:
    assert sum(len(name) + len(value) for name, value in trouble("huge-headers").headers) > 16_384


def test_garbage_is_no_http() -> None:
    assert not GARBAGE.startswith(b"HTTP")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (400, "bad_request"),
        (401, "bad_key"),
        (403, "exhausted_balance"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "nginx_413"),
        (422, "invalid_text"),
        (429, "concurrent_requests_limit"),
        (499, "client_cancelled"),
        (500, "internal_error"),
        (502, "runner_incomplete_response"),
        (503, "runner_disconnected"),
        (504, "request_timeout"),
    ],
)
def test_a_bare_code_is_the_usual_failure_of_it(code: int, name: str) -> None:
    found = trouble(code)
    assert (found.name, found.is_performed) == (str(code), False)
    assert found.outcome == outcome_of(CATALOG[name])
    assert found.outcome.status == found.journal_status == code


@pytest.mark.parametrize(
    ("code", "detail"), [(418, "I'm a Teapot"), (508, "Loop Detected"), (598, "Unknown Status")]
)
def test_a_code_that_fal_does_not_know_has_its_phrase(code: int, detail: str) -> None:
    refusal = trouble(code).outcome
    assert refusal is not None
    assert refusal.status == code
    assert str(refusal.body["detail"]).lower() == detail.lower()


@pytest.mark.parametrize("name", CATALOG)
def test_a_name_of_the_catalogue_is_that_failure(name: str) -> None:
    found = trouble(name)
    expected = outcome_of(CATALOG[name], app="fal-ai/any-llm", path="/vision")
    assert (found.outcome, found.is_performed) == (expected, False)
    assert trouble(f"accepted-then-{name}").is_performed


def test_a_failure_that_names_the_call_names_the_one_it_meets() -> None:
    turn = turns("unknown_app").at(0)
    for app, alias in (("fal-ai/flux/dev", "flux"), ("me/mine", "mine")):
        met = turn.bind(parse_endpoint(app))
        assert met is not None
        assert met.outcome is not None
        assert met.outcome.body == {"detail": f'Application "{alias}" not found'}
    assert turn.bind(None) is not None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"delay": "2s"}, Fault("delay 2.0", delay_seconds=2.0)),
        ({"drop": ["logs"]}, Fault("drop", removed_fields=("logs",))),
        ({"set": {"status": "PAUSED"}}, Fault("set", changed_fields={"status": "PAUSED"})),
        ({"headers": {"X-A": "b"}}, Fault("headers", headers=(("X-A", "b"),))),
        ({"status": 204}, Fault("status 204", status=204)),
        ({"body": "plain {"}, Fault("body plain {", body=b"plain {")),
        ({"body": {"a": [1]}}, Fault("body", body=b'{"a":[1]}')),
        ({"body": None}, Fault("body", body=b"null")),
        ({"content_type": "a/b"}, Fault("content_type a/b", content_type="a/b")),
        ({"slow": {"bytes": 3, "every": "1s"}}, Fault("slow", slow_body=SlowBody(3, 1.0))),
        ({"slow": {}}, Fault("slow", slow_body=SlowBody(1, 0.05))),
        ({"too_early": True}, Fault("too_early True", is_too_early=True)),
        ({"truncate": "40%"}, Fault("truncate 0.4", cut=Cut("close", "body", body_share=0.4))),
        ({"reset": "during"}, Fault("reset during", cut=Cut("reset", "body"))),
        ({"close": "after"}, Fault("close after", cut=Cut("close", "end"))),
        ({"hang": "headers"}, Fault("hang headers", cut=Cut("stall", "head"))),
        (
            {"hang": "before", "for": "9s"},
            Fault(
                "hang before, for 9.0",
                is_performed=False,
                cut=Cut("stall", "before", stall_seconds=9.0),
            ),
        ),
        ({"reset": "accepted"}, Fault("reset accepted", cut=Cut("reset", "before"))),
        (
            {"reset": "before"},
            Fault("reset before", is_performed=False, cut=Cut("reset", "before")),
        ),
        (
            {"reset": "before", "accepted": True},
            Fault("reset before, accepted True", cut=Cut("reset", "before")),
        ),
        (
            {"cut": {"after": 3, "how": "stall", "for": "5s"}},
            Fault("cut", cut=Cut("stall", "body", event_count=3, stall_seconds=5.0)),
        ),
        (
            {"cut": {}},
            Fault("cut", cut=Cut("close", "body", event_count=1, stall_seconds=math.inf)),
        ),
    ],
)
def test_a_fault_spelled_out(spec: dict[str, Any], expected: Fault) -> None:
    assert trouble(spec) == expected


def test_padding_is_as_long_as_wished() -> None:
    ((_, value),) = trouble({"header_bytes": 300}).headers
    assert len(value) == 300


def test_a_status_of_400_and_more_refuses() -> None:
    found = trouble({"status": 404})
    assert (found.outcome, found.status) == (outcome_of(CATALOG["not_found"]), None)
    assert not found.is_performed


@pytest.mark.parametrize(("body", "payload"), [("<html>", b"<html>"), ({"a": 1}, b'{"a":1}')])
def test_a_status_with_a_body_has_that_body(body: Any, payload: bytes) -> None:
    refusal = trouble({"status": 503, "body": body}).outcome
    assert refusal is not None
    assert (refusal.status, refusal.payload) == (503, payload)


def test_a_failure_may_be_late_and_reset_and_have_headers() -> None:
    found = trouble(
        {"fail": "nginx-502", "delay": 1, "reset": "during", "headers": {"x-fal-request-id": "y"}}
    )
    assert found.outcome == outcome_of(CATALOG["nginx_502"])
    assert (found.delay_seconds, found.cut) == (1.0, Cut("reset", "body"))
    assert found.headers == (("x-fal-request-id", "y"),)


def test_a_failure_spelled_out_may_be_told_after_the_request_was_served() -> None:
    found = trouble({"fail": {"error_type": "mine", "status": 503}, "accepted": True})
    assert found.is_performed
    assert found.outcome is not None
    assert found.outcome.body == {"detail": "mine", "error_type": "mine"}


def names(found: FaultSequence, count: int) -> list[str]:
    met = (found.at(number).bind(None) for number in range(count))
    return ["ok" if it is None else it.name for it in met]


def test_faults_are_used_in_turn_and_then_all_is_well() -> None:
    found = turns("500 x2", "ok", {"reset": "before", "times": 2}, "hang")
    expected = ["500", "500", "ok", "reset before", "reset before", "hang", "ok", "ok"]
    assert names(found, 8) == expected


@pytest.mark.parametrize("entry", ["503 x*", {"status": 503, "times": "always"}])
def test_a_fault_may_come_for_ever(entry: Any) -> None:
    found = turns("reset", entry, "hang")
    assert names(found, 4)[:1] == ["reset"]
    assert set(names(found, 4)[1:]) == {trouble(entry).name}


def test_where_there_are_no_faults_there_is_nothing() -> None:
    assert compile_faults(None) is None
    assert compile_faults(CallFaults()) is None
    assert compile_fault("ok") == (HEALTHY, 1)
