from __future__ import annotations

from pathlib import Path
from typing import Any

from fakefal.cli.recording.replay_check import check_replay, json_differences
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.writer import Writer
from tests.recorder.sessions import ID, JobCaptures, distil_captures, make_run

BILLED = (("Content-Type", "application/json"), ("X-Fal-Billable-Units", "1"))


def differences(path: Path, *captures: Capture) -> list[str]:
    distilled = distil_captures(*captures)
    Writer(path, Redactor()).finish(distilled)
    distilled.path = path
    return check_replay(distilled)


def test_a_recording_that_is_replayed_as_it_was_has_no_differences(tmp_path: Path) -> None:
    run = make_run(0, {"n": 1}, b'{"out":1}', headers=BILLED)
    again = make_run(1, {"n": 1}, b'{"out":1}', headers=BILLED)
    assert differences(tmp_path / "a.yaml", run, again) == []


def test_what_a_scenario_cannot_hold_is_listed_once_for_each_kind(tmp_path: Path) -> None:
    logs: list[Any] = [
        {"message": "step", "timestamp": "2026-02-18T06:42:27.8", "labels": {"level": "INFO"}}
    ]
    job = JobCaptures("acme/app").add_submit()
    job.add_poll(0.1, "COMPLETED", logs=logs, metrics={"inference_time": 1.25})
    job.add_result(0.2, {"out": 1})
    lines = differences(tmp_path / "a.yaml", *job.captures)
    status = "GET queue.fal.run/acme/app/requests/…/status: "
    assert any(line.startswith(f"{status}logs[].timestamp") for line in lines)
    assert not any(ID in line for line in lines)
    unbilled = [line for line in lines if "x-fal-billable-units: recorded null" in line]
    assert len(unbilled) == 1


def test_values_are_compared_by_path() -> None:
    left = {"a": [{"b": 1}, {"b": 2}], "c": None, "d": 1, "e": [1]}
    right = {"a": [{"b": 1}, {"b": 3}], "d": 1.0, "e": []}
    assert list(json_differences(left, right)) == [
        ("a[].b", 2, 3),
        ("c", None, "no such field"),
        ("d", 1, 1.0),
        ("e", [1], []),
    ]
