"""What to answer when nothing is written: text that follows from the input, and from it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from fakefal.protocol.core.call import Call, Json

_WORDS = (
    "the a model answers with words that follow from your prompt every time same seed gives same "
    "text so tests can compare it letter by letter small steps make clear code and good names help "
    "readers find their way through quiet systems light moves over water while simple tools do "
    "honest work people ask short questions and read long replies"
).split()


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical_json(value: Json) -> str:
    """JSON in one spelling: sorted keys, compact, ASCII."""
    return _ENCODER.encode(value)


def digest(*parts: str) -> bytes:
    """Thirty-two bytes that depend on the parts and on nothing else."""
    lengths = ",".join([str(len(part)) for part in parts])
    text = f"{lengths};{''.join(parts)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def seeded_numbers(*parts: str) -> Iterator[int]:
    """Numbers from 0 to 255 without end, which depend on the parts."""
    block = digest(*parts)
    while True:
        yield from block
        block = hashlib.blake2b(block, digest_size=32).digest()


def _sentence(numbers: Iterator[int], count: int) -> str:
    words = [_WORDS[next(numbers) % len(_WORDS)] for _ in range(count)]
    return f"{' '.join(words).capitalize()}."


def seeded_text(*parts: str) -> str:
    """Two or three short sentences; the same for the same parts."""
    numbers = seeded_numbers("text", *parts)
    return " ".join(_sentence(numbers, 5 + next(numbers) % 6) for _ in range(2 + next(numbers) % 2))


def seeded_reasoning(*parts: str) -> str:
    """One sentence; the same for the same parts."""
    return _sentence(seeded_numbers("reasoning", *parts), 8)


def text_for_call(call: Call, seed: int) -> str:
    """Two or three short sentences; the same for the same input and seed, whatever the way."""
    return seeded_text(str(seed), call.endpoint.text, canonical_json(call.input))


def reasoning_for_call(call: Call, seed: int) -> str:
    """One sentence, for calls that ask for reasoning."""
    return seeded_reasoning(str(seed), call.endpoint.text, canonical_json(call.input))


def seeded_inference_seconds(request_id: str) -> float:
    """A plausible inference time, 0.2 to 2.2 seconds, four decimals."""
    return (2_000 + int(request_id[-4:], 16) * 20_000 // 65_536) / 10_000
