"""How the text of a stream is split, and fields that are left out of its events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from fakefal.protocol.core.call import Json
from fakefal.scenario.compiled.reply import Pacing

# A word takes the space before it, as the tokens of language models do.
_WORD = re.compile(r"\s*\S+(?:\s+$)?|\s+$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")


def split_text(text: str, pacing: Pacing) -> list[str]:
    """What each event adds to the text: at least one piece; joined, the pieces are the text."""
    if pacing.chunks is not None:
        return list(pacing.chunks) or [text]
    if pacing.count is not None:
        size, extra = divmod(len(text), pacing.count)
        ends = [index * size + min(index, extra) for index in range(pacing.count + 1)]
        return [text[start:end] for start, end in pairwise(ends)]
    if pacing.by == "char":
        return list(text) or [""]
    pieces = (_LINE if pacing.by == "line" else _WORD).findall(text)
    return pieces or [text]


def omit_fields(body: dict[str, Json], fields: tuple[str, ...]) -> dict[str, Json]:
    """A copy of an object without some top-level fields."""
    return {name: value for name, value in body.items() if name not in fields}


def omit_from_events(events: Iterable[Json], fields: tuple[str, ...]) -> Iterator[Json]:
    """Events without some top-level fields; events that are not objects are unchanged."""
    return (omit_fields(event, fields) if isinstance(event, dict) else event for event in events)
