"""Builds and signs a webhook, correctly or with the forgery that a scenario asks for."""

from __future__ import annotations

from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.core.signing_keys import SigningKeys
from fakefal.engine.queue.job import Job
from fakefal.protocol import webhooks as wire
from fakefal.scenario.compiled.webhooks import NEW_GATEWAY_ID, CompiledWebhook, Forgery
from fakefal.scenario.values.seeded import digest

_STALE_SECONDS = 360
"""Six minutes; receivers accept at most five (docs/reference/webhooks.md#signature)."""

SignedPost = tuple[tuple[tuple[str, str], ...], bytes]
"""Headers and body."""


def user_id_of(key: str, seed: int) -> str:
    """The fal user id of a key's owner. Source: recorded (docs/reference/webhooks.md#headers)."""
    return f"github|{int.from_bytes(digest('user', str(seed), key)[:4], 'big')}"


def gateway_id(job: Job, webhook: CompiledWebhook, seed: int) -> str:
    """The id of the attempt that ended a request: the request id, unless it was retried.

    Source: documented (docs/reference/webhooks.md#payload)
    """
    if webhook.gateway_id is None:
        return job.gateway_id
    if webhook.gateway_id == NEW_GATEWAY_ID:
        return uuid7(int.from_bytes(digest("gateway", str(seed), job.id)[:16], "big"))
    return webhook.gateway_id


def body_of(job: Job, webhook: CompiledWebhook, seed: int) -> bytes:
    """The body of a job's webhook, the same for each attempt.

    File URLs in it are those that the caller who submitted would get with the result.
    """
    gateway, outcome = gateway_id(job, webhook, seed), job.rendered.outcome
    body = wire.webhook_body(job.id, gateway, outcome, webhook.payload_error)
    payload, public_url = wire.encode_webhook(body), job.call.public_url
    if public_url is not None:
        for url in outcome.file_urls:
            payload = payload.replace(f'"{url}"'.encode(), f'"{public_url(url)}"'.encode())
    return payload


class Signer:
    """Signs the webhooks of one user."""

    def __init__(self, signing_keys: SigningKeys, user_id: str) -> None:
        self.user_id = user_id
        self._signing_keys = signing_keys

    def sign(
        self, request_id: str, body: bytes, signed_at: float, now: float, forgery: Forgery | None
    ) -> SignedPost:
        """Sign a body; ``signed_at`` goes into the timestamp header, ``now`` selects the key."""
        timestamp = int(signed_at) - (_STALE_SECONDS if forgery == "stale" else 0)
        message = wire.signed_message(request_id, self.user_id, timestamp, body)
        if forgery == "unknown-key":
            signature = self._signing_keys.sign_unknown(message)
        else:
            signature = self._signing_keys.sign(message, now)
        if forgery == "bad":
            signature = _altered(signature)
        if forgery == "altered-body":
            body = body[:-1] + b', "altered": true}'
        headers: tuple[tuple[str, str], ...] = (
            ("Content-Type", "application/json"),
            (wire.REQUEST_ID, request_id),
            (wire.USER_ID, self.user_id),
            (wire.TIMESTAMP, str(timestamp)),
        )
        if forgery != "missing":
            headers += ((wire.SIGNATURE, signature),)
        return headers, body


def _altered(signature: str) -> str:
    """A signature of the same form with another last digit."""
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")
