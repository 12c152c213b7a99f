"""What a scenario says about webhooks, made ready: a reply's ``webhook`` and the ``jwks``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fakefal.scenario.model.webhooks import Jwks, JwksSpec, Webhook, WebhookSpec

Forgery = Literal["bad", "missing", "stale", "unknown-key", "altered-body"]


@dataclass(frozen=True, slots=True)
class CompiledWebhook:
    """How the webhook of one reply behaves.

    ``forgeries`` is how many attempts carry the forged signature; infinite means all. An ``order``
    waits for all lower ones of the tenant's exchanges, ``behind`` for the exchange of that id.
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
"""What a webhook does of which nothing is said."""

NEW_GATEWAY_ID = "new"
"""Stands for a gateway id that differs from the request's."""


@dataclass(frozen=True, slots=True)
class CompiledJwks:
    """How the keys are published and how they change.

    ``status`` 0 means that they are; another is answered instead, ``times`` times if that is not
    None. ``keys`` is how many are listed; the one in use is the last.
    """

    status: int = 0
    times: int | None = None
    delay_seconds: float = 0.0
    rotate_seconds: float = math.inf
    keys: int = 1
    is_empty: bool = False


def compile_webhook(webhook: Webhook) -> CompiledWebhook:
    """A word or mapping of a reply as a plan."""
    from fakefal.protocol.webhooks import NOT_JSON
    from fakefal.scenario.model.webhooks import expand_webhook  # models are pydantic's

    spec: WebhookSpec = expand_webhook(webhook)
    error = spec.payload_error
    return CompiledWebhook(
        after_seconds=spec.after or 0.0,
        duplicates=spec.duplicates or 0,
        every_seconds=1.0 if spec.every is None else spec.every,
        is_dropped=spec.drop,
        is_early=spec.before_submit,
        forgery=spec.signature,
        forgeries=math.inf if spec.forgeries is None else spec.forgeries,
        payload_error=NOT_JSON if error is True else error or None,
        gateway_id=spec.gateway_request_id,
        order=spec.order,
        behind=spec.behind,
    )


def compile_jwks(jwks: Jwks | None) -> CompiledJwks:
    """A word or mapping of ``jwks`` as a plan; without one the keys are there and stay."""
    if jwks is None:
        return CompiledJwks()
    from fakefal.scenario.model.webhooks import expand_jwks

    spec: JwksSpec = expand_jwks(jwks)
    return CompiledJwks(
        spec.status or 0,
        spec.times,
        spec.delay or 0.0,
        math.inf if spec.rotate_after is None else spec.rotate_after,
        spec.keys or 1,
        spec.empty,
    )
