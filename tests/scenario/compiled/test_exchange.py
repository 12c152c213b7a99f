"""Exchanges made ready, and why one did not answer."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiler.exchange import compile_exchange
from tests.scenario.strategies import Data, call, exchange


def entry(index: int = 0, **data: Any) -> CompiledExchange:
    return compile_exchange(exchange(**data), index)


def never(_: CompiledExchange) -> bool:
    return False


def always(_: CompiledExchange) -> bool:
    return True


@pytest.mark.parametrize(
    ("data", "capacity"),
    [
        ({}, None),
        ({"times": 3}, 3),
        ({"replies": [{}, {}]}, None),
        ({"replies": [{}, {}], "then": "cycle"}, None),
        ({"replies": [{}, {}], "then": "miss"}, 2),
        ({"replies": [{}, {}], "then": "miss", "times": 1}, 1),
        ({"replies": [{}], "then": "miss", "times": 5}, 1),
    ],
)
def test_times_and_then_limit_how_many_calls_are_answered(data: Data, capacity: int | None) -> None:
    assert entry(**data).capacity == capacity


@pytest.mark.parametrize(("then", "order"), [("last", [0, 1, 2, 2, 2]), ("cycle", [0, 1, 2, 0, 1])])
def test_replies_are_used_in_turn(then: str, order: list[int]) -> None:
    found = entry(replies=[{"text": "a"}, {"text": "b"}, {"text": "c"}], then=then)
    assert [found.replies.index(found.reply_for(used)) for used in range(5)] == order


@pytest.mark.parametrize(("data", "label"), [({"id": "x"}, '"x"'), ({}, "exchanges[4]")])
def test_an_exchange_is_called_by_its_id_or_its_number(data: Data, label: str) -> None:
    assert entry(4, **data).label == label


def test_a_near_miss_tells_label_place_and_first_difference() -> None:
    found = compile_exchange(exchange(id="tagline", when={"via": "run"}), 0, "line 6 of x.yaml")
    (near,) = ExchangeIndex([found]).nearest(call(), never)
    assert str(near) == '"tagline" (line 6 of x.yaml): via is queue, wanted run'


@pytest.mark.parametrize(("times", "noun"), [(1, "1 call"), (2, "2 calls")])
def test_an_exchange_that_is_used_up_is_the_nearest_and_says_so(times: int, noun: str) -> None:
    book = ExchangeIndex([entry(0, when={"via": "run"}), entry(1, times=times)])
    (near, _) = book.nearest(call(), always)
    assert str(near) == f"exchanges[1]: matches, but is used up: it has answered {noun}"
