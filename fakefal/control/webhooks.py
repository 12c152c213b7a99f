"""Lists and resends webhooks, and controls the keys that verify them."""

from __future__ import annotations

from typing import Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.tenant import Tenant
from fakefal.engine.webhooks.controls import WebhookControls


def list_webhooks(request: ControlRequest) -> list[dict[str, Any]]:
    """The webhooks that match the query, oldest first."""
    deliveries = WebhookControls(request.tenant.webhooks).deliveries()
    if not request.query:
        return deliveries
    from fakefal.control.schemas import WebhookParameters

    parameters = request.parse_query(WebhookParameters)
    return [
        delivery
        for delivery in deliveries
        if (parameters.state is None or delivery["state"] in parameters.state)
        and (parameters.request_id is None or delivery["request_id"] == parameters.request_id)
    ]


def redeliver_webhooks(request: ControlRequest) -> list[dict[str, Any]]:
    """Send the webhook of one request again, or all that have failed."""
    from fakefal.control.schemas import RedeliverBody

    request_id = request.parse_body(RedeliverBody).request_id
    return WebhookControls(request.tenant.webhooks).redeliver(request_id)


def show_jwks(request: ControlRequest) -> dict[str, Any]:
    """The public keys. Receivers have no API key, so none is required."""
    return WebhookControls(_tenant_or_anonymous(request).webhooks).jwks()


def _tenant_or_anonymous(request: ControlRequest) -> Tenant:
    if request.credential is None and "tenant" not in request.query_parameters:
        return request.engine.fallback_tenant()
    return request.tenant


def publish_jwks(request: ControlRequest) -> dict[str, Any]:
    """Change how the keys are published, as a scenario's ``jwks`` does, or rotate the key."""
    from fakefal.control.schemas import PublishBody

    body = request.parse_body(PublishBody)
    if not body.model_fields_set:
        raise control_error(400, f"the body is empty — send {request.example}")
    webhooks = WebhookControls(request.tenant.webhooks)
    if body.rotate:
        webhooks.rotate()
    return webhooks.publish(body.jwks) if "jwks" in body.model_fields_set else webhooks.jwks()
