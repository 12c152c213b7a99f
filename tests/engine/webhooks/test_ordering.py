"""Orders of the tenant's exchanges, also of those that come later."""

from __future__ import annotations

from fakefal.engine.webhooks.deliveries import Delivery
from fakefal.engine.webhooks.ordering import WebhookOrder
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.webhooks import DEFAULT_WEBHOOK, CompiledWebhook
from fakefal.scenario.files.loader import load_data
from tests.building import exchange, make_call, make_tenant, scenario


def book(*orders: int) -> ExchangeIndex:
    exchanges = [exchange({"text": "x", "webhook": {"order": order}}) for order in orders]
    return ExchangeIndex(load_data(scenario(*exchanges)).exchanges)


def delivery(plan: CompiledWebhook, label: str = "") -> Delivery:
    job = make_tenant(exchange()).submit(make_call())
    job.label = label
    return Delivery(1, job, "http://localhost", plan, 0)


def test_without_an_order_nothing_is_waited_for() -> None:
    books = (book(1), ExchangeIndex())
    assert WebhookOrder(lambda: books).reason_blocked(delivery(DEFAULT_WEBHOOK)) == ""


def test_lower_orders_go_first_gaps_do_not_matter() -> None:
    books = (book(5, 50), book(7))
    turns = WebhookOrder(lambda: books)
    ordered = {order: delivery(CompiledWebhook(order=order)) for order in (5, 7, 50)}
    assert turns.reason_blocked(ordered[5]) == ""
    assert turns.reason_blocked(ordered[50]) == "it waits for the webhook of order 5"
    turns.record_finished(ordered[5])
    assert turns.reason_blocked(ordered[50]) == "it waits for the webhook of order 7"
    turns.record_finished(ordered[7])
    assert turns.reason_blocked(ordered[50]) == ""


def test_an_exchange_that_is_added_counts_at_once() -> None:
    books = (ExchangeIndex(), ExchangeIndex())
    turns = WebhookOrder(lambda: books)
    two = delivery(CompiledWebhook(order=2))
    assert turns.reason_blocked(two) == ""
    books = (book(1), ExchangeIndex())
    assert turns.reason_blocked(two) != ""


def test_behind_waits_for_an_exchange_by_its_id() -> None:
    turns = WebhookOrder(lambda: (ExchangeIndex(), ExchangeIndex()))
    waiting = delivery(CompiledWebhook(behind="a"))
    turns.record_finished(delivery(DEFAULT_WEBHOOK, '"b"'))
    assert turns.reason_blocked(waiting) == 'it waits for the webhook of "a"'
    turns.record_finished(delivery(DEFAULT_WEBHOOK, '"a"'))
    assert turns.reason_blocked(waiting) == ""
