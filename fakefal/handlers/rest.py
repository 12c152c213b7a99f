"""rest.fal.ai: where uploads begin, and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.engine.files.store import Host
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import Answer, Request, Response
from fakefal.protocol.core import hosts
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import WireError, model_error_item
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.protocol.storage.storage import (
    GRANT_SECONDS,
    MAX_TOKEN_SECONDS,
    STORAGE_TYPES,
    TOKEN_SECONDS,
    bad_storage_type,
    header_required,
    read_asked,
    read_fields,
    read_seconds,
    token_body,
)

_HOST: Host = "v3b.fal.media"


async def initiate(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /storage/upload/initiate``: where to put a file, and where it will be.

    Source: protocol.md sections 10.1, 10.4.
    """
    return _begin(request, is_multipart=False)


async def initiate_multipart(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /storage/upload/initiate-multipart``: the same for bytes in parts.

    Source: protocol.md section 10.2.
    """
    return _begin(request, is_multipart=True)


def _begin(request: Request, *, is_multipart: bool) -> Answer:
    tenant = _tenant(request)
    request.meet(tenant, "upload")
    storage_type = _storage_type(request)
    upload = tenant.uploads.begin(
        _HOST,
        read_asked(request.body),
        read_lifecycle(request.headers),
        is_multipart=is_multipart,
        # The SDK puts "/1" behind the whole URL of this way, so it can have no query.
        is_signed=storage_type != "gcs",
    )
    tenant.note("upload", 200, f"begun: {upload.asked.name} as {upload.place.path}")
    query = f"?{upload.query}" if upload.query else ""
    upload_url = request.reachable(f"https://{_HOST}/files/upload/{upload.id}{query}")
    body = {"upload_url": upload_url, "file_url": request.reachable(upload.place.url)}
    return Response(200, encode(body))


async def storage_token(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /storage/auth/token``: the token with which bytes go to the CDN.

    Source: protocol.md section 10.3.
    """
    tenant = _tenant(request)
    request.meet(tenant, "token")
    _storage_type(request)
    fields = read_fields(request.body)
    seconds = read_seconds(fields, "expiration_seconds", TOKEN_SECONDS, MAX_TOKEN_SECONDS)
    token, expires_at = tenant.tokens.issue("cdn", seconds)
    tenant.note("token", 200, f"for the CDN, {seconds:g} seconds")
    base_url = request.reachable(f"https://{hosts.MEDIA}")
    return Response(200, encode(token_body(token, base_url, expires_at)))


async def tokens(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /tokens/``: a token for apps, as a bare JSON string.

    Source: protocol.md sections 9.2, 16 row 19.
    """
    return _grant(request, "token_expiration", MAX_TOKEN_SECONDS)


async def realtime_token(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /tokens/realtime``: the same, asked for in either of two bodies.

    Source: protocol.md sections 9.3, 16 row 18.
    """
    return _grant(request, "duration", MAX_TOKEN_SECONDS)


def _grant(request: Request, duration: str, most: float) -> Answer:
    tenant = _tenant(request)
    request.meet(tenant, "token")
    fields = read_fields(request.body)
    apps = _apps(fields)
    name = duration if duration in fields else "token_expiration"
    seconds = read_seconds(fields, name, GRANT_SECONDS, most)
    token, _ = tenant.tokens.issue("apps", seconds, apps=apps)
    tenant.note("token", 200, f"for {', '.join(apps)}, {seconds:g} seconds")
    return Response(200, encode(token))


def _apps(fields: Mapping[str, Any]) -> list[str]:
    """The aliases that a token is asked for: a list of them or of apps, or one endpoint."""
    name = "app" if "app" in fields else "allowed_apps"
    listed = [fields["app"]] if name == "app" else fields.get("allowed_apps")
    if not isinstance(listed, list) or not listed:
        raise WireError(
            422, {"detail": [model_error_item("missing", "Field required", ("body", name))]}
        )
    found = [_alias(app) if isinstance(app, str) else "" for app in listed[:100]]
    if not all(found):
        item = model_error_item("value_error", "Input should name apps", ("body", name))
        raise WireError(422, {"detail": [item]})
    return found


def _alias(app: str) -> str:
    """``any-llm``, ``fal-ai/any-llm`` and ``fal-ai/any-llm/realtime`` are all any-llm."""
    if "/" not in app:
        return app.strip()
    endpoint = parse_endpoint(app)
    return "" if endpoint is None else endpoint.alias


def _tenant(request: Request) -> Tenant:
    if request.tenant is None:
        raise header_required()
    return request.tenant


def _storage_type(request: Request) -> str:
    found = request.parameter("storage_type") or STORAGE_TYPES[0]
    if found not in STORAGE_TYPES:
        raise bad_storage_type()
    return found
