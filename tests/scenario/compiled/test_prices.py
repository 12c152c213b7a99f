"""Token prices of a scenario."""

from __future__ import annotations

import pytest

from fakefal.protocol.llm.prices import DEFAULT_PRICE, PRICES, Price
from fakefal.scenario.compiled.prices import PriceList, build_price_list

LIST = build_price_list(
    {"openai/gpt-4o": {"input": 1}, "acme/*": {"input": 2, "output": 3}, "m?": {}}
)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("openai/gpt-4o", Price(1, 0)),
        ("openai/gpt-4o-mini", PRICES["openai/gpt-4o-mini"]),
        ("acme/large", Price(2, 3)),
        ("m1", Price(0, 0)),
        ("m12", DEFAULT_PRICE),
    ],
)
def test_the_first_price_that_matches_or_the_default(model: str, price: Price) -> None:
    assert LIST.price_of(model) == price


def test_without_prices_all_are_defaults() -> None:
    assert PriceList().price_of("openai/gpt-4o") == PRICES["openai/gpt-4o"]
