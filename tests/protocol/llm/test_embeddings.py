"""Embeddings that are computed from texts."""

from __future__ import annotations

import base64
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.protocol.llm.embeddings import default_dimensions, embedding_list, vector_of
from fakefal.protocol.llm.tokens import Usage


def similarity(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@settings(max_examples=30)
@given(st.text(max_size=30), st.integers(1, 300))
def test_a_vector_is_of_length_one_and_always_the_same(text: str, dimensions: int) -> None:
    vector = vector_of(text, dimensions)
    assert len(vector) == dimensions
    assert math.isclose(similarity(vector, vector), 1, rel_tol=1e-5)
    assert vector_of(text, dimensions) == vector


def test_texts_with_words_in_common_are_near() -> None:
    cat, dog, rocket = (
        vector_of(text, 512) for text in ("my old cat", "my old dog", "a fast rocket")
    )
    assert similarity(cat, dog) > 0.5
    assert abs(similarity(cat, rocket)) < 0.2


def test_another_model_has_other_vectors() -> None:
    assert vector_of("cat", 8, "one") != vector_of("cat", 8, "other")


def test_a_text_of_many_words_overflows_nothing() -> None:
    vector = vector_of("word " * 10_000, 16)
    assert math.isclose(similarity(vector, vector), 1, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("model", "size"),
    [("openai/text-embedding-3-large", 3072), ("text-embedding-3-small", 1536), ("", 1536)],
)
def test_a_model_has_a_default_size(model: str, size: int) -> None:
    assert default_dimensions(model) == size


def test_base64_encodes_the_same_numbers() -> None:
    vector = vector_of("cat", 4)
    numbers = embedding_list([vector], "m", Usage(1, 0), is_base64=False)
    packed = embedding_list([vector], "m", Usage(1, 0), is_base64=True)
    data = base64.b64decode(packed["data"][0]["embedding"])
    assert list(struct.unpack("<4f", data)) == numbers["data"][0]["embedding"] == vector
    assert numbers["object"] == "list"
    assert numbers["data"][0]["object"] == "embedding"
    assert numbers["usage"] == {"prompt_tokens": 1, "total_tokens": 1, "cost": 0.0}
