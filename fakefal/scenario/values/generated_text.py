"""Text for replies that script none: the same input and seed give the same sentences."""

from __future__ import annotations

from collections.abc import Iterator

from fakefal.protocol.core.call import Call
from fakefal.scenario.values.seeded import canonical_json, seeded_numbers

# The list is frozen: tests of users may compare generated texts letter by letter.
_WORDS = (
    "the a model answers with words that follow from your prompt every time same seed gives same "
    "text so tests can compare it letter by letter small steps make clear code and good names help "
    "readers find their way through quiet systems light moves over water while simple tools do "
    "honest work people ask short questions and read long replies"
).split()


def _sentence(numbers: Iterator[int], count: int) -> str:
    words = [_WORDS[next(numbers) % len(_WORDS)] for _ in range(count)]
    return f"{' '.join(words).capitalize()}."


def seeded_text(*parts: str) -> str:
    """Two or three sentences of 5 to 10 words."""
    numbers = seeded_numbers("text", *parts)
    return " ".join(_sentence(numbers, 5 + next(numbers) % 6) for _ in range(2 + next(numbers) % 2))


def seeded_reasoning(*parts: str) -> str:
    """One sentence of 8 words."""
    return _sentence(seeded_numbers("reasoning", *parts), 8)


def text_for_call(call: Call, seed: int) -> str:
    """The generated text of a call; queued, direct and streamed calls get the same."""
    return seeded_text(str(seed), call.endpoint.text, canonical_json(call.input))


def reasoning_for_call(call: Call, seed: int) -> str:
    """The generated reasoning of a call that wants reasoning."""
    return seeded_reasoning(str(seed), call.endpoint.text, canonical_json(call.input))
