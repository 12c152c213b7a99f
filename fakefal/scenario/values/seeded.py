"""Deterministic bytes and numbers: they follow from their parts and from nothing else.

Everything that looks random in fakefal (colours, ids, keys, generated text) comes from here, so
that a run with the same seed is the same on every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from fakefal.protocol.core.call import Json

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical_json(value: Json) -> str:
    """JSON in one spelling: sorted keys, compact, ASCII."""
    return _ENCODER.encode(value)


def digest(*parts: str) -> bytes:
    """A 32-byte BLAKE2b hash; ``("ab", "c")`` and ``("a", "bc")`` have different ones."""
    lengths = ",".join([str(len(part)) for part in parts])
    text = f"{lengths};{''.join(parts)}"
    # surrogatepass: JSON may hold half a surrogate pair ("\ud800"), which UTF-8 cannot encode.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def seeded_numbers(*parts: str) -> Iterator[int]:
    """An endless stream of numbers from 0 to 255."""
    block = digest(*parts)
    while True:
        yield from block
        block = hashlib.blake2b(block, digest_size=32).digest()


def seeded_inference_seconds(request_id: str) -> float:
    """A plausible inference time, 0.2 to 2.2 seconds, with all digits of a float.

    Source: recorded (docs/reference/protocol.md#status).
    """
    return 0.2 + int.from_bytes(digest("inference", request_id)[:6], "big") / 2**47
