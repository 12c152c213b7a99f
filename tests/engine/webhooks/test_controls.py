"""What may be asked and changed, as plain data."""

from __future__ import annotations

import json

import pytest

from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.errors import SettingError
from tests.building import make_tenant
from tests.webhook_delivery import deliver, reject, submit


def test_deliveries_are_told_as_json_and_sent_again() -> None:
    tenant = make_tenant()
    job = submit(tenant)
    deliver(tenant.webhooks, reject)
    controls = WebhookControls(tenant.webhooks)
    (told,) = controls.deliveries()
    assert json.loads(json.dumps(told)) == told
    assert (told["request_id"], told["state"]) == (job.id, "waiting")
    assert [it["request_id"] for it in controls.redeliver(job.id)] == [job.id]
    deliver(tenant.webhooks)
    assert [it["state"] for it in controls.deliveries()] == ["delivered"]


def test_keys_are_told_even_while_they_are_down_and_change_when_told() -> None:
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
def test_what_cannot_be_published_is_refused_with_what_would_be_right(jwks: object) -> None:
    with pytest.raises(SettingError, match=r"jwks: .* — "):
        WebhookControls(make_tenant().webhooks).publish(jwks)
