"""Compiling words and mappings of ``faults``."""

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


def sequence(*faults: Any) -> FaultSequence:
    sequences = compile_faults(CallFaults.model_validate({"submit": list(faults)}))
    assert sequences is not None
    return sequences["submit"]


def compiled(fault: Any) -> Fault:
    """The fault of a request to fal-ai/any-llm/vision."""
    bound = sequence(fault).at(0).bind(parse_endpoint("fal-ai/any-llm/vision"))
    assert bound is not None
    return bound


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
def test_words_for_the_connection_are_cuts(word: str, cut: Cut, is_performed: bool) -> None:
    assert compiled(word) == Fault(word, is_performed=is_performed, cut=cut)


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
def test_words_for_the_response_change_it(word: str, expected: dict[str, Any]) -> None:
    assert compiled(word) == Fault(word, **expected)


def test_huge_headers_are_more_than_16_kb() -> None:
    assert sum(len(name) + len(value) for name, value in compiled("huge-headers").headers) > 16_384


def test_garbage_is_not_http() -> None:
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
def test_a_status_code_is_its_default_error(code: int, name: str) -> None:
    fault = compiled(code)
    assert (fault.name, fault.is_performed) == (str(code), False)
    assert fault.outcome == outcome_of(CATALOG[name])
    assert fault.outcome.status == fault.journal_status == code


@pytest.mark.parametrize(
    ("code", "detail"), [(418, "I'm a Teapot"), (508, "Loop Detected"), (598, "Unknown Status")]
)
def test_a_code_without_a_default_error_has_its_reason_phrase(code: int, detail: str) -> None:
    outcome = compiled(code).outcome
    assert outcome is not None
    assert outcome.status == code
    assert str(outcome.body["detail"]).lower() == detail.lower()


def test_every_name_of_the_catalogue_is_that_error() -> None:
    for name, spec in CATALOG.items():
        fault = compiled(name)
        expected = outcome_of(spec, app="fal-ai/any-llm", path="/vision")
        assert (fault.outcome, fault.is_performed) == (expected, False), name
        assert compiled(f"accepted-then-{name}").is_performed, name


def test_an_error_that_mentions_the_call_mentions_the_present_one() -> None:
    unknown_app = sequence("unknown_app").at(0)
    for app, alias in (("fal-ai/flux/dev", "flux"), ("me/mine", "mine")):
        fault = unknown_app.bind(parse_endpoint(app))
        assert fault is not None
        assert fault.outcome is not None
        assert fault.outcome.body == {"detail": f'Application "{alias}" not found'}
    assert unknown_app.bind(None) is not None


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
def test_mappings_are_compiled(spec: dict[str, Any], expected: Fault) -> None:
    assert compiled(spec) == expected


def test_padding_has_the_given_length() -> None:
    ((_, value),) = compiled({"header_bytes": 300}).headers
    assert len(value) == 300


def test_a_status_of_400_and_more_is_an_error() -> None:
    fault = compiled({"status": 404})
    assert (fault.outcome, fault.status) == (outcome_of(CATALOG["not_found"]), None)
    assert not fault.is_performed


@pytest.mark.parametrize(("body", "payload"), [("<html>", b"<html>"), ({"a": 1}, b'{"a":1}')])
def test_a_status_with_a_body_has_that_body(body: Any, payload: bytes) -> None:
    outcome = compiled({"status": 503, "body": body}).outcome
    assert outcome is not None
    assert (outcome.status, outcome.payload) == (503, payload)


def test_an_error_may_be_delayed_reset_and_have_headers() -> None:
    fault = compiled(
        {"fail": "nginx-502", "delay": 1, "reset": "during", "headers": {"x-fal-request-id": "y"}}
    )
    assert fault.outcome == outcome_of(CATALOG["nginx_502"])
    assert (fault.delay_seconds, fault.cut) == (1.0, Cut("reset", "body"))
    assert fault.headers == (("x-fal-request-id", "y"),)


def test_an_error_may_follow_an_executed_request() -> None:
    fault = compiled({"fail": {"error_type": "mine", "status": 503}, "accepted": True})
    assert fault.is_performed
    assert fault.outcome is not None
    assert fault.outcome.body == {"detail": "mine", "error_type": "mine"}


def names(faults: FaultSequence, count: int) -> list[str]:
    bound = (faults.at(number).bind(None) for number in range(count))
    return ["ok" if fault is None else fault.name for fault in bound]


def test_faults_are_used_one_after_another_and_then_none() -> None:
    faults = sequence("500 x2", "ok", {"reset": "before", "times": 2}, "hang")
    expected = ["500", "500", "ok", "reset before", "reset before", "hang", "ok", "ok"]
    assert names(faults, 8) == expected


@pytest.mark.parametrize("fault", ["503 x*", {"status": 503, "times": "always"}])
def test_a_fault_may_apply_always(fault: Any) -> None:
    faults = sequence("reset", fault, "hang")
    assert names(faults, 4)[:1] == ["reset"]
    assert set(names(faults, 4)[1:]) == {compiled(fault).name}


def test_without_faults_the_result_is_none() -> None:
    assert compile_faults(None) is None
    assert compile_faults(CallFaults()) is None
    assert compile_fault("ok") == (HEALTHY, 1)
