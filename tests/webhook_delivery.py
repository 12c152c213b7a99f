"""Delivers webhooks to a function instead of over HTTP, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from fakefal.engine.queue.job import Job
from fakefal.engine.tenant import Tenant
from fakefal.engine.webhooks.deliveries import Delivery, DeliveryResult, WebhookRequest
from fakefal.engine.webhooks.scheduler import WebhookScheduler
from tests.building import make_call

URL = "http://127.0.0.1:9/hook"

Receiver = Callable[[WebhookRequest], DeliveryResult]


def accept(_: WebhookRequest) -> DeliveryResult:
    """A receiver that accepts every webhook."""
    return DeliveryResult(200, "ok")


def reject(_: WebhookRequest) -> DeliveryResult:
    """A receiver that fails every webhook."""
    return DeliveryResult(500, "no")


def submit(tenant: Tenant, prompt: str = "hi", url: str = URL) -> Job:
    """Submit a call with a webhook."""
    return tenant.submit(make_call(input_={"prompt": prompt}, webhook=url))


def deliver(webhooks: WebhookScheduler, receive: Receiver = accept) -> list[WebhookRequest]:
    """Send all requests that are due now."""
    posts = []
    while (post := webhooks.due()) is not None:
        posts.append(post)
        webhooks.on_attempt_done(post, receive(post))
    return posts


def run_out(webhooks: WebhookScheduler, receive: Receiver = accept) -> list[WebhookRequest]:
    """Move a manual clock from one due instant to the next until nothing is due."""
    posts = deliver(webhooks, receive)
    while (due := webhooks.next_due()) < float("inf"):
        webhooks.clock.advance(max(0.0, due - webhooks.clock.now()))
        posts += deliver(webhooks, receive)
    return posts


def stages(webhooks: WebhookScheduler) -> list[str]:
    """The stage of each delivery."""
    return [delivery.stage for delivery in webhooks.deliveries]


def latest(webhooks: WebhookScheduler) -> Delivery:
    """The newest delivery."""
    return webhooks.deliveries[-1]
