"""What the proxy was asked for besides fal: which hosts, how often, and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

from fakefal.proxy.targets import Target

What = Literal["tunnelled", "forwarded", "refused", "unreachable"]
_KEPT = 1_000


class Visit(NamedTuple):
    """A host and port, what was done about it, and how often."""

    host: str
    port: int
    what: What
    times: int


class Visits:
    """Counts them; of more than a thousand, those longest ago are forgotten."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[Target, What], int] = OrderedDict()

    def note(self, target: Target, what: What) -> None:
        """One more."""
        self._counts[target, what] = self._counts.pop((target, what), 0) + 1
        if len(self._counts) > _KEPT:
            self._counts.popitem(last=False)

    def list(self) -> list[Visit]:
        """All that are remembered, the last one last."""
        return [Visit(it.host, it.port, what, n) for (it, what), n in self._counts.items()]
