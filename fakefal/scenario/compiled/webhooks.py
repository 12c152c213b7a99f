"""Compiled ``webhook`` of a reply and ``jwks`` of a scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Forgery = Literal["bad", "missing", "stale", "unknown-key", "altered-body"]


@dataclass(frozen=True, slots=True)
class CompiledWebhook:
    """When and how often the webhook is sent, and what is wrong with it.

    ``forgeries`` is the number of attempts with a forged signature; infinite means all of them. A
    webhook with an ``order`` waits for those with a lower one, one that is ``behind`` for that of
    the exchange with this id.
    """

    after_seconds: float = 0.0
    duplicates: int = 0
    every_seconds: float = 1.0
    is_dropped: bool = False
    is_early: bool = False
    forgery: Forgery | None = None
    forgeries: float = math.inf
    payload_error: str | None = None
    gateway_id: str | None = None
    order: int | None = None
    behind: str | None = None


DEFAULT_WEBHOOK = CompiledWebhook()
"""Of a reply without ``webhook``: sent once, at the end of the job, correctly signed."""

NEW_GATEWAY_ID = "new"
"""As ``gateway_id``: a generated id that differs from the request's."""


@dataclass(frozen=True, slots=True)
class CompiledJwks:
    """How the public keys are published and rotated.

    ``status`` is sent instead of the keys, for the first ``times`` requests or for all (None); 0
    sends the keys. ``keys`` is the number of listed keys, of which the last is in use; None lists
    two, of which the first is. Source: recorded (docs/reference/webhooks.md#jwks)
    """

    status: int = 0
    times: int | None = None
    delay_seconds: float = 0.0
    rotate_seconds: float = math.inf
    keys: int | None = None
    is_empty: bool = False
