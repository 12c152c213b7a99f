"""Deliveries as plain data."""

from __future__ import annotations

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.webhooks.deliveries import Attempt, DeliveryResult, shown_url
from tests.building import make_tenant
from tests.webhook_delivery import URL, latest, submit


@pytest.mark.parametrize(
    ("result", "is_success", "is_final"),
    [
        (DeliveryResult(200), True, False),
        (DeliveryResult(299), True, False),
        (DeliveryResult(300), False, True),
        (DeliveryResult(404), False, False),
        (DeliveryResult(kind="timeout"), False, False),
        (DeliveryResult(kind="refused"), False, True),
    ],
)
def test_the_result_decides_what_follows(
    result: DeliveryResult, is_success: bool, is_final: bool
) -> None:
    assert (result.is_success, result.is_final) == (is_success, is_final)


def test_a_delivery_as_json_has_its_attempts() -> None:
    tenant = make_tenant()
    job = submit(tenant)
    delivery = latest(tenant.webhooks)
    delivery.attempts.append(Attempt(START, 0.25, DeliveryResult(500, "oops")))
    assert delivery.body() == {
        "number": delivery.number,
        "request_id": job.id,
        "url": URL,
        "copy": 0,
        "state": "waiting",
        "why": "",
        "due": "2026-01-01T00:00:00.000000Z",
        "attempts": [
            {
                "at": "2026-01-01T00:00:00.000000Z",
                "seconds": 0.25,
                "status": 500,
                "body": "oops",
                "failure": "",
            }
        ],
    }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.test/x?y=1#z", "http://a.test/x?y=1#z"),
        ("http://u:p@a.test/x", "http://a.test/x"),
        ("http://a.test/x@y", "http://a.test/x@y"),
        ("http://a.test/?fal_key=s&b=2", "http://a.test/?fal_key=redacted&b=2"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, expected: str) -> None:
    assert shown_url(url) == expected
