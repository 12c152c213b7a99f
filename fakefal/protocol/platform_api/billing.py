"""Costs, permissions and other facts of the platform API.

Source, unless stated otherwise: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from typing import Literal

from fakefal.protocol.core.call import Json

IDEMPOTENCY_SECONDS = 600.0
"""How long the first response to an ``Idempotency-Key`` is repeated."""

Permission = Literal["catalog", "requests", "usage", "billing", "keys", "storage", "serverless"]
"""What an operation needs; ``catalog`` is prices, estimates and workflows."""

_ALL: frozenset[Permission] = frozenset(
    ("catalog", "requests", "usage", "billing", "keys", "storage", "serverless")
)

PRESETS: dict[str, frozenset[Permission]] = {
    "ADMIN": _ALL,
    "FULL": _ALL,
    "READONLY": _ALL,
    "API": frozenset(("catalog", "requests", "storage")),
    "AGENT": frozenset(("catalog", "requests", "storage")),
    "BILLING": frozenset(("catalog", "usage", "billing")),
    "SERVERLESS": frozenset(("catalog", "requests", "serverless")),
    "DEPLOY": frozenset(("catalog", "serverless")),
    "COMPUTE": frozenset(("catalog",)),
}
"""The scopes and presets of keys; READONLY allows no change.

Source: client (fal SDK 1.83, the names), inferred (what each allows).
"""


def cost_fields(quantity: float, unit_price: float) -> dict[str, Json]:
    """The cost of a quantity, without any discount."""
    total = round(quantity * unit_price, 9)
    return {
        "percent_discount": None,
        "cost_subtotal": total,
        "cost_discount": 0,
        "cost_total": total,
    }


def nano_dollars(amount: float) -> int:
    """US dollars in billionths, as ``cost_estimate_nano_usd`` counts."""
    return round(amount * 1_000_000_000)


_MAX_TAGS = 10
_MAX_TAGS_BYTES = 1_024


def read_tags(header: str | None) -> dict[str, str]:
    """The pairs of ``X-Fal-Tags``; those that fal would drop are missing.

    Source: client (docs/reference/protocol.md#request-headers).
    """
    tags: dict[str, str] = {}
    if header is None or len(header.encode("utf-8", "replace")) > _MAX_TAGS_BYTES:
        return tags
    for pair in header.split(","):
        name, equals, value = (part.strip() for part in pair.partition("="))
        is_name = name.replace(".", "").replace("_", "").replace("-", "").isalnum()
        if not (equals and is_name and name.islower() and name.isascii()):
            continue
        if len(name) > 64 or not 0 < len(value) <= 256 or name.startswith("fal."):
            continue
        if len(tags) < _MAX_TAGS:
            tags[name] = value
    return tags
