"""Webhooks of a tenant, and the keys that verify them."""

from __future__ import annotations

from typing import Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.tenant import Tenant
from fakefal.engine.webhooks.controls import WebhookControls


def list_webhooks(request: ControlRequest) -> list[dict[str, Any]]:
    """The webhooks that are asked for, oldest first."""
    deliveries = WebhookControls(request.tenant).deliveries()
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
    """Send one request's webhook again, or all that failed so far."""
    from fakefal.control.schemas import RedeliverBody

    request_id = request.parse_body(RedeliverBody).request_id
    return WebhookControls(request.tenant).redeliver(request_id)


def show_jwks(request: ControlRequest) -> dict[str, Any]:
    """The public keys; receivers have no key of fal's, with one its tenant is meant."""
    return WebhookControls(_tenant_or_anonymous(request)).jwks()


def _tenant_or_anonymous(request: ControlRequest) -> Tenant:
    if request.credential is None and "tenant" not in request.query_parameters:
        return request.engine.fallback_tenant()
    return request.tenant


def publish_jwks(request: ControlRequest) -> dict[str, Any]:
    """Publish the keys as ``jwks`` of a scenario says, or sign with a new one."""
    from fakefal.control.schemas import PublishBody

    body = request.parse_body(PublishBody)
    if not body.model_fields_set:
        raise control_error(400, f"say what is to change — send {request.example}")
    webhooks = WebhookControls(request.tenant)
    if body.rotate:
        webhooks.rotate()
    return webhooks.publish(body.jwks) if "jwks" in body.model_fields_set else webhooks.jwks()
