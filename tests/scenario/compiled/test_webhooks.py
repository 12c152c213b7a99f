"""The defaults of webhooks and their keys."""

from __future__ import annotations

from fakefal.scenario.compiled.webhooks import DEFAULT_WEBHOOK, CompiledJwks


def test_by_default_a_webhook_is_sent_once_and_correctly() -> None:
    webhook = DEFAULT_WEBHOOK
    assert (webhook.is_dropped, webhook.is_early, webhook.after_seconds) == (False, False, 0)
    assert (webhook.duplicates, webhook.forgery, webhook.payload_error) == (0, None, None)


def test_by_default_two_keys_are_published() -> None:
    jwks = CompiledJwks()
    assert (jwks.status, jwks.keys, jwks.is_empty) == (0, None, False)
