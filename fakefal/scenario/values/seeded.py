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


def canonical(value: Json) -> str:
    """JSON in one spelling: sorted keys, compact, ASCII."""
    return _ENCODER.encode(value)


def digest(*parts: str) -> bytes:
    """Thirty-two bytes that depend on the parts and on nothing else."""
    lengths = ",".join([str(len(part)) for part in parts])
    text = f"{lengths};{''.join(parts)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def numbers(*parts: str) -> Iterator[int]:
    """Numbers from 0 to 255 without end, which depend on the parts."""
    block = digest(*parts)
    while True:
        yield from block
        block = hashlib.blake2b(block, digest_size=32).digest()


def _sentence(found: Iterator[int], words: int) -> str:
    chosen = [_WORDS[next(found) % len(_WORDS)] for _ in range(words)]
    return f"{' '.join(chosen).capitalize()}."


def text_about(*parts: str) -> str:
    """Two or three short sentences; the same for the same parts."""
    found = numbers("text", *parts)
    return " ".join(_sentence(found, 5 + next(found) % 6) for _ in range(2 + next(found) % 2))


def reasoning_about(*parts: str) -> str:
    """One sentence; the same for the same parts."""
    return _sentence(numbers("reasoning", *parts), 8)


def generated_text(call: Call, seed: int) -> str:
    """Two or three short sentences; the same for the same input and seed, whatever the way."""
    return text_about(str(seed), call.endpoint.text, canonical(call.input))


def generated_reasoning(call: Call, seed: int) -> str:
    """One sentence, for calls that ask for reasoning."""
    return reasoning_about(str(seed), call.endpoint.text, canonical(call.input))


def generated_seconds(request_id: str) -> float:
    """A plausible inference time, 0.2 to 2.2 seconds, four decimals."""
    return (2_000 + int(request_id[-4:], 16) * 20_000 // 65_536) / 10_000
