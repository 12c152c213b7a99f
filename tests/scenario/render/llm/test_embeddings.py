"""How calls for embeddings end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.speeches import EMBEDDINGS, outcome_of


def vectors(body: dict[str, Any]) -> list[Any]:
    return [it["embedding"] for it in body["data"]]


def test_vectors_are_made_of_the_texts() -> None:
    asked = {"model": "m", "input": ["a", "b", "a"], "dimensions": 4}
    body = outcome_of({}, asked, EMBEDDINGS).outcome.body
    one, two, three = vectors(body)
    assert one == three != two
    assert len(one) == 4
    assert [it["index"] for it in body["data"]] == [0, 1, 2]
    assert body["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ([0.5, 1], [[0.5, 1.0], [0.5, 1.0]]),
        ([[0.5], [0.25]], [[0.5], [0.25]]),
        ([[0.5]], [[0.5], [0.5]]),
    ],
)
def test_vectors_may_be_scripted(output: Any, found: Any) -> None:
    body = outcome_of(
        {"output": output}, {"model": "m", "input": ["a", "b"]}, EMBEDDINGS
    ).outcome.body
    assert vectors(body) == found


def test_a_scripted_whole_is_given_as_it_is() -> None:
    whole = {"object": "list", "data": [], "usage": {"prompt_tokens": 9, "cost": 2.0}}
    ending = outcome_of({"output": whole}, {"model": "m", "input": "a"}, EMBEDDINGS)
    assert ending.outcome.body == whole
    assert ending.cost == 2.0


@pytest.mark.parametrize("output", ["text", [], ["a"], [True], [[1, "a"]]])
def test_what_is_no_vector_is_not_taken_for_one(output: Any) -> None:
    made = outcome_of({}, {"model": "m", "input": "a"}, EMBEDDINGS).outcome.body
    found = outcome_of({"output": output}, {"model": "m", "input": "a"}, EMBEDDINGS).outcome.body
    assert found == made


@pytest.mark.parametrize("wish", [0, -1, True, "8", 10**9, None])
def test_a_wish_for_no_size_is_none(wish: Any) -> None:
    body = outcome_of({}, {"model": "m", "input": "a", "dimensions": wish}, EMBEDDINGS).outcome.body
    assert len(vectors(body)[0]) == 1536
