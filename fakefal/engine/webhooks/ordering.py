"""Whose turn it is among webhooks that wait for one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fakefal.engine.webhooks.deliveries import Delivery

if TYPE_CHECKING:
    from fakefal.scenario.compiled.index import ExchangeIndex

ExchangeIndexes = tuple["ExchangeIndex", "ExchangeIndex"]


class WebhookOrder:
    """``order`` and ``behind`` of webhooks.

    The orders that count are those of the tenant's exchanges, so gaps in the numbers do not matter;
    an exchange that no call meets holds up all that come after it.
    """

    def __init__(self, indexes: Callable[[], ExchangeIndexes]) -> None:
        self._indexes = indexes
        self._read_indexes: ExchangeIndexes | None = None
        self._orders: tuple[int, ...] = ()
        self._finished_orders: set[int] = set()
        self._finished_labels: set[str] = set()

    def reason_blocked(self, delivery: Delivery) -> str:
        """What a delivery waits for; empty if it may go."""
        plan = delivery.plan
        if plan.behind is not None and f'"{plan.behind}"' not in self._finished_labels:
            return f'it waits for the webhook of "{plan.behind}"'
        if plan.order is not None and (lowest := self._lowest()) < plan.order:
            return f"it waits for the webhook of order {lowest:.0f}"
        return ""

    def record_finished(self, delivery: Delivery) -> None:
        """A delivery is over."""
        self._finished_labels.add(delivery.job.label)
        if delivery.plan.order is not None:
            self._finished_orders.add(delivery.plan.order)

    def _lowest(self) -> float:
        """The lowest order of which no webhook is over yet."""
        indexes = self._indexes()
        if self._read_indexes is None or any(
            a is not b for a, b in zip(indexes, self._read_indexes, strict=True)
        ):
            self._read_indexes = indexes
            self._orders = tuple(sorted(set(_orders_in(indexes))))
        return next(
            (order for order in self._orders if order not in self._finished_orders), math.inf
        )


def _orders_in(indexes: ExchangeIndexes) -> Iterable[int]:
    for index in indexes:
        for exchange in index.exchanges:
            for reply in exchange.replies:
                if reply.webhook is not None and reply.webhook.order is not None:
                    yield reply.webhook.order
