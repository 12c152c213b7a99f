"""The large inputs that a journal keeps: bounded in bytes, and equal ones once."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from fakefal.protocol.core.call import Call, Json

LARGE_BYTES: Final = 50_000
"""Inputs below this many characters are only bounded by the number of entries."""

SHOWN_CHARACTERS: Final = 1_000
"""What is kept of each long text of an input that makes room."""

_MAX_PARTS: Final = 5_000


def size_of(value: Json) -> int:
    """About the number of characters in a value; that of its first 5,000 parts."""
    size, parts, stack = 0, 0, [value]
    while stack and parts < _MAX_PARTS:
        inner = stack.pop()
        parts += 1
        if isinstance(inner, str):
            size += len(inner)
        elif isinstance(inner, dict):
            stack.extend(inner.values())
        elif isinstance(inner, list):
            stack.extend(inner)
    return size


def shortened(value: Json, longest: int) -> Json:
    """A value whose texts of more than ``longest`` characters end with their length instead."""
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:SHOWN_CHARACTERS]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {name: shortened(inner, longest) for name, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner, longest) for inner in value]
    return value


class LargeInputs:
    """The calls with large inputs, oldest first.

    Replies are rendered before a call is kept, so that its input is only shown from then on: where
    ``max_bytes`` would be exceeded, the oldest inputs are shortened.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._calls: deque[tuple[Call, int]] = deque()
        self._by_fingerprint: dict[bytes, Any] = {}
        self.size = 0

    def keep(self, call: Call) -> None:
        """Account for the input of a call that is journalled."""
        size = size_of(call.input)
        if size < LARGE_BYTES:
            return
        if call.fingerprint:
            same = self._by_fingerprint.get(call.fingerprint)
            if same is not None:
                call.input = same
                size = 0
            else:
                self._by_fingerprint[call.fingerprint] = call.input
        self._calls.append((call, size))
        self.size += size
        while self.size > self._max_bytes and len(self._calls) > 1:
            self._shorten(*self._calls.popleft())

    def _shorten(self, call: Call, size: int) -> None:
        self._by_fingerprint.pop(call.fingerprint, None)
        call.input = shortened(call.input, SHOWN_CHARACTERS)
        if call.normalized_input is not None:
            call.normalized_input = shortened(call.normalized_input, SHOWN_CHARACTERS)
        self.size -= size
