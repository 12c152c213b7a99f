"""Ends generated text where the input says: at a stop sequence, or after a number of tokens."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.tokens import first_tokens

_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
"""The first of these that the input has applies; ``max_tokens`` is the older name."""


def limit_text(text: str, body: Mapping[str, Json]) -> tuple[str, str]:
    """The text up to its end, and the ``finish_reason``: ``stop`` or ``length``.

    A stop sequence is not part of the text. Tokens are counted as for the usage.
    """
    stops = body.get("stop")
    ends = [
        position
        for stop in ([stops] if isinstance(stops, str) else stops or ())
        if isinstance(stop, str) and stop and (position := text.find(stop)) >= 0
    ]
    text = text[: min(ends, default=len(text))]
    limit = token_limit(body)
    shortened = text if limit is None else first_tokens(text, limit)
    return shortened, "stop" if shortened == text else "length"


def token_limit(body: Mapping[str, Json]) -> int | None:
    """The most tokens of the text; None for no limit."""
    for name in _LIMITS:
        limit = body.get(name)
        if isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1:
            return limit
    return None
