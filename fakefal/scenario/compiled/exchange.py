"""Exchanges made ready, and how near each came to answering a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from fakefal.protocol.core.call import Call
from fakefal.scenario.compiled.reply import GENERATED, CompiledReply
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.matching.condition import Condition, compile_condition, distance
from fakefal.scenario.matching.matchers import Difference

if TYPE_CHECKING:
    from fakefal.scenario.media.assets import Asset
    from fakefal.scenario.model.scenario import Exchange


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExchange:
    """An exchange made ready. ``capacity`` is how many calls it answers; None is no limit."""

    model: Exchange
    condition: Condition
    replies: tuple[CompiledReply, ...]
    capacity: int | None
    label: str
    location: str = ""

    def reply_for(self, used: int) -> CompiledReply:
        """The reply for a call that comes after ``used`` others."""
        if used < len(self.replies):
            return self.replies[used]
        if self.model.then == "cycle":
            return self.replies[used % len(self.replies)]
        return self.replies[-1]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An exchange that does not answer a call: how far it is, and the first thing that differs."""

    exchange: CompiledExchange
    distance: float
    difference: Difference

    def __str__(self) -> str:
        location = f" ({self.exchange.location})" if self.exchange.location else ""
        return f"{self.exchange.label}{location}: {self.difference}"


def compile_exchange(
    model: Exchange,
    index: int,
    location: str = "",
    path: tuple[str | int, ...] = (),
    assets: Mapping[str, Asset] = MappingProxyType({}),
) -> CompiledExchange:
    """Make an exchange ready; raises PatternError or TemplateError.

    ``assets`` are the files that its replies may refer to, by the names that they use.
    """
    condition = compile_condition(model.when)
    if model.replies is not None:
        replies = tuple(
            compile_reply(reply, (*path, "replies", number), assets)
            for number, reply in enumerate(model.replies)
        )
    elif model.reply is not None:
        replies = (compile_reply(model.reply, (*path, "reply"), assets),)
    else:
        replies = (GENERATED,)
    capacity = model.times
    if model.then == "miss":
        capacity = len(replies) if capacity is None else min(capacity, len(replies))
    label = f'"{model.id}"' if model.id else f"exchanges[{index}]"
    return CompiledExchange(model, condition, replies, capacity, label, location)


def near_miss(
    exchange: CompiledExchange, call: Call, is_used_up: Callable[[CompiledExchange], bool]
) -> NearMiss:
    """Why an exchange did not answer a call."""
    differences = exchange.condition.differences(call)
    if not differences and is_used_up(exchange):
        noun = "call" if exchange.capacity == 1 else "calls"
        text = f"used up: it has answered {exchange.capacity} {noun}"
        differences = [Difference("matches, but is", text, 0.1)]
    return NearMiss(exchange, distance(differences), differences[0])
