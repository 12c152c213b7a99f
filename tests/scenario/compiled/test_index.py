"""Finding the exchange that answers a call, and the nearest ones for a miss."""

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


def entry(index: int = 0, **data: Any) -> CompiledExchange:
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
def test_the_index_finds_what_a_plain_scan_would(
    exchanges: list[Data], calls: list[Call], used: set[int]
) -> None:
    entries = [entry(index, **data) for index, data in enumerate(exchanges)]
    spent = {id(found) for index, found in enumerate(entries) if index in used}
    book = ExchangeIndex(entries)
    for to in calls:
        scanned = (
            found
            for found in entries
            if found.condition.matches(to)
            and not (found.capacity is not None and id(found) in spent)
        )
        assert book.find(to, lambda found: id(found) in spent) is next(scanned, None)


def test_the_first_match_wins() -> None:
    entries = [entry(0, when={"input": {"a": 2}}), entry(1), entry(2, when={"input": {"a": 1}})]
    assert ExchangeIndex(entries).find(call({"a": 1}), never) is entries[1]


def test_an_exchange_that_is_used_up_is_skipped() -> None:
    entries = [entry(0, times=1), entry(1)]
    assert ExchangeIndex(entries).find(call(), lambda found: found is entries[0]) is entries[1]


def test_an_exchange_without_limit_is_never_used_up() -> None:
    entries = [entry(0)]
    assert ExchangeIndex(entries).find(call(), always) is entries[0]


def test_an_empty_book_finds_nothing() -> None:
    assert ExchangeIndex().find(call(), never) is None
    assert ExchangeIndex().nearest(call(), never) == []


@pytest.mark.parametrize("prompt", ["p7", "p0", "p11"])
def test_many_exchanges_with_one_field_each_are_told_apart(prompt: str) -> None:
    entries = [entry(n, when={"input": {"prompt": f"p{n}"}}) for n in range(12)]
    found = ExchangeIndex(entries).find(call({"prompt": prompt}), never)
    assert found is entries[int(prompt[1:])]


def test_a_general_exchange_between_special_ones_keeps_its_turn() -> None:
    special = [entry(n, when={"input": {"prompt": "x"}, "via": "run"}) for n in range(4)]
    general = entry(4)
    last = entry(5, when={"input": {"prompt": "x"}})
    book = ExchangeIndex([*special, general, last])
    assert book.find(call({"prompt": "x"}), never) is general
    assert book.find(call("no object"), never) is general


def test_a_field_in_another_unicode_form_is_looked_up_too() -> None:
    entries = [entry(n, when={"input": {"clé": f"v{n}"}}) for n in range(6)]
    assert ExchangeIndex(entries).find(call({"cle\u0301": "v3"}), never) is entries[3]


def test_the_nearest_exchanges_come_first_and_are_three() -> None:
    wanted = ["zzz", "Write a slogan", "Write", "Write a tag"]
    book = ExchangeIndex(
        [entry(n, when={"input": {"prompt": text}}) for n, text in enumerate(wanted)]
    )
    nearest = book.nearest(call({"prompt": "Write a tagline"}), never)
    assert [near.exchange.label for near in nearest] == [
        "exchanges[3]",
        "exchanges[1]",
        "exchanges[2]",
    ]
    assert [near.distance for near in nearest] == sorted(near.distance for near in nearest)
