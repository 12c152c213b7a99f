"""Compiled exchanges, and why one did not match."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiled.exchange import CompiledExchange, near_miss
from fakefal.scenario.compiler.exchange import compile_exchange
from tests.scenario.strategies import call, exchange


def compiled(index: int = 0, location: str = "", **data: Any) -> CompiledExchange:
    return compile_exchange(exchange(**data), index, location)


@pytest.mark.parametrize(("then", "order"), [("last", [0, 1, 2, 2, 2]), ("cycle", [0, 1, 2, 0, 1])])
def test_replies_are_used_one_after_another(then: str, order: list[int]) -> None:
    three = compiled(replies=[{"text": "a"}, {"text": "b"}, {"text": "c"}], then=then)
    assert [three.replies.index(three.reply_for(used)) for used in range(5)] == order


def test_a_near_miss_shows_label_location_and_first_difference() -> None:
    tagline = compiled(0, "x.yaml:6", id="tagline", when={"via": "run"})
    near = near_miss(tagline, call(), lambda _: False)
    assert str(near) == '"tagline" (x.yaml:6): via is queue, wanted run'


@pytest.mark.parametrize(("times", "noun"), [(1, "1 call"), (2, "2 calls")])
def test_an_exchange_that_matches_but_is_used_up_says_so(times: int, noun: str) -> None:
    near = near_miss(compiled(1, times=times), call(), lambda _: True)
    assert str(near) == f"exchanges[1]: matches, but is used up: it has answered {noun}"
    assert 0 < near.distance < 1
