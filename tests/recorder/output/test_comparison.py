from __future__ import annotations

from typing import Any

import pytest

from fakefal.recorder.output.comparison import compare
from fakefal.scenario.files.loader import load_data
from tests.recorder.sessions import JobCaptures, distil_captures, make_run

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
