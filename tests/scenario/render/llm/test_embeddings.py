"""Outcomes of calls for embeddings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.llm_calls import EMBEDDINGS, outcome_of


def vectors(body: dict[str, Any]) -> list[Any]:
    return [item["embedding"] for item in body["data"]]


def test_vectors_are_generated_from_the_texts() -> None:
    input_ = {"model": "m", "input": ["a", "b", "a"], "dimensions": 4}
    body = outcome_of({}, input_, EMBEDDINGS).outcome.body
    one, two, three = vectors(body)
    assert one == three != two
    assert len(one) == 4
    assert [item["index"] for item in body["data"]] == [0, 1, 2]
    assert body["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([0.5, 1], [[0.5, 1.0], [0.5, 1.0]]),
        ([[0.5], [0.25]], [[0.5], [0.25]]),
        ([[0.5]], [[0.5], [0.5]]),
    ],
)
def test_vectors_may_be_scripted(output: Any, expected: Any) -> None:
    body = outcome_of(
        {"output": output}, {"model": "m", "input": ["a", "b"]}, EMBEDDINGS
    ).outcome.body
    assert vectors(body) == expected


def test_a_scripted_body_is_returned_unchanged() -> None:
    scripted = {"object": "list", "data": [], "usage": {"prompt_tokens": 9, "cost": 2.0}}
    rendered = outcome_of({"output": scripted}, {"model": "m", "input": "a"}, EMBEDDINGS)
    assert rendered.outcome.body == scripted
    assert rendered.cost == 2.0


@pytest.mark.parametrize("output", ["text", [], ["a"], [True], [[1, "a"]]])
def test_other_outputs_are_not_vectors(output: Any) -> None:
    generated = outcome_of({}, {"model": "m", "input": "a"}, EMBEDDINGS).outcome.body
    body = outcome_of({"output": output}, {"model": "m", "input": "a"}, EMBEDDINGS).outcome.body
    assert body == generated


@pytest.mark.parametrize("dimensions", [0, -1, True, "8", 10**9, None])
def test_invalid_dimensions_are_ignored(dimensions: Any) -> None:
    input_ = {"model": "m", "input": "a", "dimensions": dimensions}
    body = outcome_of({}, input_, EMBEDDINGS).outcome.body
    assert len(vectors(body)[0]) == 1536
