from __future__ import annotations

import uuid
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.core.request_ids import RequestIdGenerator, uuid7
from fakefal.protocol.core.call import Call, Via
from tests.building import make_call

calls = st.integers(0, 5).map(lambda number: make_call(input_={"prompt": str(number)}))


def ids_of(ids: RequestIdGenerator, calls_made: list[Call]) -> list[str]:
    return [ids.next_id(call) for call in calls_made]


def name_of(call: Call) -> str:
    return str(call.input["prompt"])


@given(st.integers(min_value=0, max_value=2**130))
def test_an_id_is_a_uuid_of_version_7_of_the_first_day_of_2026(number: int) -> None:
    text = uuid7(number)
    value = uuid.UUID(text)
    assert str(value) == text
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    instant = datetime.fromtimestamp((value.int >> 80) / 1000, tz=timezone.utc)
    assert instant.date().isoformat() == "2026-01-01"


@given(st.lists(calls, max_size=60))
def test_no_id_is_returned_twice(calls_made: list[Call]) -> None:
    ids = ids_of(RequestIdGenerator(0, 1000), calls_made)
    assert len(set(ids)) == len(calls_made)


@given(calls_made=st.lists(calls, max_size=60), max_calls=st.integers(1, 4))
def test_no_id_is_returned_twice_even_if_calls_are_forgotten(
    calls_made: list[Call], max_calls: int
) -> None:
    ids = ids_of(RequestIdGenerator(0, max_calls), calls_made)
    assert len(set(ids)) == len(calls_made)


@given(calls_made=st.lists(calls, max_size=30), data=st.data())
def test_ids_do_not_depend_on_the_order_of_different_calls(
    calls_made: list[Call], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(calls_made))
    first, second = RequestIdGenerator(3, 1000), RequestIdGenerator(3, 1000)
    ids = sorted((name_of(call), first.next_id(call)) for call in calls_made)
    assert ids == sorted((name_of(call), second.next_id(call)) for call in shuffled)


def test_equal_calls_get_the_same_ids_in_every_run() -> None:
    calls_made = [make_call()] * 3
    assert ids_of(RequestIdGenerator(7, 10), calls_made) == ids_of(
        RequestIdGenerator(7, 10), calls_made
    )


@pytest.mark.parametrize(
    "other",
    [
        make_call(input_={"prompt": "other"}),
        make_call(via="run"),
        make_call("fal-ai/any-llm/vision"),
        make_call(input_={"prompt": "hi", "model": "openai/gpt-4o"}),
        make_call(input_=["hi"]),
    ],
    ids=lambda call: f"{call.endpoint} {call.via}",
)
def test_different_calls_get_different_ids(other: Call) -> None:
    assert RequestIdGenerator(0, 10).next_id(make_call()) != RequestIdGenerator(0, 10).next_id(
        other
    )


def test_another_seed_returns_other_ids() -> None:
    assert RequestIdGenerator(0, 10).next_id(make_call()) != RequestIdGenerator(1, 10).next_id(
        make_call()
    )


@pytest.mark.parametrize("via", ["queue", "run", "stream"])
def test_the_order_of_keys_does_not_matter(via: Via) -> None:
    first = RequestIdGenerator(0, 10).next_id(
        make_call(via=via, input_={"a": 1, "b": [{"c": 2, "d": 3}]})
    )
    other = make_call(via=via, input_={"b": [{"d": 3, "c": 2}], "a": 1})
    assert first == RequestIdGenerator(0, 10).next_id(other)


def test_the_number_of_remembered_calls_is_limited() -> None:
    ids = RequestIdGenerator(0, 5)
    ids_of(ids, [make_call(input_={"prompt": str(number)}) for number in range(100)])
    assert len(ids._counts) == 5


def test_replicas_return_different_ids() -> None:
    ids = {RequestIdGenerator(0, 10, name).next_id(make_call()) for name in ("", "a", "b")}
    assert len(ids) == 3
