"""Embeddings of the OpenAI-compatible endpoint, computed from the words of a text."""

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
    """The length of a model's vectors unless the call sets it. Source: inferred."""
    return _MODEL_DIMENSIONS.get(model.rpartition("/")[2], DEFAULT_DIMENSIONS)


def vector_of(text: str, dimensions: int, salt: str = "") -> list[float]:
    """A deterministic unit vector. Texts with common words have near vectors.

    ``salt`` (a model, a seed) selects another embedding.
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
    """A digest of a word as one integer with a lane of 32 bits, below 256, for each dimension.

    Adding two such integers adds all dimensions at the speed of big integers.
    """
    digest = shake_256(f"{len(salt)};{salt}{word}".encode("utf-8", "surrogatepass"))
    lanes = bytearray(4 * dimensions)
    lanes[::4] = digest.digest(dimensions)
    return int.from_bytes(lanes, "little")


def to_single_precision(vector: Sequence[float]) -> list[float]:
    """Round to single precision, the precision of base64 responses."""
    return list(struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector)))


def embedding_list(
    vectors: Sequence[Sequence[float]], model: str, usage: Usage, *, is_base64: bool
) -> dict[str, Json]:
    """``{"object":"list","data":[{"object":"embedding","index":0,"embedding":[…]}],…}``.

    A base64 vector is the little-endian single-precision numbers. Source: client (openai 3.54.0
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
