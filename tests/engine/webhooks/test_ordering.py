"""The order of webhooks, also of exchanges that are added later."""

from __future__ import annotations

from fakefal.engine.webhooks.deliveries import Delivery
from fakefal.engine.webhooks.ordering import WebhookOrder
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.webhooks import DEFAULT_WEBHOOK, CompiledWebhook
from fakefal.scenario.files.loader import load_data
from tests.building import exchange, make_call, make_tenant, scenario


def make_index(*orders: int) -> ExchangeIndex:
    exchanges = [exchange({"text": "x", "webhook": {"order": order}}) for order in orders]
    return ExchangeIndex(load_data(scenario(*exchanges)).exchanges)


def delivery(webhook: CompiledWebhook, label: str = "") -> Delivery:
    job = make_tenant(exchange()).submit(make_call())
    job.label = label
    return Delivery(1, job, "http://localhost", webhook, 0)


def test_without_an_order_nothing_is_blocked() -> None:
    indexes = (make_index(1), ExchangeIndex())
    assert WebhookOrder(lambda: indexes).reason_blocked(delivery(DEFAULT_WEBHOOK)) == ""


def test_lower_orders_are_sent_first_and_gaps_do_not_matter() -> None:
    indexes = (make_index(5, 50), make_index(7))
    order_rules = WebhookOrder(lambda: indexes)
    ordered = {order: delivery(CompiledWebhook(order=order)) for order in (5, 7, 50)}
    assert order_rules.reason_blocked(ordered[5]) == ""
    assert order_rules.reason_blocked(ordered[50]) == "it waits for the webhook of order 5"
    order_rules.record_finished(ordered[5])
    assert order_rules.reason_blocked(ordered[50]) == "it waits for the webhook of order 7"
    order_rules.record_finished(ordered[7])
    assert order_rules.reason_blocked(ordered[50]) == ""


def test_an_added_exchange_counts_immediately() -> None:
    indexes = (ExchangeIndex(), ExchangeIndex())
    order_rules = WebhookOrder(lambda: indexes)
    two = delivery(CompiledWebhook(order=2))
    assert order_rules.reason_blocked(two) == ""
    indexes = (make_index(1), ExchangeIndex())
    assert order_rules.reason_blocked(two) != ""


def test_behind_waits_for_an_exchange_by_its_id() -> None:
    order_rules = WebhookOrder(lambda: (ExchangeIndex(), ExchangeIndex()))
    waiting = delivery(CompiledWebhook(behind="a"))
    order_rules.record_finished(delivery(DEFAULT_WEBHOOK, '"b"'))
    assert order_rules.reason_blocked(waiting) == 'it waits for the webhook of "a"'
    order_rules.record_finished(delivery(DEFAULT_WEBHOOK, '"a"'))
    assert order_rules.reason_blocked(waiting) == ""
