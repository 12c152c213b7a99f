"""Durations as people write them."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.values.durations import MAX_SECONDS, PATTERN, format_duration, parse_duration


def test_a_duration_is_read_as_seconds() -> None:
    table: list[tuple[object, float]] = [
        ("1.5s", 1.5),
        ("300ms", 0.3),
        ("2m", 120),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1d", 86400),
        (" 2 s ", 2),
        ("0s", 0),
        ("0.1s0.2s", 0.3),
        (3, 3),
        (0.25, 0.25),
        (0, 0),
    ]
    wrong = []
    for written, seconds in table:
        if parse_duration(written) != seconds:
            wrong.append((written, parse_duration(written)))
    assert wrong == []


def test_other_values_are_not_durations() -> None:
    table: list[Any] = [
        "",
        "soon",
        "5",
        "s",
        "1.5",
        "-1s",
        "1.s",
        ".5s",
        "5 parsecs",
        "1s,",
        "1S",
        "١s",
        "9" * 400 + "s",
        -1,
        -0.001,
        1e11,
        float("inf"),
        float("nan"),
        True,
        None,
        [],
    ]
    wrong: list[tuple[Any, object]] = []
    for written in table:
        try:
            wrong.append((written, parse_duration(written)))
        except ValueError as error:
            if not str(error).endswith("is not a duration"):
                wrong.append((written, error))
    assert wrong == []


def test_seconds_are_formatted_shortly_and_exactly() -> None:
    table: list[tuple[float, str]] = [
        (0, "0s"),
        (0.3, "300ms"),
        (0.57, "570ms"),
        (0.0005, "0.0005s"),
        (1.5, "1.5s"),
        (60, "60s"),
        (1e-7, "0.0000001s"),
        (1e9, "1000000000s"),
        (90.25, "90.25s"),
    ]
    wrong = []
    for seconds, text in table:
        if format_duration(seconds) != text:
            wrong.append((seconds, format_duration(seconds)))
    assert wrong == []


@given(st.floats(0, MAX_SECONDS))
def test_a_written_duration_is_read_unchanged(seconds: float) -> None:
    text = format_duration(seconds)
    assert parse_duration(text) == seconds
    assert re.search(PATTERN, text)


@given(st.integers(0, 10**9))
def test_whole_milliseconds_are_exact(milliseconds: int) -> None:
    assert parse_duration(f"{milliseconds}ms") == milliseconds / 1000


@given(st.text("0123456789.smhd \n", max_size=5))  # too short to be too long
def test_the_schemas_pattern_agrees_with_the_parser(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError:
        assert not re.search(PATTERN, text)
    else:
        assert re.search(PATTERN, text)
