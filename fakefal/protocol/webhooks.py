"""Webhooks as fal sends them: payload, headers, the message that is signed, JWKS, and retries."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.queue import CANCELLED_ERROR

REQUEST_ID = "X-Fal-Webhook-Request-Id"
USER_ID = "X-Fal-Webhook-User-Id"
TIMESTAMP = "X-Fal-Webhook-Timestamp"
SIGNATURE = "X-Fal-Webhook-Signature"

NOT_JSON = (
    "Response payload is not JSON serializable. Either return a JSON serializable object or use "
    "the queue endpoint to retrieve the response."
)
"""``payload_error`` of an output that is not JSON. Source: documented (docs: Webhooks)."""

TOLERANCE_SECONDS = 300
"""A receiver refuses timestamps further off than this. Source: documented (docs: Webhooks)."""

FIRST_TIMEOUT_SECONDS = 15.0
RETRY_TIMEOUT_SECONDS = 120.0
"""How long a receiver may take: at the first attempt, and at each later one.

Source: documented (protocol.md section 8, newer page).
"""

_CANCELLED = 499

RETRY_PAUSES: dict[int, tuple[float, ...]] = {
    31: tuple(min(10.0 * 2**number, 3600.0) for number in range(31)),
    10: tuple(5.0 * 2**number for number in range(10)),
}
"""The pauses in seconds before each retry, by the number of retries.

31 is the plan of 2026, 10 the older "10 times in 2 hours". The numbers are documented, the pauses
inferred: they grow, the first plan's fill a day and the second's an hour and a half. Source:
protocol.md sections 8 and 16 row 16.
"""


def webhook_body(
    request_id: str, gateway_id: str, outcome: Outcome, payload_error: str | None = None
) -> dict[str, Json]:
    """What is posted when a request has ended.

    ``payload`` is what the result endpoint answers; with ``payload_error`` it is null, as it is for
    a body that is no JSON. A platform failure has its own words as ``error``, a model's the status
    code, and a run that was cancelled says that. Source: documented, inferred for platform failures
    and cancelled runs (protocol.md sections 8 and 16 row 31).
    """
    payload = outcome.body
    if isinstance(payload, bytes) and payload_error is None:
        payload_error = NOT_JSON
    body: dict[str, Json] = {
        "request_id": request_id,
        "gateway_request_id": gateway_id,
        "status": "OK" if outcome.is_success else "ERROR",
    }
    if not outcome.is_success:
        error_text = outcome.error if outcome.error_type else None
        if outcome.status == _CANCELLED:
            error_text = CANCELLED_ERROR
        body["error"] = error_text or f"Invalid status code: {outcome.status}"
    body["payload"] = payload if payload_error is None else None
    if payload_error is not None:
        body["payload_error"] = payload_error
    return body


def signed_message(request_id: str, user_id: str, timestamp: int, body: bytes) -> bytes:
    """The bytes that the signature is over. Source: documented (protocol.md section 8)."""
    parts = (request_id, user_id, str(timestamp), sha256(body).hexdigest())
    return "\n".join(parts).encode()


def public_key(key: bytes, kid: str) -> dict[str, Any]:
    """A key of 32 bytes as an entry of the JWKS.

    Source: documented; ``kid`` inferred (protocol.md section 8).
    """
    x = urlsafe_b64encode(key).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid}
