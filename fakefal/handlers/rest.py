"""rest.fal.ai: starts uploads and issues tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.engine.files.store import Host
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.protocol.core import hosts
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError, model_error_item
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.protocol.storage.storage import (
    APP_TOKEN_SECONDS,
    MAX_TOKEN_SECONDS,
    STORAGE_TYPES,
    TOKEN_SECONDS,
    bad_storage_type,
    missing_authorization,
    read_fields,
    read_seconds,
    read_upload_request,
    token_body,
)

_HOST: Host = "v3b.fal.media"


async def initiate(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /storage/upload/initiate``: a URL to upload to, and the file's URL.

    Source: client, recorded (docs/reference/storage.md#initiate-and-put,
    docs/reference/storage.md#python-fallbacks).
    """
    return _initiate(request, is_multipart=False)


async def initiate_multipart(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /storage/upload/initiate-multipart``: the same for an upload in parts.

    Source: client (docs/reference/storage.md#initiate-multipart).
    """
    return _initiate(request, is_multipart=True)


def _initiate(request: Request, *, is_multipart: bool) -> HttpResponse:
    tenant = _require_tenant(request)
    request.check_fault(tenant, "upload")
    storage_type = _read_storage_type(request)
    upload = tenant.uploads.begin(
        _HOST,
        read_upload_request(request.body),
        read_lifecycle(request.headers),
        is_multipart=is_multipart,
        # For gcs the SDK appends "/1" to the whole URL, so the URL cannot have a query.
        is_signed=storage_type != "gcs",
    )
    tenant.record("upload", 200, f"started: {upload.request.name} as {upload.stored_url.path}")
    file_url = request.public_url(upload.stored_url.url)
    upload_url = file_url
    if upload.id != upload.stored_url.id:
        upload_url = request.public_url(f"https://{_HOST}/files/upload/{upload.id}")
    query = f"?signature={upload.signature}" if upload.signature else ""
    body = {"file_url": file_url, "upload_url": upload_url + query}
    return BufferedResponse(200, encode(body))


async def storage_token(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /storage/auth/token``: the token for uploads to the CDN.

    Source: client (docs/reference/storage.md#token-upload).
    """
    tenant = _require_tenant(request)
    request.check_fault(tenant, "token")
    _read_storage_type(request)
    fields = read_fields(request.body)
    seconds = read_seconds(fields, "expiration_seconds", TOKEN_SECONDS, MAX_TOKEN_SECONDS)
    token, expires_at = tenant.tokens.issue("cdn", seconds)
    tenant.record("token", 200, f"for the CDN, {seconds:g} seconds")
    base_url = request.public_url(f"https://{hosts.MEDIA_V3}")
    return BufferedResponse(200, encode(token_body(token, base_url, expires_at)))


async def tokens(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /tokens/``: a token for apps, as a bare JSON string.

    Source: client (docs/reference/protocol.md#tokens,
    docs/reference/open-questions.md#token-response).
    """
    return _issue_app_token(request, "token_expiration", MAX_TOKEN_SECONDS)


async def realtime_token(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /tokens/realtime``: the same; two forms of the body are accepted.

    Source: documented, recorded (docs/reference/protocol.md#realtime-tokens,
    docs/reference/open-questions.md#realtime-token-body).
    """
    return _issue_app_token(request, "duration", MAX_TOKEN_SECONDS)


def _issue_app_token(request: Request, duration_field: str, max_seconds: float) -> HttpResponse:
    tenant = _require_tenant(request)
    request.check_fault(tenant, "token")
    fields = read_fields(request.body)
    apps = _read_aliases(fields)
    field = duration_field if duration_field in fields else "token_expiration"
    seconds = read_seconds(fields, field, APP_TOKEN_SECONDS, max_seconds)
    token, _ = tenant.tokens.issue("apps", seconds, apps=apps)
    tenant.record("token", 200, f"for {', '.join(apps)}, {seconds:g} seconds")
    return BufferedResponse(200, encode(token))


def _read_aliases(fields: Mapping[str, Any]) -> list[str]:
    """The aliases that a token is for, from a list of aliases or apps, or from one endpoint."""
    name = "app" if "app" in fields else "allowed_apps"
    apps = [fields["app"]] if name == "app" else fields.get("allowed_apps")
    if not isinstance(apps, list) or not apps:
        raise ApiError(
            422, {"detail": [model_error_item("missing", "Field required", ("body", name))]}
        )
    aliases = [_alias_of(app) if isinstance(app, str) else "" for app in apps[:100]]
    if not all(aliases):
        item = model_error_item("value_error", "Input should name apps", ("body", name))
        raise ApiError(422, {"detail": [item]})
    return aliases


def _alias_of(app: str) -> str:
    """``any-llm``, ``fal-ai/any-llm`` and ``fal-ai/any-llm/realtime`` are all any-llm."""
    if "/" not in app:
        return app.strip()
    endpoint = parse_endpoint(app)
    return "" if endpoint is None else endpoint.alias


def _require_tenant(request: Request) -> Tenant:
    if request.tenant is None:
        raise missing_authorization()
    return request.tenant


def _read_storage_type(request: Request) -> str:
    storage_type = request.parameter("storage_type") or STORAGE_TYPES[0]
    if storage_type not in STORAGE_TYPES:
        raise bad_storage_type()
    return storage_type
