"""Words and signs a webhook, rightly or as a scenario wants it forged."""

from __future__ import annotations

from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.core.signing_keys import SigningKeys
from fakefal.engine.queue.job import Job
from fakefal.protocol import webhooks as wire
from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.compiled.webhooks import NEW_GATEWAY_ID, CompiledWebhook, Forgery
from fakefal.scenario.values.seeded import digest

_STALE_SECONDS = 360
"""Six minutes: beyond what a receiver may accept (protocol.md section 8)."""

SignedPost = tuple[tuple[tuple[str, str], ...], bytes]
"""The headers and the body of a post."""


def user_id_of(key: str, seed: int) -> str:
    """The fal user id of a key's owner, an opaque text. Source: inferred form."""
    return f"auth0|{digest('user', str(seed), key).hex()[:24]}"


def gateway_id(job: Job, plan: CompiledWebhook, seed: int) -> str:
    """The id of the attempt that ended a request: the request's own, unless it was retried.

    Source: documented (protocol.md section 8).
    """
    if plan.gateway_id is None:
        return job.gateway_id
    if plan.gateway_id == NEW_GATEWAY_ID:
        return uuid7(int.from_bytes(digest("gateway", str(seed), job.id)[:16], "big"))
    return plan.gateway_id


def body_of(job: Job, plan: CompiledWebhook, seed: int) -> bytes:
    """The body of a job's webhook; the same at each attempt."""
    gateway = gateway_id(job, plan, seed)
    return encode(wire.webhook_body(job.id, gateway, job.rendered.outcome, plan.payload_error))


class Signer:
    """Signs for one user with a keyring."""

    def __init__(self, signing_keys: SigningKeys, user_id: str) -> None:
        self.user_id = user_id
        self._signing_keys = signing_keys

    def sign(
        self, request_id: str, body: bytes, signed_at: float, now: float, forgery: Forgery | None
    ) -> SignedPost:
        """Headers and body; ``stamp`` is the time to tell, ``now`` chooses the key."""
        timestamp = int(signed_at) - (_STALE_SECONDS if forgery == "stale" else 0)
        message = wire.signed_message(request_id, self.user_id, timestamp, body)
        if forgery == "unknown-key":
            signature = self._signing_keys.sign_unknown(message)
        else:
            signature = self._signing_keys.sign(message, now)
        if forgery == "bad":
            signature = _altered(signature)
        if forgery == "altered-body":
            body = body[:-1] + b',"altered":true}'
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
    """Another text of the same form."""
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")
