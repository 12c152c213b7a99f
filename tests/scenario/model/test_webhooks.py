"""Validation of ``webhook`` and ``jwks``."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from fakefal.scenario.model.webhooks import (
    JWKS_WORDS,
    WEBHOOK_WORDS,
    Jwks,
    JwksSpec,
    Webhook,
    WebhookSpec,
    expand_jwks,
    expand_webhook,
)
from tests.scenario.error_types import error_types

WEBHOOK: TypeAdapter[Any] = TypeAdapter(Webhook)
JWKS: TypeAdapter[Any] = TypeAdapter(Jwks)


@pytest.mark.parametrize("word", WEBHOOK_WORDS)
def test_a_word_is_short_for_a_mapping(word: str) -> None:
    for spelling in (word, word.replace("-", "_")):
        spec = expand_webhook(WEBHOOK.validate_python(spelling))
        assert spec == WebhookSpec.model_validate(WEBHOOK_WORDS[word])
        assert spec.model_fields_set


@pytest.mark.parametrize("word", JWKS_WORDS)
def test_a_word_of_jwks_is_short_for_a_mapping(word: str) -> None:
    spec = expand_jwks(JWKS.validate_python(word))
    assert spec == JwksSpec.model_validate(JWKS_WORDS[word])


def test_a_mapping_stays_as_it_is() -> None:
    assert expand_webhook(WEBHOOK.validate_python({"after": "1s"})).after == 1
    assert expand_jwks(JWKS.validate_python({"keys": 2})).keys == 2


def test_a_signature_may_be_written_with_underscores() -> None:
    assert WebhookSpec.model_validate({"signature": "unknown_key"}).signature == "unknown-key"


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"drop": True, "duplicates": 1}, "conflict"),
        ({"before_submit": True, "behind": "a"}, "conflict"),
        ({"every": "1s"}, "companion"),
        ({"forgeries": 2}, "companion"),
        ({"payload_error": 1}, "payload_error"),
    ],
)
def test_invalid_combinations_are_rejected(spec: dict[str, Any], kind: str) -> None:
    assert error_types(WebhookSpec, spec) == [kind]


@pytest.mark.parametrize(
    ("spec", "kind"), [({"times": 2}, "companion"), ({"rotate_after": 0}, "rotation")]
)
def test_invalid_jwks_are_rejected(spec: dict[str, Any], kind: str) -> None:
    assert error_types(JwksSpec, spec) == [kind]
