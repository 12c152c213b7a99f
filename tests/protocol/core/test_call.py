"""Calls and outcomes."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.call import VIAS, Call, Outcome
from fakefal.protocol.core.endpoints import parse_endpoint


def test_the_six_transports_of_a_call() -> None:
    assert VIAS == ("queue", "run", "stream", "ws", "realtime", "socket")


@pytest.mark.parametrize(("status", "success"), [(200, True), (399, True), (400, False)])
def test_an_outcome_below_400_is_a_success(status: int, success: bool) -> None:
    assert Outcome(status, {}, b"{}").is_success is success


def test_an_outcome_fails_with_the_result_by_default() -> None:
    outcome = Outcome(200, {}, b"{}")
    assert (outcome.fails_at, outcome.has_request_id, outcome.content_type) == (
        "result",
        True,
        "application/json",
    )


def test_a_call_is_a_post_without_webhook_or_errors_by_default() -> None:
    endpoint = parse_endpoint("fal-ai/any-llm")
    assert endpoint is not None
    call = Call(endpoint, "run", {})
    assert (call.method, call.webhook, call.validation_errors, call.headers) == (
        "POST",
        None,
        (),
        {},
    )
