"""Webhooks as plain data: listed, redelivered, published."""

from __future__ import annotations

import json

import pytest

from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.errors import SettingError
from tests.building import make_tenant
from tests.webhook_delivery import deliver, reject, submit


def test_deliveries_are_listed_as_json_and_redelivered() -> None:
    tenant = make_tenant()
    job = submit(tenant)
    deliver(tenant.webhooks, reject)
    controls = WebhookControls(tenant.webhooks)
    (row,) = controls.deliveries()
    assert json.loads(json.dumps(row)) == row
    assert (row["request_id"], row["state"]) == (job.id, "waiting")
    assert [delivery["request_id"] for delivery in controls.redeliver(job.id)] == [job.id]
    deliver(tenant.webhooks)
    assert [delivery["state"] for delivery in controls.deliveries()] == ["delivered"]


def test_the_jwks_is_listed_even_while_it_is_down_and_can_be_changed() -> None:
    tenant = make_tenant()
    controls = WebhookControls(tenant.webhooks)
    keys = controls.jwks()
    assert controls.publish("down") == keys
    assert tenant.webhooks.signing_keys.next_error_status() == 503
    controls.publish({"keys": 2})
    assert len(controls.jwks()["keys"]) == 2
    assert controls.publish(None) == keys
    controls.rotate()
    assert controls.jwks() != keys


@pytest.mark.parametrize("jwks", ["gone", {"status": 200}, 5])
def test_an_invalid_jwks_setting_is_rejected_with_a_correct_one(jwks: object) -> None:
    with pytest.raises(SettingError, match=r"jwks: .* — "):
        WebhookControls(make_tenant().webhooks).publish(jwks)
