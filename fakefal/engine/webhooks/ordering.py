"""Whose turn it is among webhooks that wait for one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fakefal.engine.webhooks.deliveries import Delivery

if TYPE_CHECKING:
    from fakefal.scenario.compiled.index import Book

Books = tuple["Book", "Book"]


class Turns:
    """``order`` and ``behind`` of webhooks.

    The orders that count are those of the tenant's exchanges, so gaps in the numbers do not matter;
    an exchange that no call meets holds up all that come after it.
    """

    def __init__(self, books: Callable[[], Books]) -> None:
        self._books = books
        self._read: Books | None = None
        self._orders: tuple[int, ...] = ()
        self._over_orders: set[int] = set()
        self._over_labels: set[str] = set()

    def obstacle(self, delivery: Delivery) -> str:
        """What a delivery waits for; empty if it may go."""
        plan = delivery.plan
        if plan.behind is not None and f'"{plan.behind}"' not in self._over_labels:
            return f'it waits for the webhook of "{plan.behind}"'
        if plan.order is not None and (lowest := self._lowest()) < plan.order:
            return f"it waits for the webhook of order {lowest:.0f}"
        return ""

    def note(self, delivery: Delivery) -> None:
        """A delivery is over."""
        self._over_labels.add(delivery.job.label)
        if delivery.plan.order is not None:
            self._over_orders.add(delivery.plan.order)

    def _lowest(self) -> float:
        """The lowest order of which no webhook is over yet."""
        books = self._books()
        if self._read is None or any(a is not b for a, b in zip(books, self._read, strict=True)):
            self._read = books
            self._orders = tuple(sorted(set(_orders_in(books))))
        return next((it for it in self._orders if it not in self._over_orders), math.inf)


def _orders_in(books: Books) -> Iterable[int]:
    for book in books:
        for entry in book.entries:
            for plan in entry.plans:
                if plan.webhook is not None and plan.webhook.order is not None:
                    yield plan.webhook.order
