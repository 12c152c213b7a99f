from __future__ import annotations

from typing import Any

from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.scenario.files.loader import load_data
from tests.cases import failures
from tests.recorder.sessions import JobCaptures, make_run


def test_a_live_recording_is_complete_only_if_every_call_ended() -> None:
    job = JobCaptures().add_submit().add_poll(0.1, "IN_QUEUE", 0).captures
    cases = [
        ({}, [make_run(body=1)], {"calls": 1}, []),
        ({"ended": False}, [make_run(body=1)], {"calls": 1}, ["it was interrupted"]),
        (
            {"exit_code": 7},
            [make_run(body=1)],
            {"calls": 1, "exit_code": 7},
            ["the command exited with 7"],
        ),
        (
            {"upstream_errors": 2},
            [make_run(body=1)],
            {"calls": 1, "upstream_errors": 2},
            ["2 requests did not reach https://fal.run"],
        ),
        ({}, [], {"calls": 0}, ["no call was made"]),
        ({}, job, {"calls": 1, "unfinished": 1}, ["1 call did not end"]),
    ]

    def check(facts: Any, captures: Any, header: Any, reasons: list[str]) -> None:
        recording = Recording("https://fal.run", 0.0, captures, is_live=True, **facts)
        distilled = distil(recording, Redactor(), version="0")
        assert distilled.incomplete == reasons
        shown = distilled.scenario["recorded"]
        assert shown.get("complete", True) is not bool(reasons)
        assert {name: shown[name] for name in header} == header
        assert not shown.keys() & ({"unfinished", "exit_code", "upstream_errors"} - header.keys())
        load_data(distilled.scenario)

    assert failures(check, cases) == []
