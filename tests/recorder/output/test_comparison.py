from __future__ import annotations

from typing import Any

import pytest

from fakefal.recorder.output.comparison import compare
from fakefal.scenario.files.loader import load_data
from tests.recorder.talking import JobCaptures, distil_captures, make_run

DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}


def compared(before: list[Any], after: list[Any], **more: Any) -> list[str]:
    left, right = (load_data(distil_captures(*it).scenario) for it in (before, after))
    return [str(change) for change in compare(left, right, **more)]


def test_ids_and_times_do_not_count() -> None:
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
    assert compared(one.captures, two.captures) == []
    told = compared(one.captures, two.captures, times=True)
    assert told == [
        'fal-ai/any-llm (queue) {"prompt":"x"}: timeline[1].IN_PROGRESS.for: 50ms → 200ms'
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            [make_run(body={"a": 1})],
            [make_run(body={"a": 2})],
            'acme/app (run) {"prompt":"x"}: output.a: 1 → 2',
        ),
        ([make_run(body=1)], [], 'acme/app (run) {"prompt":"x"}: gone: asked once'),
        ([], [make_run(body=1)], 'acme/app (run) {"prompt":"x"}: new: asked once'),
        (
            [make_run(body=[1])],
            [make_run(body=[1, 2])],
            'acme/app (run) {"prompt":"x"}: output[1]: new: 2',
        ),
        (
            [make_run(body=1)],
            [make_run(0, body=1), make_run(1, body=2)],
            'acme/app (run) {"prompt":"x"}: asked once → asked 2 times',
        ),
        (
            [make_run(body={"a": "x" * 99})],
            [make_run(body={})],
            f'acme/app (run) {{"prompt":"x"}}: output.a: gone: {"x" * 59}…',
        ),
    ],
)
def test_what_a_client_would_notice_is_told(before: list[Any], after: list[Any], told: str) -> None:
    assert compared(before, after) == [told]
