"""Finds the exchange that answers a call, or the nearest ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fakefal.protocol.core.call import Call, Json
from fakefal.scenario.compiled.exchange import CompiledExchange, NearMiss, near_miss
from fakefal.scenario.matching.condition import Condition
from fakefal.scenario.matching.scalars import get_field, scalar_key
from fakefal.scenario.matching.time_budget import CallBudget

_MAX_BUCKETS = 1000
"""Endpoints whose bucket is cached; a caller could send any number of endpoint ids."""


_Candidate = tuple[Condition | None, CompiledExchange]
"""An exchange, and what of its condition the bucket does not imply; None if that is nothing."""


@dataclass(slots=True)
class _Bucket:
    """The exchanges of an endpoint, indexed by one input field where that saves comparisons.

    ``by_key`` has the candidates for each value of ``key_field``, in order and including those that
    do not require it; ``others`` are the candidates for any other value. ``by_text`` repeats those
    of texts, for inputs that are spelled alike.
    """

    others: list[_Candidate]
    key_field: str | None = None
    by_key: dict[tuple[str, Json] | None, list[_Candidate]] = field(default_factory=dict)
    by_text: dict[str, list[_Candidate]] = field(default_factory=dict)


class ExchangeIndex:
    """Exchanges as they were added. Immutable: a changed scenario gets a new index.

    ``in_order`` are the same in the order of matching: those with a higher ``priority`` first.
    """

    def __init__(self, exchanges: Iterable[CompiledExchange] = ()) -> None:
        self.exchanges = tuple(exchanges)
        self.in_order = self.exchanges
        self.priority = max((exchange.model.priority for exchange in self.exchanges), default=0)
        if any(exchange.model.priority for exchange in self.exchanges):
            self.in_order = tuple(
                sorted(self.exchanges, key=lambda exchange: -exchange.model.priority)
            )
        self._buckets: dict[tuple[str, bool], _Bucket] = {}

    def find(
        self, call: Call, is_used_up: Callable[[CompiledExchange], bool]
    ) -> CompiledExchange | None:
        """The first exchange that matches the call and is not used up."""
        if not self.exchanges:
            return None
        is_get = call.via == "run" and call.method == "GET"
        bucket = self._buckets.get((call.endpoint.text, is_get))
        if bucket is None:
            bucket = self._add_bucket(call.endpoint.text, is_get=is_get)
        candidates = bucket.others
        if bucket.key_field is not None:
            value = call.input if call.normalized_input is None else call.normalized_input
            if isinstance(value, dict):
                text = value.get(bucket.key_field)
                if type(text) is str and text in bucket.by_text:
                    candidates = bucket.by_text[text]
                else:
                    key = scalar_key(get_field(value, bucket.key_field))
                    candidates = bucket.by_key.get(key, candidates)
        with CallBudget():
            for condition, exchange in candidates:
                if (condition is None or condition.matches(call)) and not (
                    exchange.capacity is not None and is_used_up(exchange)
                ):
                    return exchange
        return None

    def nearest(
        self, call: Call, is_used_up: Callable[[CompiledExchange], bool], limit: int = 3
    ) -> list[NearMiss]:
        """The exchanges with the smallest distance from the call, the nearest first."""
        with CallBudget():
            near_misses = [near_miss(exchange, call, is_used_up) for exchange in self.in_order]
        return sorted(near_misses, key=lambda near: near.distance)[:limit]

    def _add_bucket(self, endpoint: str, *, is_get: bool) -> _Bucket:
        bucket = _build(
            [
                exchange
                for exchange in self.in_order
                if exchange.condition.is_get is is_get
                and (
                    exchange.condition.endpoint is None
                    or exchange.condition.endpoint.matches(endpoint)
                )
            ]
        )
        if len(self._buckets) < _MAX_BUCKETS:
            self._buckets[endpoint, is_get] = bucket
        return bucket


def _build(exchanges: list[CompiledExchange]) -> _Bucket:
    """Index exchanges by the input field for which most of them require a certain scalar."""
    bucket = _Bucket([_candidate(exchange) for exchange in exchanges])
    counts = Counter(
        name for exchange in exchanges for name in exchange.condition.required_scalars()
    )
    if len(exchanges) < 4 or not counts:
        return bucket
    key_field, count = counts.most_common(1)[0]
    if count < len(exchanges) / 2:
        return bucket
    bucket.key_field = key_field
    bucket.others = []
    for exchange in exchanges:
        key = exchange.condition.required_scalars().get(key_field)
        candidate = _candidate(exchange, key_field)
        if key is None:
            for keyed in bucket.by_key.values():
                keyed.append(candidate)
            bucket.others.append(candidate)
        else:
            bucket.by_key.setdefault(key, [*bucket.others]).append(candidate)
            if isinstance(key[1], str):
                bucket.by_text[key[1]] = bucket.by_key[key]
    return bucket


def _candidate(exchange: CompiledExchange, key_field: str | None = None) -> _Candidate:
    return exchange.condition.beyond_index(key_field), exchange
