"""Storage: the defaults of new files, access lists, and signed URLs.

Source of all routes: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.files.store import StoredFile
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import HttpResponse, Request
from fakefal.handlers.platform.access import require, respond
from fakefal.protocol.core.call import Json
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.platform_api.platform import invalid_query, resource_not_found
from fakefal.protocol.storage.file_acl import Acl, Lifecycle, parse_acl, parse_lifecycle
from fakefal.protocol.storage.storage import (
    MAX_SIGNED_SECONDS,
    file_id_in,
    read_fields,
)


async def get_settings(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /storage/settings``: lifetime and access list of new files."""
    return respond(_settings(require(request, "storage")))


async def set_settings(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT /storage/settings``: for files that are stored from now on and have no own."""
    tenant = require(request, "storage")
    lifecycle = parse_lifecycle(read_fields(request.body))
    if lifecycle is None:
        raise invalid_query(
            "expiration_duration_seconds: a number, or initial_acl: {default, rules}"
        )
    tenant.files.default_lifecycle = lifecycle
    return respond(_settings(tenant))


def _settings(tenant: Tenant) -> Json:
    lifecycle: Lifecycle = tenant.files.default_lifecycle
    seconds = lifecycle.expiration_seconds
    return {
        "expiration_duration_seconds": None if seconds is None else int(seconds),
        "initial_acl": _acl_body(lifecycle.acl),
    }


def _acl_body(acl: Acl) -> Json:
    rules = [{"user": user, "decision": decision} for user, decision in acl.rules]
    return {"default": acl.default, "rules": rules}


async def get_acl(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /storage/files/acl?url=…``: the access list of a file."""
    tenant = require(request, "storage")
    return respond(_acl_body(_file(request, tenant).acl))


async def set_acl(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT /storage/files/acl?url=…``: replaces the access list of a file."""
    tenant = require(request, "storage")
    acl = parse_acl(read_fields(request.body))
    if acl is None:
        raise invalid_query("default: allow, forbid or hide, and rules: [{user, decision}]")
    file = _file(request, tenant)
    tenant.files.set_acl(file.stored_url.id, acl)
    return respond(_acl_body(acl))


async def sign_file(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /storage/files/sign?url=…``: a URL with which anybody may read the file."""
    tenant = require(request, "storage")
    seconds = read_fields(request.body).get("expiration_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise invalid_query("expiration_seconds: a whole number of seconds")
    if not 1 <= seconds <= MAX_SIGNED_SECONDS:
        raise invalid_query(f"expiration_seconds: from 1 to {MAX_SIGNED_SECONDS}")
    file = _file(request, tenant)
    token, _ = tenant.tokens.issue("read", seconds, file_id=file.stored_url.id)
    signed_url = f"{request.public_url(file.stored_url.url)}?identity={token}"
    return respond({"signed_url": signed_url})


def _file(request: Request, tenant: Tenant) -> StoredFile:
    """The caller's file with the URL in the query; raises a 400 without one, and the 404."""
    url = request.parameter("url")
    if not url:
        raise invalid_query("url: the URL of a file")
    file_id = file_id_in(url.partition("?")[0].rpartition("/")[2])
    try:
        if file_id is not None:
            return tenant.files.find(file_id)
    except ApiError:
        pass
    raise resource_not_found("File not found")
