"""Finding the exchange that answers a call, and the nearest ones of a miss."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Call
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiler.exchange import compile_exchange
from tests.scenario.strategies import CALLS, WHENS, Data, call, exchange


def compiled(index: int = 0, **data: Any) -> CompiledExchange:
    return compile_exchange(exchange(**data), index)


def never(_: CompiledExchange) -> bool:
    return False


def always(_: CompiledExchange) -> bool:
    return True


SIMILAR = st.fixed_dictionaries(
    {"input": st.fixed_dictionaries({"prompt": st.sampled_from(["a", "é", 1, True, None, "b"])})},
    optional={"endpoint": st.sampled_from(["fal-ai/any-llm", "fal-ai/*", "me/app"])},
)


@given(
    st.lists(
        st.fixed_dictionaries({"when": WHENS | SIMILAR}, optional={"times": st.just(1)}),
        max_size=12,
    ),
    st.lists(CALLS | st.builds(call, st.sampled_from([{"prompt": "a"}, {"prompt": 1.0}, {}]))),
    st.sets(st.integers(0, 11)),
)
def test_the_index_finds_what_a_linear_search_finds(
    data: list[Data], calls: list[Call], used: set[int]
) -> None:
    exchanges = [compiled(number, **it) for number, it in enumerate(data)]
    used_up = {id(it) for number, it in enumerate(exchanges) if number in used}
    index = ExchangeIndex(exchanges)
    for each in calls:
        matches = (
            it
            for it in exchanges
            if it.condition.matches(each) and not (it.capacity is not None and id(it) in used_up)
        )
        assert index.find(each, lambda it: id(it) in used_up) is next(matches, None)


def test_the_first_match_wins() -> None:
    exchanges = [
        compiled(0, when={"input": {"a": 2}}),
        compiled(1),
        compiled(2, when={"input": {"a": 1}}),
    ]
    assert ExchangeIndex(exchanges).find(call({"a": 1}), never) is exchanges[1]


def test_an_exchange_that_is_used_up_is_skipped() -> None:
    exchanges = [compiled(0, times=1), compiled(1)]
    assert ExchangeIndex(exchanges).find(call(), lambda it: it is exchanges[0]) is exchanges[1]


def test_an_exchange_without_limit_is_never_used_up() -> None:
    exchanges = [compiled(0)]
    assert ExchangeIndex(exchanges).find(call(), always) is exchanges[0]


def test_an_empty_index_finds_nothing() -> None:
    assert ExchangeIndex().find(call(), never) is None
    assert ExchangeIndex().nearest(call(), never) == []


@pytest.mark.parametrize("prompt", ["p7", "p0", "p11"])
def test_many_exchanges_with_one_field_each_are_distinguished(prompt: str) -> None:
    exchanges = [compiled(n, when={"input": {"prompt": f"p{n}"}}) for n in range(12)]
    exchange_of_prompt = ExchangeIndex(exchanges).find(call({"prompt": prompt}), never)
    assert exchange_of_prompt is exchanges[int(prompt[1:])]


def test_a_general_exchange_between_specific_ones_keeps_its_position() -> None:
    special = [compiled(n, when={"input": {"prompt": "x"}, "via": "run"}) for n in range(4)]
    general = compiled(4)
    last = compiled(5, when={"input": {"prompt": "x"}})
    index = ExchangeIndex([*special, general, last])
    assert index.find(call({"prompt": "x"}), never) is general
    assert index.find(call("no object"), never) is general


def test_a_field_in_another_unicode_form_is_looked_up_too() -> None:
    exchanges = [compiled(n, when={"input": {"clé": f"v{n}"}}) for n in range(6)]
    assert ExchangeIndex(exchanges).find(call({"cle\u0301": "v3"}), never) is exchanges[3]


def test_the_nearest_exchanges_come_first_and_are_three() -> None:
    prompts = ["zzz", "Write a slogan", "Write", "Write a tag"]
    index = ExchangeIndex(
        [compiled(n, when={"input": {"prompt": text}}) for n, text in enumerate(prompts)]
    )
    nearest = index.nearest(call({"prompt": "Write a tagline"}), never)
    assert [near.exchange.label for near in nearest] == [
        "exchanges[3]",
        "exchanges[1]",
        "exchanges[2]",
    ]
    assert [near.distance for near in nearest] == sorted(near.distance for near in nearest)
