from __future__ import annotations

from typing import Any

from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.shadowing import matching_order, shadowed
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.model.scenario import Exchange


def compiled(name: str, **data: Any) -> CompiledExchange:
    return compile_exchange(Exchange.model_validate({"id": name, **data}), 0)


GENERAL = compiled("general", when={"endpoint": "fal-ai/*"})
SPECIAL = compiled("special", when={"endpoint": "fal-ai/flux"})
FIRST = compiled("first", when={"endpoint": "fal-ai/flux"}, priority=1)
ONCE = compiled("once", times=1)


def test_an_earlier_exchange_that_answers_everything_shadows() -> None:
    assert shadowed([GENERAL, SPECIAL]) == [(SPECIAL, GENERAL)]
    assert shadowed([SPECIAL, GENERAL]) == []
    assert shadowed([ONCE, SPECIAL]) == []


def test_a_priority_goes_first_and_own_exchanges_before_loaded_ones() -> None:
    index = ExchangeIndex([GENERAL, FIRST])
    assert index.in_order == (FIRST, GENERAL)
    assert index.exchanges == (GENERAL, FIRST)
    assert shadowed(index.in_order) == []
    own, loaded = ExchangeIndex([GENERAL]), ExchangeIndex([SPECIAL, FIRST])
    assert matching_order(own, loaded) == [FIRST, GENERAL, SPECIAL]
