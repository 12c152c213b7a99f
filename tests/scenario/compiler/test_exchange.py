"""Compiling exchanges."""

from __future__ import annotations

import pytest

from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.reply import GENERATED
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.templates.templates import TemplateError
from tests.scenario.strategies import Data, exchange


def compiled(index: int, data: Data) -> CompiledExchange:
    return compile_exchange(exchange(**data), index, path=("exchanges", index))


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
def test_times_and_then_limit_the_number_of_calls(data: Data, capacity: int | None) -> None:
    assert compiled(0, data).capacity == capacity


def test_an_exchange_without_a_reply_generates_its_output() -> None:
    assert compiled(0, {}).replies == (GENERATED,)


@pytest.mark.parametrize(("data", "label"), [({"id": "x"}, '"x"'), ({}, "exchanges[4]")])
def test_the_label_is_the_id_or_the_index(data: Data, label: str) -> None:
    assert compiled(4, data).label == label


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"reply": {"text": "{{ nope }}"}}, ("exchanges", 0, "reply", "text")),
        ({"replies": [{}, {"text": "{{ nope }}"}]}, ("exchanges", 0, "replies", 1, "text")),
    ],
)
def test_an_error_has_its_path_in_the_scenario(data: Data, path: tuple[str | int, ...]) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(0, data)
    assert caught.value.path == path
