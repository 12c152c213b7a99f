"""The order of webhooks that wait for one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fakefal.engine.webhooks.deliveries import Delivery

if TYPE_CHECKING:
    from fakefal.scenario.compiled.index import ExchangeIndex

ExchangeIndexes = tuple["ExchangeIndex", "ExchangeIndex"]


class WebhookOrder:
    """Implements ``order`` and ``behind`` of webhooks.

    The orders are read from the tenant's exchanges (``indexes`` returns its own and the loaded
    ones), so gaps in the numbers do not matter. An exchange that no call matches blocks all
    webhooks of a higher order.
    """

    def __init__(self, indexes: Callable[[], ExchangeIndexes]) -> None:
        self._indexes = indexes
        self._read_indexes: ExchangeIndexes | None = None
        self._orders: tuple[int, ...] = ()
        self._finished_orders: set[int] = set()
        self._finished_labels: set[str] = set()

    def reason_blocked(self, delivery: Delivery) -> str:
        """What a delivery waits for; empty if it may be sent."""
        webhook = delivery.webhook
        if webhook.behind is not None and f'"{webhook.behind}"' not in self._finished_labels:
            return f'it waits for the webhook of "{webhook.behind}"'
        if webhook.order is not None and (lowest := self._lowest()) < webhook.order:
            return f"it waits for the webhook of order {lowest:.0f}"
        return ""

    def record_finished(self, delivery: Delivery) -> None:
        """Unblock the deliveries that wait for this one."""
        self._finished_labels.add(delivery.job.label)
        if delivery.webhook.order is not None:
            self._finished_orders.add(delivery.webhook.order)

    def _lowest(self) -> float:
        """The lowest order of which no webhook is finished yet; infinite if there is none."""
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
