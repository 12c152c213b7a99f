"""Finds the exchange that answers a call, or the nearest ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fakefal.protocol.core.call import Call, Json
from fakefal.scenario.compiled.exchange import CompiledExchange, NearMiss, near_miss
from fakefal.scenario.matching.scalars import get_field, scalar_key

_MAX_BUCKETS = 1000
"""Endpoints whose bucket is cached; a caller could send any number of endpoint ids."""


@dataclass(slots=True)
class _Bucket:
    """The exchanges of an endpoint, indexed by one input field where that saves comparisons.

    ``by_key`` has the candidates for each value of ``key_field``, in order and including those that
    do not require it; ``others`` are the candidates for any other value.
    """

    exchanges: list[CompiledExchange]
    key_field: str | None = None
    by_key: dict[tuple[str, Json], list[CompiledExchange]] = field(default_factory=dict)
    others: list[CompiledExchange] = field(default_factory=list)

    def candidates(self, call: Call) -> Sequence[CompiledExchange]:
        if self.key_field is None:
            return self.exchanges
        matcher_input = call.matcher_input
        if not isinstance(matcher_input, dict):
            return self.others
        key = scalar_key(get_field(matcher_input, self.key_field))
        return self.others if key is None else self.by_key.get(key, self.others)


class ExchangeIndex:
    """Exchanges in order of priority. Immutable: a changed scenario gets a new index."""

    def __init__(self, exchanges: Iterable[CompiledExchange] = ()) -> None:
        self.exchanges = tuple(exchanges)
        self._buckets: dict[str, _Bucket] = {}

    def find(
        self, call: Call, is_used_up: Callable[[CompiledExchange], bool]
    ) -> CompiledExchange | None:
        """The first exchange that matches the call and is not used up."""
        if not self.exchanges:
            return None
        for exchange in self._bucket_for(call.endpoint.text).candidates(call):
            if exchange.condition.matches(call) and not (
                exchange.capacity is not None and is_used_up(exchange)
            ):
                return exchange
        return None

    def nearest(
        self, call: Call, is_used_up: Callable[[CompiledExchange], bool], limit: int = 3
    ) -> list[NearMiss]:
        """The exchanges with the smallest distance from the call, the nearest first."""
        near_misses = [near_miss(exchange, call, is_used_up) for exchange in self.exchanges]
        return sorted(near_misses, key=lambda near: near.distance)[:limit]

    def _bucket_for(self, endpoint: str) -> _Bucket:
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            bucket = _build(
                [
                    exchange
                    for exchange in self.exchanges
                    if exchange.condition.endpoint is None
                    or exchange.condition.endpoint.matches(endpoint)
                ]
            )
            if len(self._buckets) < _MAX_BUCKETS:
                self._buckets[endpoint] = bucket
        return bucket


def _build(exchanges: list[CompiledExchange]) -> _Bucket:
    """Index exchanges by the input field for which most of them require a certain scalar."""
    bucket = _Bucket(exchanges)
    counts = Counter(
        name for exchange in exchanges for name in exchange.condition.required_scalars()
    )
    if len(exchanges) < 4 or not counts:
        return bucket
    key_field, count = counts.most_common(1)[0]
    if count < len(exchanges) / 2:
        return bucket
    bucket.key_field = key_field
    unkeyed: list[CompiledExchange] = []
    for exchange in exchanges:
        key = exchange.condition.required_scalars().get(key_field)
        if key is None:
            for keyed in bucket.by_key.values():
                keyed.append(exchange)
            unkeyed.append(exchange)
        else:
            bucket.by_key.setdefault(key, [*unkeyed]).append(exchange)
    bucket.others = unkeyed
    return bucket
