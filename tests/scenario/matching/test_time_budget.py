from __future__ import annotations

from time import perf_counter

import pytest
import regex

from fakefal.scenario.matching.time_budget import CALL_SECONDS, CallBudget, search

BOMB = regex.compile(r"(a|aa)+$")
TEXT = "a" * 200 + "b"


def test_searches_of_one_call_share_a_budget() -> None:
    started_at = perf_counter()
    with CallBudget():
        for _ in range(20):
            with pytest.raises(TimeoutError):
                search(BOMB, TEXT, 0.1)
    assert perf_counter() - started_at < 2 * CALL_SECONDS + 0.3


def test_another_call_has_its_own_budget() -> None:
    with CallBudget(), pytest.raises(TimeoutError):
        search(BOMB, TEXT, 1)
    with CallBudget():
        assert search(regex.compile("b"), TEXT, 1)
        assert not search(regex.compile("c"), TEXT, 1)
    assert search(regex.compile("b"), TEXT, 1)
