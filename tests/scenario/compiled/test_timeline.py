"""Positions in a timeline, by time and by polls."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.compiled.timeline import (
    DEFAULT_TIMELINE,
    Position,
    Step,
    add_seconds,
    boundary,
    count_poll,
    is_completed,
    walk,
)

SECONDS = st.just(0.0) | st.integers(0, 40).map(lambda tenths: tenths / 10)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["IN_QUEUE", "IN_PROGRESS"]),
        st.integers(0, 3),
        SECONDS,
        forever=st.booleans() | st.just(False),
    ),
    max_size=5,
)
MOVES = st.lists(st.tuples(st.sampled_from(["walk", "poll"]), SECONDS), max_size=12)
BEGIN = 1_767_225_600.0


def moved(steps: list[Step], moves: list[tuple[str, float]], ignore_polls: bool) -> list[Position]:
    """Every position after some moves, each made the given seconds after the previous one."""
    position, now = Position(0, 0, BEGIN), BEGIN
    positions = [position]
    for kind, seconds in moves:
        now = add_seconds(now, seconds)
        move = walk if kind == "walk" else count_poll
        position = move(steps, position, now, ignore_polls=ignore_polls)
        positions.append(position)
    return positions


@given(STEPS, st.lists(SECONDS, max_size=8), st.booleans())
def test_many_small_walks_equal_one_long_walk(
    steps: list[Step], waits: list[float], ignore_polls: bool
) -> None:
    instants = list(accumulate(waits, add_seconds, initial=BEGIN))
    small = Position(0, 0, BEGIN)
    for now in instants:
        small = walk(steps, small, now, ignore_polls=ignore_polls)
    assert small == walk(steps, Position(0, 0, BEGIN), instants[-1], ignore_polls=ignore_polls)


@given(STEPS, MOVES, st.booleans())
def test_a_job_never_goes_backwards(
    steps: list[Step], moves: list[tuple[str, float]], ignore_polls: bool
) -> None:
    positions = moved(steps, moves, ignore_polls)
    order = [(position.step, position.polls) for position in positions]
    assert order == sorted(order)
    entered = [position.entered_at for position in positions]
    assert entered == sorted(entered)


@given(STEPS, MOVES, MOVES, st.booleans())
def test_completed_is_final(
    steps: list[Step],
    moves: list[tuple[str, float]],
    later: list[tuple[str, float]],
    ignore_polls: bool,
) -> None:
    positions = moved(steps, [*moves, *later], ignore_polls)
    over = [position for position in positions if is_completed(steps, position)]
    assert len(set(over)) <= 1
    assert positions[len(positions) - len(over) :] == over


@given(STEPS, MOVES, st.booleans())
def test_no_move_leaves_a_job_in_a_step_that_is_over(
    steps: list[Step], moves: list[tuple[str, float]], ignore_polls: bool
) -> None:
    now = list(accumulate((seconds for _, seconds in moves), add_seconds, initial=BEGIN))[-1]
    position = walk(steps, moved(steps, moves, ignore_polls)[-1], now, ignore_polls=ignore_polls)
    assert boundary(steps, position, ignore_polls=ignore_polls) > now
    if moves:
        assert moved(steps, moves, ignore_polls)[-1] == position


@given(STEPS)
def test_without_polls_to_wait_for_only_forever_keeps_a_job(steps: list[Step]) -> None:
    position = walk(steps, Position(0, 0, BEGIN), BEGIN + 1000, ignore_polls=True)
    first_endless = next((i for i, step in enumerate(steps) if step.forever), len(steps))
    assert position.step == first_endless


@given(STEPS)
def test_enough_polls_complete_every_job_whose_time_has_passed(steps: list[Step]) -> None:
    position = Position(0, 0, BEGIN)
    for poll in range(20):
        position = count_poll(steps, position, BEGIN + 10 * poll)
    first_endless = next((i for i, step in enumerate(steps) if step.forever), len(steps))
    assert position.step == first_endless


def test_by_default_a_job_waits_for_one_poll_and_runs_for_one() -> None:
    first = Position(0, 0, 5.0)
    second = count_poll(DEFAULT_TIMELINE, first, 6.0)
    third = count_poll(DEFAULT_TIMELINE, second, 7.0)
    assert (first.step, second, third) == (0, Position(1, 0, 6.0), Position(2, 0, 7.0))
    assert is_completed(DEFAULT_TIMELINE, third)


def test_time_alone_does_not_end_a_step_that_waits_for_polls() -> None:
    steps = [Step("IN_QUEUE", polls=2, seconds=1.0)]
    assert walk(steps, Position(0, 0, 0.0), 100.0) == Position(0, 0, 0.0)
    assert boundary(steps, Position(0, 0, 0.0)) == math.inf


def test_polls_alone_do_not_end_a_step_that_waits_for_time() -> None:
    steps = [Step("IN_PROGRESS", polls=1, seconds=5.0)]
    position = count_poll(steps, Position(0, 0, 0.0), 1.0)
    assert position == Position(0, 1, 0.0)
    assert boundary(steps, position) == 5.0
    assert walk(steps, position, 4.9) == position
    assert walk(steps, position, 9.0) == Position(1, 0, 5.0)


def test_a_step_ends_with_its_last_poll_if_its_time_has_passed() -> None:
    steps = [Step("IN_PROGRESS", polls=2, seconds=1.0)]
    position = count_poll(steps, count_poll(steps, Position(0, 0, 0.0), 2.0), 3.0)
    assert position == Position(1, 0, 3.0)


def test_a_poll_that_ends_a_step_crosses_the_empty_ones_after_it() -> None:
    steps = [Step("IN_QUEUE", polls=1), Step("IN_QUEUE"), Step("IN_PROGRESS", polls=1)]
    assert count_poll(steps, Position(0, 0, 0.0), 4.0) == Position(2, 0, 4.0)


def test_more_polls_than_needed_do_not_matter() -> None:
    steps = [Step("IN_PROGRESS", polls=1, seconds=5.0), Step("IN_PROGRESS", polls=1)]
    position = Position(0, 0, 0.0)
    for now in (1.0, 2.0, 3.0):
        position = count_poll(steps, position, now)
    assert walk(steps, position, 6.0) == Position(1, 0, 5.0)


def test_steps_without_polls_or_time_are_crossed_immediately() -> None:
    steps = [Step("IN_QUEUE"), Step("IN_PROGRESS"), Step("IN_PROGRESS", seconds=1.0)]
    assert walk(steps, Position(0, 0, 3.0), 3.0) == Position(2, 0, 3.0)


def test_a_boundary_does_not_depend_on_when_it_is_observed() -> None:
    steps = [Step("IN_QUEUE", seconds=1.0), Step("IN_PROGRESS", seconds=2.0)]
    assert walk(steps, Position(0, 0, 0.0), 2.5) == Position(1, 0, 1.0)
    assert walk(steps, Position(0, 0, 0.0), 99.0) == Position(2, 0, 3.0)


def test_ignored_polls_do_not_delay_but_time_does() -> None:
    steps = [Step("IN_QUEUE", polls=3), Step("IN_PROGRESS", polls=3, seconds=2.0)]
    assert boundary(steps, Position(0, 0, 0.0), ignore_polls=True) == 0.0
    assert walk(steps, Position(0, 0, 0.0), 1.0, ignore_polls=True) == Position(1, 0, 0.0)
    assert walk(steps, Position(0, 0, 0.0), 2.0, ignore_polls=True).step == 2


@pytest.mark.parametrize("ignore_polls", [False, True])
def test_a_step_that_lasts_forever_counts_polls_and_never_ends(ignore_polls: bool) -> None:
    steps = [Step("IN_PROGRESS", polls=1, forever=True)]
    position = count_poll(
        steps,
        count_poll(steps, Position(0, 0, 0.0), 1.0, ignore_polls=ignore_polls),
        1e9,
        ignore_polls=ignore_polls,
    )
    assert position == Position(0, 2, 0.0)
    assert boundary(steps, position, ignore_polls=ignore_polls) == math.inf


def test_an_empty_timeline_is_completed_from_the_start() -> None:
    assert is_completed([], Position(0, 0, 0.0))
    assert boundary([], Position(0, 0, 0.0)) == math.inf


@given(st.lists(SECONDS, min_size=1, max_size=20))
def test_waits_add_up_to_the_microsecond(waits: list[float]) -> None:
    one_by_one = list(accumulate(waits, add_seconds, initial=BEGIN))[-1]
    tenths = sum(round(wait * 10) for wait in waits)
    assert one_by_one == add_seconds(BEGIN, tenths / 10)


@given(st.floats(0, 1e10), st.floats(0, 1e10))
def test_adding_seconds_never_goes_back(instant: float, seconds: float) -> None:
    assert add_seconds(instant, seconds) >= instant
