"""Exchanges that never answer, because an earlier one answers everything that they match."""

from __future__ import annotations

from collections.abc import Sequence

from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.matching.covers import covers

GO_FIRST = "write on(…, first=True), or priority: 1 in a file"
"""How an exchange goes before others."""

_MAX_COMPARED = 2_000
"""Each exchange is compared with all before it: of this many, two million pairs."""


def matching_order(own: ExchangeIndex, loaded: ExchangeIndex) -> list[CompiledExchange]:
    """All exchanges in the order of matching: by priority, own ones before loaded ones."""
    both = [*own.in_order, *loaded.in_order]
    return sorted(both, key=lambda exchange: -exchange.model.priority)


def shadowing_exchange(
    exchange: CompiledExchange, earlier: Sequence[CompiledExchange]
) -> CompiledExchange | None:
    """The first earlier exchange that leaves no call to this one; None if there is none."""
    for other in earlier:
        if other.capacity is None and covers(other.condition, exchange.condition):
            return other
    return None


def shadowed(
    exchanges: Sequence[CompiledExchange],
) -> list[tuple[CompiledExchange, CompiledExchange]]:
    """Pairs of a shadowed exchange and the one that shadows it; ``exchanges`` in order."""
    pairs = []
    for index, exchange in enumerate(exchanges[:_MAX_COMPARED]):
        other = shadowing_exchange(exchange, exchanges[:index])
        if other is not None:
            pairs.append((exchange, other))
    return pairs
