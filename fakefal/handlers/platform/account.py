"""The account: keys, balance, the user behind a key, and facts about the platform.

Source of all routes: documented (docs/reference/platform-api.md), unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.handlers.platform.access import idempotent, require, respond, respond_plainly
from fakefal.protocol.core.call import Json
from fakefal.protocol.platform_api.billing import PRESETS
from fakefal.protocol.platform_api.platform import (
    CURRENCY,
    ListQuery,
    format_instant,
    invalid_query,
    resource_not_found,
)
from fakefal.protocol.storage.storage import missing_authorization, read_fields

_WEBHOOK_RANGES = ["127.0.0.1/32", "::1/128"]
"""fakefal sends webhooks from this machine."""

_DEFAULT_BALANCE = 100.0


async def get_meta(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /meta``: needs no key."""
    return respond({"webhook_ip_ranges": _WEBHOOK_RANGES})


async def create_key(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /keys``: a key that is valid immediately; only this response has its secret."""
    tenant = require(request, "keys")
    fields = read_fields(request.body)
    alias = fields.get("alias")
    if not isinstance(alias, str) or not 1 <= len(alias) <= 255:
        raise invalid_query("alias: a text of 1 to 255 characters")
    scope = fields.get("preset", fields.get("scope", "API"))
    if scope not in PRESETS:
        raise invalid_query(f"preset: one of {', '.join(PRESETS)}")
    key = tenant.issued_keys.issue(tenant.key, alias, tenant.clock.now(), scope)
    body = {"key_id": key.key_id, "key_secret": key.secret, "key": key.token}
    return respond(body, 201)


async def list_keys(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /keys``: the keys created through ``POST /keys``, newest first, without secrets."""
    tenant, query = require(request, "keys"), ListQuery(request.address.query)
    keys = [
        {
            "key_id": key.key_id,
            "alias": key.alias,
            "scope": key.scope,
            "created_at": format_instant(key.created_at),
        }
        for key in tenant.issued_keys.owned_by(tenant.key)
    ]
    page, paging = query.page(keys)
    return respond({"keys": page, **paging})


@idempotent
async def delete_key(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /keys/{id}``: the key is rejected from now on."""
    tenant = require(request, "keys")
    if not tenant.issued_keys.revoke(tenant.key, parts["id"]):
        raise resource_not_found("API key not found")
    return BufferedResponse(204, b"")


async def get_billing(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /account/billing``: user name and balance."""
    tenant, query = require(request, "billing"), ListQuery(request.address.query)
    body: dict[str, Json] = {"username": tenant.files.user}
    if "credits" in query.get_list("expand"):
        body["credits"] = {"current_balance": _balance(tenant), "currency": CURRENCY}
    return respond(body)


def _balance(tenant: Tenant) -> float:
    """The scripted balance; else 0 for an account that is locked for it, and 100."""
    account = tenant.faults.account
    if account.balance is not None:
        return account.balance
    return 0.0 if _lock_reason(tenant) == "exhausted_balance" else _DEFAULT_BALANCE


def _lock_reason(tenant: Tenant) -> str | None:
    """Why the account is locked now; None if it is not."""
    account = tenant.faults.account
    rejection = account.rejection
    is_locked = rejection is not None and tenant.faults.accepted_calls >= account.accepted_calls
    return rejection.name if is_locked and rejection is not None else None


async def get_balance(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET https://rest.fal.ai/billing/user_balance``: a bare number; readable while locked.

    Source: recorded (docs/reference/platform-api.md#rest-host).
    """
    return respond_plainly(_balance(require(request, "billing")))


async def get_user(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET https://rest.fal.ai/users/current``: the account of a key; readable while locked.

    Source: recorded (docs/reference/platform-api.md#rest-host).
    """
    if request.tenant is None:
        raise missing_authorization()
    tenant = require(request, "catalog")
    user, lock_reason = tenant.files.user, _lock_reason(tenant)
    return respond_plainly(
        {
            "user_id": f"fakefal|{user}",
            "id": f"fakefal|{user}",
            "username": user,
            "nickname": user,
            "full_name": user,
            "display_name": user,
            "email": f"{user}@fakefal.invalid",
            "picture": "",
            "provider": "fakefal",
            "is_personal": True,
            "is_locked": lock_reason is not None,
            "lock_reason": lock_reason,
            "teams": [],
        }
    )
