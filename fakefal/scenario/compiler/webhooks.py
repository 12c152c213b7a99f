"""Compiles ``webhook`` of a reply and ``jwks`` of a scenario."""

from __future__ import annotations

import math

from fakefal.protocol.webhooks import NOT_JSON
from fakefal.scenario.compiled.webhooks import CompiledJwks, CompiledWebhook
from fakefal.scenario.model.webhooks import Jwks, Webhook, expand_jwks, expand_webhook


def compile_webhook(webhook: Webhook) -> CompiledWebhook:
    """``payload_error: true`` gets fal's own text for a result that is not JSON."""
    spec = expand_webhook(webhook)
    error = spec.payload_error
    return CompiledWebhook(
        after_seconds=spec.after or 0.0,
        duplicates=spec.duplicates or 0,
        every_seconds=1.0 if spec.every is None else spec.every,
        is_dropped=spec.drop,
        is_early=spec.before_submit,
        forgery=spec.signature,
        forgeries=math.inf if spec.forgeries is None else spec.forgeries,
        payload_error=NOT_JSON if error is True else error or None,
        gateway_id=spec.gateway_request_id,
        order=spec.order,
        behind=spec.behind,
    )


def compile_jwks(jwks: Jwks | None) -> CompiledJwks:
    """Without ``jwks`` two keys are published and never rotated."""
    if jwks is None:
        return CompiledJwks()
    spec = expand_jwks(jwks)
    return CompiledJwks(
        spec.status or 0,
        spec.times,
        spec.delay or 0.0,
        math.inf if spec.rotate_after is None else spec.rotate_after,
        spec.keys,
        spec.empty,
    )
