"""Embeddings as OpenAI's clients read them, with vectors that follow from the texts alone."""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import shake_256

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.tokens import Usage

_WORD = re.compile(r"\w+|[^\w\s]")
_MAX_WORDS = 5000

_MODEL_DIMENSIONS = {"text-embedding-3-large": 3072, "gemini-embedding-001": 3072}
DEFAULT_DIMENSIONS = 1536


def default_dimensions(model: str) -> int:
    """How long a model's vectors are where the call does not say. Source: inferred."""
    return _MODEL_DIMENSIONS.get(model.rpartition("/")[2], DEFAULT_DIMENSIONS)


def vector_of(text: str, dimensions: int, salt: str = "") -> list[float]:
    """A vector of length one; texts with words in common have vectors that are near.

    The same text always has the same. ``about`` (a model, a seed) gives others.
    """
    words = _WORD.findall(text.lower())[:_MAX_WORDS] or [""]
    total = sum(_lanes(word, dimensions, salt) for word in words)
    sums = struct.unpack(f"<{dimensions}I", total.to_bytes(4 * dimensions, "little"))
    middle = 127.5 * len(words)
    centered = [number - middle for number in sums]
    norm = math.sqrt(sum(number * number for number in centered)) or 1.0
    return to_single_precision([number / norm for number in centered])


@lru_cache(maxsize=512)
def _lanes(word: str, dimensions: int, salt: str) -> int:
    """A number of 32 bits for each dimension, each below 256, all of them in one integer.

    Adding two such integers adds their lanes: a text of many words takes no longer than its
    digests do.
    """
    digest = shake_256(f"{len(salt)};{salt}{word}".encode("utf-8", "surrogatepass"))
    lanes = bytearray(4 * dimensions)
    lanes[::4] = digest.digest(dimensions)
    return int.from_bytes(lanes, "little")


def to_single_precision(vector: Sequence[float]) -> list[float]:
    """The same numbers as base64 can carry them."""
    return list(struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector)))


def embedding_list(
    vectors: Sequence[Sequence[float]], model: str, usage: Usage, *, is_base64: bool
) -> dict[str, Json]:
    """``{"object":"list","data":[{"object":"embedding","index":0,"embedding":[…]}],…}``.

    In base64 a vector is its little-endian single-precision numbers. Source: client (openai 3.54.0
    resources/embeddings.py).
    """
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": _base64(vector) if is_base64 else list(vector),
        }
        for index, vector in enumerate(vectors)
    ]
    return {"object": "list", "data": data, "model": model, "usage": usage.to_embeddings()}


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
