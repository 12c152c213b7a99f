from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.errors.errors import ingress_page
from fakefal.recorder.capture.captures import Heard, whole
from fakefal.recorder.distil.faults import always, fault_of, folded, in_turn
from fakefal.scenario.model.faults import CallFaults
from tests.recorder.talking import HTML, JSON, run

ENDPOINT = parse_endpoint("acme/app")
assert ENDPOINT is not None

PAGE = whole(502, HTML, ingress_page(502, "Bad Gateway"))


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        (PAGE, "nginx-502"),
        (Heard(0, (), (), "reset"), "reset"),
        (Heard(0), "close"),
        (Heard(200, (), (), "reset"), {"reset": "during"}),
        (whole(500, JSON, b'{"a": 1}'), {"status": 500, "body": {"a": 1}}),
        (whole(404, JSON, b'{"status": "NOT_FOUND"}'), "not-found"),
        (
            whole(503, (("X-Note", "n"),), b"text"),
            {"status": 503, "body": "text", "headers": {"x-note": "n"}},
        ),
    ],
)
def test_an_answer_is_a_word_or_spelled_out(heard: Heard, fault: Any) -> None:
    assert ENDPOINT is not None
    assert fault_of(heard, ENDPOINT) == fault
    CallFaults.model_validate({"status": [fault, always(fault)]})


def test_good_answers_before_a_fault_are_counted() -> None:
    assert ENDPOINT is not None
    captures = [run(0, answer=1), run(1, None, PAGE.body, 502, HTML), run(2, answer=1)]
    assert in_turn(captures, captures[1:2], ENDPOINT) == ["ok", "nginx-502"]


def test_equal_faults_in_a_row_are_one() -> None:
    spelled = {"status": 500}
    assert folded(["a", "a", "ok", spelled, spelled]) == ["a x2", "ok", {"status": 500, "times": 2}]
