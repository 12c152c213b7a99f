from __future__ import annotations

from typing import Any

import pytest

from fakefal.recorder.output.comparison import changes
from fakefal.scenario.files.loader import load_data
from tests.recorder.talking import Job, made, run

DONE = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}


def compared(before: list[Any], after: list[Any], **more: Any) -> list[str]:
    left, right = (load_data(made(*it).data) for it in (before, after))
    return [str(change) for change in changes(left, right, **more)]


def test_ids_and_times_do_not_count() -> None:
    one = Job().submitted().polled(0.1, "IN_PROGRESS").polled(0.2, "COMPLETED").ended(0.3, DONE)
    two = Job(id_="another").submitted().polled(0.4, "IN_PROGRESS").polled(0.9, "COMPLETED")
    two.ended(1.0, DONE)
    assert compared(one.captures, two.captures) == []
    told = compared(one.captures, two.captures, times=True)
    assert told == [
        'fal-ai/any-llm (queue) {"prompt":"x"}: timeline[1].IN_PROGRESS.for: 50ms → 200ms'
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            [run(answer={"a": 1})],
            [run(answer={"a": 2})],
            'acme/app (run) {"prompt":"x"}: output.a: 1 → 2',
        ),
        ([run(answer=1)], [], 'acme/app (run) {"prompt":"x"}: gone: asked once'),
        ([], [run(answer=1)], 'acme/app (run) {"prompt":"x"}: new: asked once'),
        (
            [run(answer=[1])],
            [run(answer=[1, 2])],
            'acme/app (run) {"prompt":"x"}: output[1]: new: 2',
        ),
        (
            [run(answer=1)],
            [run(0, answer=1), run(1, answer=2)],
            'acme/app (run) {"prompt":"x"}: asked once → asked 2 times',
        ),
        (
            [run(answer={"a": "x" * 99})],
            [run(answer={})],
            f'acme/app (run) {{"prompt":"x"}}: output.a: gone: {"x" * 59}…',
        ),
    ],
)
def test_what_a_client_would_notice_is_told(before: list[Any], after: list[Any], told: str) -> None:
    assert compared(before, after) == [told]
