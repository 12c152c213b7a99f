"""Orders of the tenant's exchanges, also of those that come later."""

from __future__ import annotations

from fakefal.engine.webhooks.deliveries import Delivery
from fakefal.engine.webhooks.ordering import Turns
from fakefal.scenario.compiled.index import Book
from fakefal.scenario.compiled.webhooks import USUAL, WebhookPlan
from fakefal.scenario.files.loader import load_data
from tests.worlds import exchange, make_call, make_tenant, scenario


def book(*orders: int) -> Book:
    exchanges = [exchange({"text": "x", "webhook": {"order": order}}) for order in orders]
    return Book(load_data(scenario(*exchanges)).entries)


def delivery(plan: WebhookPlan, label: str = "") -> Delivery:
    job = make_tenant(exchange()).submit(make_call())
    job.label = label
    return Delivery(1, job, "http://localhost", plan, 0)


def test_without_an_order_nothing_is_waited_for() -> None:
    books = (book(1), Book())
    assert Turns(lambda: books).obstacle(delivery(USUAL)) == ""


def test_lower_orders_go_first_gaps_do_not_matter() -> None:
    books = (book(5, 50), book(7))
    turns = Turns(lambda: books)
    ordered = {order: delivery(WebhookPlan(order=order)) for order in (5, 7, 50)}
    assert turns.obstacle(ordered[5]) == ""
    assert turns.obstacle(ordered[50]) == "it waits for the webhook of order 5"
    turns.note(ordered[5])
    assert turns.obstacle(ordered[50]) == "it waits for the webhook of order 7"
    turns.note(ordered[7])
    assert turns.obstacle(ordered[50]) == ""


def test_an_exchange_that_is_added_counts_at_once() -> None:
    books = (Book(), Book())
    turns = Turns(lambda: books)
    two = delivery(WebhookPlan(order=2))
    assert turns.obstacle(two) == ""
    books = (book(1), Book())
    assert turns.obstacle(two) != ""


def test_behind_waits_for_an_exchange_by_its_id() -> None:
    turns = Turns(lambda: (Book(), Book()))
    waiting = delivery(WebhookPlan(behind="a"))
    turns.note(delivery(USUAL, '"b"'))
    assert turns.obstacle(waiting) == 'it waits for the webhook of "a"'
    turns.note(delivery(USUAL, '"a"'))
    assert turns.obstacle(waiting) == ""
