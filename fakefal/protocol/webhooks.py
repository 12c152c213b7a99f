"""fal's webhooks: body, header names, signed message, JWKS and retry delays."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from json import dumps
from typing import Any

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.queue import CANCELLED_ERROR, CANCELLED_STATUS

REQUEST_ID = "X-Fal-Webhook-Request-Id"
USER_ID = "X-Fal-Webhook-User-Id"
TIMESTAMP = "X-Fal-Webhook-Timestamp"
SIGNATURE = "X-Fal-Webhook-Signature"

NOT_JSON = (
    "Response payload is not JSON serializable. Either return a JSON serializable object or use "
    "the queue endpoint to retrieve the response."
)
"""``payload_error`` of an output that is not JSON.

Source: documented (docs/reference/webhooks.md#payload).
"""

TOLERANCE_SECONDS = 300
"""The greatest age of a timestamp that receivers should accept.

Source: documented (docs/reference/webhooks.md#signature).
"""

FIRST_TIMEOUT_SECONDS = 15.0
RETRY_TIMEOUT_SECONDS = 120.0
"""Timeouts of the first attempt and of each retry.

Source: documented (docs/reference/webhooks.md#delivery).
"""

_RECORDED_PAUSES = (2.5, 39.0, 75.0, 55.0, 190.0, 340.0)

RETRY_PAUSES: dict[int, tuple[float, ...]] = {
    31: (*_RECORDED_PAUSES, *(min(680.0 * 2**number, 3600.0) for number in range(25))),
    10: tuple(5.0 * 2**number for number in range(10)),
}
"""Seconds before each retry, by the number of retries.

31 retries are fal's policy of 2026, 10 the older "10 times in 2 hours". Source: documented numbers;
the first six pauses of 2026 are recorded, the others inferred
(docs/reference/open-questions.md#webhook-retries).
"""


def webhook_body(
    request_id: str, gateway_id: str, outcome: Outcome, payload_error: str | None = None
) -> dict[str, Json]:
    """The body of a webhook.

    ``payload`` is the body of the result, or null if there is a ``payload_error`` or the result is
    not JSON. ``error`` is null after a success, else the text of a platform failure, the status
    code of a model failure, or "Request was cancelled". Source: documented, recorded; platform
    failures and cancelled requests are inferred (docs/reference/webhooks.md#payload,
    docs/reference/open-questions.md#webhook-of-a-cancelled-request).
    """
    payload = outcome.body
    if isinstance(payload, bytes) and payload_error is None:
        payload_error = NOT_JSON
    body: dict[str, Json] = {
        "request_id": request_id,
        "gateway_request_id": gateway_id,
        "status": "OK" if outcome.is_success else "ERROR",
        "error": None,
    }
    if not outcome.is_success:
        error_text = outcome.error if outcome.error_type else None
        if outcome.status == CANCELLED_STATUS:
            error_text = CANCELLED_ERROR
        body["error"] = error_text or f"Invalid status code: {outcome.status}"
    body["payload"] = payload if payload_error is None else None
    if payload_error is not None:
        body["payload_error"] = payload_error
    return body


def encode_webhook(body: Json) -> bytes:
    """The bytes of a webhook: keys sorted at every level, ``", "`` and ``": "`` between.

    Source: recorded (docs/reference/webhooks.md#payload).
    """
    return dumps(body, sort_keys=True).encode()


def signed_message(request_id: str, user_id: str, timestamp: int, body: bytes) -> bytes:
    """The bytes that are signed. Source: documented (docs/reference/webhooks.md#signature)."""
    parts = (request_id, user_id, str(timestamp), sha256(body).hexdigest())
    return "\n".join(parts).encode()


def public_key(key: bytes, kid: str) -> dict[str, Any]:
    """The JWK of a public Ed25519 key of 32 bytes (RFC 8037).

    fal pads ``x``, against the RFC. Source: recorded (docs/reference/webhooks.md#jwks).
    """
    x = urlsafe_b64encode(key).decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "use": "sig"}
