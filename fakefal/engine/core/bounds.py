"""What happens at a limit: the newcomer is refused and counted, nothing alive is dropped."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from fakefal.protocol.core import headers as names
from fakefal.protocol.errors.errors import ApiError

_LOG = logging.getLogger("fakefal")

GRACE_SECONDS: Final = 60.0
"""How long a finished request, whose result nobody has read, is kept although it is in the way: its
subscriber has seen COMPLETED and is about to read it."""

RESCAN_SECONDS: Final = 1.0
"""After a search among many for something idle has failed, the next one is this much later."""

MANY: Final = 500
"""Fewer than these are searched every time."""


class Bounds:
    """Counts what the limits of a server have refused, by the name of the limit."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()

    def refuse(self, limit: str, reason: str) -> ApiError:
        """The 429 of a newcomer; ``limit`` is a field of ``Limits``.

        The log gets the first refusal of each limit, then the 10th, the 100th and so on.
        """
        self.refused[limit] += 1
        count = self.refused[limit]
        if str(count).strip("0") == "1":
            _LOG.warning("refused for the %d. time: %s (limit %s)", count, reason, limit)
        headers = ((names.NEEDS_RETRY, "1"), ("Retry-After", "1"))
        detail = f"{reason} — raise the limit with --limit {limit}=NUMBER"
        return ApiError(429, {"detail": detail, "type": "fakefal_limit"}, headers, hint=detail)

    def lines(self) -> list[str]:
        """One line for each limit that refused something, for summaries."""
        return [
            f"{count} refused by the limit of {limit} — raise it with --limit {limit}=NUMBER"
            for limit, count in sorted(self.refused.items())
        ]
