"""Deterministic bytes and numbers."""

from __future__ import annotations

from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.values.seeded import (
    canonical_json,
    digest,
    seeded_inference_seconds,
    seeded_numbers,
)
from tests.scenario.strategies import JSON


@given(st.uuids().map(str))
def test_an_inference_time_is_plausible_and_follows_from_the_id(request_id: str) -> None:
    seconds = seeded_inference_seconds(request_id)
    assert 0.2 <= seconds <= 2.2
    assert seconds == seeded_inference_seconds(request_id)


@given(st.dictionaries(st.text(), JSON))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_other_parts_have_another_digest(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_half_a_surrogate_pair_has_a_digest_too() -> None:
    assert len(digest("\ud800")) == 32


def test_numbers_go_on_after_the_first_digest() -> None:
    numbers = list(islice(seeded_numbers("a", "b"), 100))
    assert bytes(numbers[:32]) == digest("a", "b")
    assert all(0 <= number <= 255 for number in numbers)
    assert numbers[32:64] not in (numbers[:32], numbers[64:96])
