"""Prices of models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.prices import DEFAULT_PRICE, FREE_PRICE, PRICES, Price, default_price
from fakefal.protocol.llm.tokens import Usage


def test_the_documented_example_costs_what_it_says() -> None:
    assert default_price("google/gemini-2.5-flash").cost(40, 227) == 0.0005795


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("openai/gpt-4o", PRICES["openai/gpt-4o"]),
        ("openai/gpt-4o:nitro", PRICES["openai/gpt-4o"]),
        ("openai/gpt-4o:free", FREE_PRICE),
        ("acme/unknown", DEFAULT_PRICE),
        ("", DEFAULT_PRICE),
    ],
)
def test_a_model_has_its_price_by_name(model: str, price: Price) -> None:
    assert default_price(model) == price


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_charge_changes_nothing_but_the_cost(prompt: int, completion: int) -> None:
    charged = Price(1, 2).charge(Usage(prompt, completion, 3))
    assert charged == Usage(prompt, completion, 3, round((prompt + 2 * completion) / 1e6, 12))
