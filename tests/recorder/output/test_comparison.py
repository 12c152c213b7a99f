from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.comparison import compare
from fakefal.recorder.output.writer import Writer
from fakefal.scenario.files.loader import load_data, load_file
from tests.recorder.sessions import (
    JobCaptures,
    distil_captures,
    make_capture,
    make_request,
    make_run,
)

DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}


def differences(before: list[Any], after: list[Any], **options: Any) -> list[str]:
    left, right = (load_data(distil_captures(*captures).scenario) for captures in (before, after))
    return [str(change) for change in compare(left, right, **options)]


def test_ids_and_times_are_ignored() -> None:
    one = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_PROGRESS")
        .add_poll(0.2, "COMPLETED")
        .add_result(0.3, DONE)
    )
    two = (
        JobCaptures(id_="another")
        .add_submit()
        .add_poll(0.4, "IN_PROGRESS")
        .add_poll(0.9, "COMPLETED")
    )
    two.add_result(1.0, DONE)
    assert differences(one.captures, two.captures) == []
    with_times = differences(one.captures, two.captures, times=True)
    assert with_times == [
        'fal-ai/any-llm (queue) {"prompt":"x"}: timeline[1].IN_PROGRESS.for: 50ms → 200ms'
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            [make_run(body={"a": 1})],
            [make_run(body={"a": 2})],
            'acme/app (run) {"prompt":"x"}: output.a: 1 → 2',
        ),
        ([make_run(body=1)], [], 'acme/app (run) {"prompt":"x"}: removed: called once'),
        ([], [make_run(body=1)], 'acme/app (run) {"prompt":"x"}: new: called once'),
        (
            [make_run(body=[1])],
            [make_run(body=[1, 2])],
            'acme/app (run) {"prompt":"x"}: output[1]: new: 2',
        ),
        (
            [make_run(body=1)],
            [make_run(0, body=1), make_run(1, body=2)],
            'acme/app (run) {"prompt":"x"}: called once → called 2 times',
        ),
        (
            [make_run(body={"a": "x" * 99})],
            [make_run(body={})],
            f'acme/app (run) {{"prompt":"x"}}: output.a: removed: {"x" * 59}…',
        ),
    ],
)
def test_differences_that_a_client_would_notice_are_reported(
    before: list[Any], after: list[Any], expected: str
) -> None:
    assert differences(before, after) == [expected]


def test_equal_files_of_recordings_with_other_names_are_equal() -> None:
    def loaded(folder: str, tmp_path: Path) -> Any:
        url = "https://v3b.fal.media/files/x.png"
        kind = (("Content-Type", "image/png"),)
        picture = make_capture(
            1, make_request("GET", "v3b.fal.media", "/files/x.png"), 200, b"x", kind
        )
        path = tmp_path / f"{folder}.yaml"
        captures = (make_run(0, None, {"url": url}), picture)
        Writer(path, Redactor()).finish(distil_captures(*captures, folder=f"{folder}.files"))
        return load_file(path)

    with TemporaryDirectory() as name:
        assert compare(loaded("one", Path(name)), loaded("two", Path(name))) == []


def test_long_texts_are_shown_where_they_differ() -> None:
    text = "All work and no play makes Jack a dull boy. " * 5
    (line,) = differences([make_run(body=f"{text}A")], [make_run(body=f"{text}B")])
    assert line.endswith("a dull boy. A → …es Jack a dull boy. B")
