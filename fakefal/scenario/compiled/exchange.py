"""Compiled exchanges, and how close each came to matching a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakefal.protocol.core.call import Call
from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.matching.condition import Condition, distance
from fakefal.scenario.matching.matchers import Difference

_MAX_DIFFERENCES = 8

if TYPE_CHECKING:
    from fakefal.scenario.model.scenario import Exchange


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExchange:
    """An exchange with its condition and replies compiled.

    ``capacity`` is the number of calls it answers; None is unlimited. ``location`` is the file
    and line where it was written: ``tagline.yaml:3``, or that of ``on(…)``; empty if it is unknown.
    ``label`` is its id in quotes, else the location, else ``exchanges[0]``.
    """

    model: Exchange
    condition: Condition
    replies: tuple[CompiledReply, ...]
    capacity: int | None
    label: str
    location: str = ""

    @property
    def name(self) -> str:
        """The label, with the location unless that is the label: ``"tagline" (x.yaml:3)``."""
        is_labelled = self.location and self.label != self.location
        return f"{self.label} ({self.location})" if is_labelled else self.label

    def reply_for(self, used: int) -> CompiledReply:
        """The reply to the next call, after ``used`` others were answered."""
        if used < len(self.replies):
            return self.replies[used]
        if self.model.then == "cycle":
            return self.replies[used % len(self.replies)]
        return self.replies[-1]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An exchange that did not match a call: its distance, and all differences, as a path and a
    text each."""

    exchange: CompiledExchange
    distance: float
    differences: tuple[Difference, ...]

    @property
    def brief(self) -> str:
        """The exchange, and the first difference."""
        return f"{self.exchange.name}: {self.differences[0]}"

    @property
    def matched(self) -> CompiledExchange:
        """What nearly matched."""
        return self.exchange

    def __str__(self) -> str:
        shown = [str(difference) for difference in self.differences[:_MAX_DIFFERENCES]]
        if (hidden := len(self.differences) - len(shown)) > 0:
            shown.append(f"{hidden} more")
        return f"{self.exchange.name}: {' and '.join(shown)}"


def near_miss(
    exchange: CompiledExchange, call: Call, is_used_up: Callable[[CompiledExchange], bool]
) -> NearMiss:
    """Why an exchange did not answer a call that it did not match, or matched but is used up."""
    differences = exchange.condition.differences(call)
    if not differences and is_used_up(exchange):
        noun = "call" if exchange.capacity == 1 else "calls"
        text = f"used up: it has answered {exchange.capacity} {noun}"
        differences = [Difference("matches, but is", text, 0.1)]
    return NearMiss(exchange, distance(differences), tuple(differences))
