"""Compiling ``webhook`` and ``jwks``."""

from __future__ import annotations

import math

from fakefal.protocol.webhooks import NOT_JSON
from fakefal.scenario.compiled.webhooks import DEFAULT_WEBHOOK, CompiledJwks, CompiledWebhook
from fakefal.scenario.compiler.webhooks import compile_jwks, compile_webhook
from fakefal.scenario.model.webhooks import JwksSpec, WebhookSpec


def test_empty_mappings_are_the_defaults() -> None:
    assert compile_webhook(WebhookSpec()) == DEFAULT_WEBHOOK
    assert compile_jwks(None) == compile_jwks(JwksSpec()) == CompiledJwks()


def test_all_fields_of_a_webhook_are_compiled() -> None:
    spec = WebhookSpec.model_validate(
        {
            "after": "1s",
            "duplicates": 2,
            "every": "3s",
            "signature": "stale",
            "forgeries": 4,
            "payload_error": "no",
            "gateway_request_id": "new",
            "order": 5,
            "behind": "a",
        }
    )
    assert compile_webhook(spec) == CompiledWebhook(
        1, 2, 3, False, False, "stale", 4, "no", "new", 5, "a"
    )


def test_words_are_compiled() -> None:
    assert compile_webhook("lost").is_dropped
    assert compile_webhook("early").is_early
    assert compile_webhook("payload_error").payload_error == NOT_JSON
    assert compile_webhook("bad-signature") == CompiledWebhook(forgery="bad", forgeries=math.inf)
    assert compile_jwks("down").status == 503


def test_all_fields_of_jwks_are_compiled() -> None:
    spec = JwksSpec.model_validate(
        {"status": 500, "times": 2, "delay": "1s", "rotate_after": "1h", "keys": 3, "empty": True}
    )
    assert compile_jwks(spec) == CompiledJwks(500, 2, 1, 3600, 3, True)
