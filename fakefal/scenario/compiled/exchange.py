"""Exchanges made ready, and how near each came to answering a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from fakefal.protocol.core.call import Call
from fakefal.scenario.compiled.reply import GENERATED, Plan
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.matching.condition import Condition, compile_condition, distance
from fakefal.scenario.matching.matchers import Difference

if TYPE_CHECKING:
    from fakefal.scenario.media.assets import Asset
    from fakefal.scenario.model.scenario import Exchange


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An exchange made ready. ``capacity`` is how many calls it answers; None is no limit."""

    exchange: Exchange
    condition: Condition
    plans: tuple[Plan, ...]
    capacity: int | None
    label: str
    place: str = ""

    def plan(self, used: int) -> Plan:
        """The reply for a call that comes after ``used`` others."""
        if used < len(self.plans):
            return self.plans[used]
        if self.exchange.then == "cycle":
            return self.plans[used % len(self.plans)]
        return self.plans[-1]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An exchange that does not answer a call: how far it is, and the first thing that differs."""

    entry: Entry
    distance: float
    difference: Difference

    def __str__(self) -> str:
        place = f" ({self.entry.place})" if self.entry.place else ""
        return f"{self.entry.label}{place}: {self.difference}"


def make_entry(
    exchange: Exchange,
    index: int,
    place: str = "",
    path: tuple[str | int, ...] = (),
    assets: Mapping[str, Asset] = MappingProxyType({}),
) -> Entry:
    """Make an exchange ready; raises PatternError or TemplateError.

    ``assets`` are the files that its replies may refer to, by the names that they use.
    """
    condition = compile_condition(exchange.when)
    if exchange.replies is not None:
        plans = tuple(
            compile_reply(reply, (*path, "replies", number), assets)
            for number, reply in enumerate(exchange.replies)
        )
    elif exchange.reply is not None:
        plans = (compile_reply(exchange.reply, (*path, "reply"), assets),)
    else:
        plans = (GENERATED,)
    capacity = exchange.times
    if exchange.then == "miss":
        capacity = len(plans) if capacity is None else min(capacity, len(plans))
    label = f'"{exchange.id}"' if exchange.id else f"exchanges[{index}]"
    return Entry(exchange, condition, plans, capacity, label, place)


def near_miss(entry: Entry, call: Call, is_used_up: Callable[[Entry], bool]) -> NearMiss:
    """Why an exchange did not answer a call."""
    differences = entry.condition.differences(call)
    if not differences and is_used_up(entry):
        noun = "call" if entry.capacity == 1 else "calls"
        text = f"used up: it has answered {entry.capacity} {noun}"
        differences = [Difference("matches, but is", text, 0.1)]
    return NearMiss(entry, distance(differences), differences[0])
