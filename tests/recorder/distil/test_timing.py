from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.recorder.distil.timing import TOLERANCE_SECONDS, format_seconds, pacing_of
from fakefal.scenario.values.durations import parse_duration


@pytest.mark.parametrize(
    ("times", "pacing"),
    [
        ([], {}),
        ([0.001, 0.002], {}),
        ([0.3], {"first": "300ms"}),
        ([0.3, 0.321, 0.34], {"first": "300ms", "every": "20ms"}),
        ([0.0, 0.1, 0.2], {"every": "100ms"}),
        ([0.3, 0.9, 1.0], {"waits": ["300ms", "600ms", "100ms"]}),
    ],
)
def test_pacing_is_written_in_the_shortest_form(times: list[float], pacing: object) -> None:
    assert pacing_of(times) == pacing


@given(st.lists(st.floats(0, 2), max_size=20))
def test_pacing_is_within_its_tolerance(gaps: list[float]) -> None:
    times = [sum(gaps[: number + 1]) for number in range(len(gaps))]
    pacing = pacing_of(times)
    if "waits" in pacing:
        waits = [parse_duration(wait) for wait in pacing["waits"]]  # type: ignore[attr-defined]
    else:
        first, every = (parse_duration(pacing.get(name, 0)) for name in ("first", "every"))
        waits = [first, *[every] * (len(gaps) - 1)][: len(gaps)]
    for wait, gap in zip(waits, gaps, strict=True):
        assert abs(wait - gap) <= max(TOLERANCE_SECONDS, 0.36 * max(wait, gap)) + 0.001


@pytest.mark.parametrize(("seconds", "text"), [(0.0123456, "12ms"), (1.25, "1.25s"), (-1, "0s")])
def test_durations_are_in_milliseconds(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
