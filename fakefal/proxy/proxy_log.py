"""Counts proxy requests to hosts other than fal's, by what was done with them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

from fakefal.proxy.targets import Target

ProxyAction = Literal["tunnelled", "forwarded", "refused", "unreachable"]
_MAX_ENTRIES = 1_000


class ProxyLogEntry(NamedTuple):
    """A host and port, what was done with its requests, and how many there were."""

    host: str
    port: int
    action: ProxyAction
    times: int


class ProxyLog:
    """Counts requests by target and action; the least recent of over 1,000 are dropped."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[Target, ProxyAction], int] = OrderedDict()

    def note(self, target: Target, action: ProxyAction) -> None:
        """Count one request."""
        self._counts[target, action] = self._counts.pop((target, action), 0) + 1
        if len(self._counts) > _MAX_ENTRIES:
            self._counts.popitem(last=False)

    def entries(self) -> list[ProxyLogEntry]:
        """All entries, the most recent last."""
        return [
            ProxyLogEntry(target.host, target.port, action, times)
            for (target, action), times in self._counts.items()
        ]
