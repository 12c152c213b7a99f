"""Webhooks of a tenant, and the keys that verify them."""

from __future__ import annotations

from typing import Any

from fakefal.control.requests import Asked, refused
from fakefal.engine.tenant import Tenant
from fakefal.engine.webhooks.controls import WebhookControls


def listed(asked: Asked) -> list[dict[str, Any]]:
    """The webhooks that are asked for, oldest first."""
    found = WebhookControls(asked.tenant).told()
    if not asked.query:
        return found
    from fakefal.control.schemas import WebhookParameters

    given = asked.parameters(WebhookParameters)
    return [
        it
        for it in found
        if (given.state is None or it["state"] in given.state)
        and (given.request_id is None or it["request_id"] == given.request_id)
    ]


def redeliver(asked: Asked) -> list[dict[str, Any]]:
    """Send one request's webhook again, or all that failed so far."""
    from fakefal.control.schemas import Redeliver

    request_id = asked.read_as(Redeliver).request_id
    return WebhookControls(asked.tenant).redeliver(request_id)


def jwks(asked: Asked) -> dict[str, Any]:
    """The public keys; receivers have no key of fal's, with one its tenant is meant."""
    return WebhookControls(_tenant_or_nobody(asked)).jwks()


def _tenant_or_nobody(asked: Asked) -> Tenant:
    if asked.credential is None and "tenant" not in asked.given:
        return asked.engine.nobody()
    return asked.tenant


def publish(asked: Asked) -> dict[str, Any]:
    """Publish the keys as ``jwks`` of a scenario says, or sign with a new one."""
    from fakefal.control.schemas import Publish

    given = asked.read_as(Publish)
    if not given.model_fields_set:
        raise refused(400, f"say what is to change — send {asked.example}")
    webhooks = WebhookControls(asked.tenant)
    if given.rotate:
        webhooks.rotate()
    return webhooks.publish(given.jwks) if "jwks" in given.model_fields_set else webhooks.jwks()
