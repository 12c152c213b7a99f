"""What the proxy was asked for besides fal: which hosts, how often, and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

from fakefal.proxy.targets import Target

ProxyAction = Literal["tunnelled", "forwarded", "refused", "unreachable"]
_MAX_ENTRIES = 1_000


class ProxyLogEntry(NamedTuple):
    """A host and port, what was done about it, and how often."""

    host: str
    port: int
    action: ProxyAction
    times: int


class ProxyLog:
    """Counts them; of more than a thousand, those longest ago are forgotten."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[Target, ProxyAction], int] = OrderedDict()

    def note(self, target: Target, action: ProxyAction) -> None:
        """One more."""
        self._counts[target, action] = self._counts.pop((target, action), 0) + 1
        if len(self._counts) > _MAX_ENTRIES:
            self._counts.popitem(last=False)

    def entries(self) -> list[ProxyLogEntry]:
        """All that are remembered, the last one last."""
        return [
            ProxyLogEntry(target.host, target.port, action, times)
            for (target, action), times in self._counts.items()
        ]
