"""Bodies and signatures, correct and forged."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from fakefal.engine.core.signing_keys import SigningKeys
from fakefal.engine.webhooks.signing import Signer, body_of, gateway_id, user_id_of
from fakefal.protocol.webhooks import signed_message
from fakefal.scenario.compiled.webhooks import (
    DEFAULT_WEBHOOK,
    CompiledJwks,
    CompiledWebhook,
    Forgery,
)
from tests.building import exchange, make_call, make_tenant

KEYS = SigningKeys(0, CompiledJwks(), 0)
SIGNER = Signer(KEYS, "user")
BODY = b'{"a":1}'


def sign_body(forgery: Forgery | None) -> tuple[dict[str, str], bytes]:
    headers, body = SIGNER.sign("r", BODY, 1000.9, 0, forgery)
    return dict(headers), body


def test_a_correct_webhook_has_four_headers_and_signs_whole_seconds() -> None:
    headers, body = sign_body(None)
    assert body == BODY
    assert headers == {
        "Content-Type": "application/json",
        "X-Fal-Webhook-Request-Id": "r",
        "X-Fal-Webhook-User-Id": "user",
        "X-Fal-Webhook-Timestamp": "1000",
        "X-Fal-Webhook-Signature": KEYS.sign(signed_message("r", "user", 1000, BODY), 0),
    }


def test_each_forgery_is_wrong_in_one_way() -> None:
    genuine, _ = sign_body(None)
    differing = {}
    for forgery in get_args(Forgery):
        headers, body = sign_body(forgery)
        changed = {name for name in genuine if headers.get(name) != genuine[name]}
        differing[forgery] = (sorted(name.split("-")[-1] for name in changed), body == BODY)
        assert json.loads(body)["a"] == 1
    assert differing == {
        "bad": (["Signature"], True),
        "missing": (["Signature"], True),
        "stale": (["Signature", "Timestamp"], True),
        "unknown-key": (["Signature"], True),
        "altered-body": ([], False),
    }
    assert sign_body("stale")[0]["X-Fal-Webhook-Timestamp"] == "640"


@pytest.mark.parametrize(
    ("key", "seed", "same"), [("a", 0, True), ("b", 0, False), ("a", 1, False)]
)
def test_each_key_has_its_own_user(key: str, seed: int, same: bool) -> None:
    assert (user_id_of("a", 0) == user_id_of(key, seed)) is same
    assert "\n" not in user_id_of(key, seed)


def test_the_gateway_id_is_the_request_id_unless_scripted() -> None:
    tenant = make_tenant(exchange())
    job = tenant.submit(make_call())
    assert gateway_id(job, DEFAULT_WEBHOOK, 0) == job.id
    assert gateway_id(job, CompiledWebhook(gateway_id="mine"), 0) == "mine"
    new = CompiledWebhook(gateway_id="new")
    assert gateway_id(job, new, 0) == gateway_id(job, new, 0) != job.id
    assert len(gateway_id(job, new, 0)) == len(job.id)
    assert json.loads(body_of(job, new, 0))["gateway_request_id"] == gateway_id(job, new, 0)


def test_file_urls_are_those_that_the_caller_can_reach() -> None:
    tenant = make_tenant(exchange(reply={"kind": "image"}))
    call = make_call(webhook="http://127.0.0.1:9/")
    call.public_url = lambda url: url.replace("https://", "http://127.0.0.1:8/")
    job = tenant.submit(call)
    body = body_of(job, DEFAULT_WEBHOOK, 0)
    assert job.rendered.outcome.file_urls
    assert b'"http://127.0.0.1:8/v3b.fal.media/' in body
    assert b"https://" not in body
