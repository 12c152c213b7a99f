"""Exchanges in order: finding the one that answers a call, and the nearest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakefal.protocol.core.call import Call, Json
from fakefal.scenario.matching.scalars import pick, scalar_key

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import Entry, NearMiss

_SHELVES = 1000
"""Endpoints for which the choice of exchanges is remembered."""


@dataclass(slots=True)
class _Shelf:
    """The exchanges that an endpoint can meet, looked up by one input field where that helps."""

    entries: list[Entry]
    key_field: str | None = None
    buckets: dict[tuple[str, Json], list[Entry]] = field(default_factory=dict)
    others: list[Entry] = field(default_factory=list)

    def candidates(self, call: Call) -> Sequence[Entry]:
        if self.key_field is None:
            return self.entries
        asked = call.asked
        if not isinstance(asked, dict):
            return self.others
        key = scalar_key(pick(asked, self.key_field))
        return self.others if key is None else self.buckets.get(key, self.others)


class Book:
    """Exchanges in order. Immutable: a change makes a new book."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._shelves: dict[str, _Shelf] = {}

    def find(self, call: Call, is_used_up: Callable[[Entry], bool]) -> Entry | None:
        """The first exchange that matches and is not used up."""
        if not self.entries:
            return None
        for entry in self._shelf(call.endpoint.text).candidates(call):
            if entry.condition.matches(call) and not (
                entry.capacity is not None and is_used_up(entry)
            ):
                return entry
        return None

    def nearest(
        self, call: Call, is_used_up: Callable[[Entry], bool], limit: int = 3
    ) -> list[NearMiss]:
        """The exchanges that were nearest to answering, the nearest first."""
        from fakefal.scenario.compiled.exchange import (
            near_miss,  # a server without scenarios starts sooner
        )

        found = [near_miss(entry, call, is_used_up) for entry in self.entries]
        return sorted(found, key=lambda near: near.distance)[:limit]

    def _shelf(self, endpoint: str) -> _Shelf:
        shelf = self._shelves.get(endpoint)
        if shelf is None:
            shelf = _arrange(
                [
                    entry
                    for entry in self.entries
                    if entry.condition.endpoint is None
                    or entry.condition.endpoint.matches(endpoint)
                ]
            )
            if len(self._shelves) < _SHELVES:
                self._shelves[endpoint] = shelf
        return shelf


def _arrange(entries: list[Entry]) -> _Shelf:
    """Sort exchanges by the input field that most of them give a certain value."""
    shelf = _Shelf(entries)
    counts = Counter(name for entry in entries for name in entry.condition.literals())
    if len(entries) < 4 or not counts:
        return shelf
    chosen, count = counts.most_common(1)[0]
    if count < len(entries) / 2:
        return shelf
    shelf.key_field = chosen
    waiting: list[Entry] = []
    for entry in entries:
        key = entry.condition.literals().get(chosen)
        if key is None:
            for bucket in shelf.buckets.values():
                bucket.append(entry)
            waiting.append(entry)
        else:
            shelf.buckets.setdefault(key, [*waiting]).append(entry)
    shelf.others = waiting
    return shelf
