"""Token estimates, and usages in every format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.llm.tokens import Usage, estimate_tokens

TEXT = st.text(max_size=40)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), (" \n\t", 0), ("Ship it.", 3), ("extraordinary", 3), ("naïve 船", 4), ('{"a":1}', 7)],
)
def test_a_token_is_six_letters_or_any_other_sign(text: str, count: int) -> None:
    assert estimate_tokens(text) == count


@given(TEXT, TEXT)
def test_tokens_of_two_texts_add_up(one: str, other: str) -> None:
    assert estimate_tokens(f"{one} {other}") == estimate_tokens(one) + estimate_tokens(other)


@given(TEXT)
def test_there_are_never_more_tokens_than_characters(text: str) -> None:
    assert 0 <= estimate_tokens(text) <= len(text)


USAGE = Usage(40, 227, 7, 0.0005795)


def test_the_routers_usage_is_that_of_the_documented_example() -> None:
    assert list(USAGE.to_router().items()) == [
        ("total_tokens", 267),
        ("cost", 0.0005795),
        ("prompt_tokens", 40),
        ("completion_tokens", 227),
    ]


def test_openais_usages_have_the_cost_added() -> None:
    assert USAGE.to_chat()["cost"] == USAGE.to_responses()["cost"] == 0.0005795
    assert USAGE.to_chat()["completion_tokens_details"] == {"reasoning_tokens": 7}
    assert USAGE.to_responses()["output_tokens_details"] == {"reasoning_tokens": 7}
    assert USAGE.to_embeddings() == {"prompt_tokens": 40, "total_tokens": 267, "cost": 0.0005795}
