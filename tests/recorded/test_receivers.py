"""Receivers of webhooks: recipes that work with fal, and ones that fail there, do the same here."""

from __future__ import annotations

import base64
import binascii
import json

from tests.building import exchange, make_tenant
from tests.receivers import verify
from tests.webhook_delivery import deliver, submit


def raw_url_decode(text: str) -> bytes:
    """Go's ``base64.RawURLEncoding``: padding is an error."""
    if "=" in text:
        raise binascii.Error("illegal base64 data at input byte 43")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_receivers_fare_as_with_fal() -> None:
    tenant = make_tenant(exchange({"output": {"b": [1, 2], "a": "ü"}}))
    submit(tenant)
    tenant.clock.advance(60)
    (post,) = deliver(tenant.webhooks)
    now = tenant.webhooks.timestamp()
    keys = tenant.webhooks.signing_keys.jwks(tenant.clock.now())["keys"]
    headers = dict(post.headers)

    # The documented recipe: the raw bytes, and every key of the list.
    assert verify(keys, headers, post.body, now)
    assert verify(keys[:1], headers, post.body, now)

    # JSON.stringify(req.body) of a framework that parsed the body, and Python's compact form.
    parsed = json.loads(post.body)
    for again in (
        json.dumps(parsed, separators=(",", ":"), ensure_ascii=False),
        json.dumps(parsed, separators=(",", ":")),
    ):
        assert not verify(keys, headers, again.encode(), now)

    # A strict decoder refuses x; one that tolerates padding gets the 32 bytes of a key.
    refused = 0
    for key in keys:
        try:
            raw_url_decode(key["x"])
        except binascii.Error:
            refused += 1
        assert len(base64.urlsafe_b64decode(key["x"])) == 32
    assert refused == len(keys) == 2

    # A receiver that only takes the last key of the list fails, as the first one signs.
    assert not verify(keys[-1:], headers, post.body, now)
