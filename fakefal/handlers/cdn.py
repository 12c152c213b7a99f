"""Downloads from the media hosts: reads, ranges, access control, signed URLs."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.files.store import StoredFile, tenant_tag_in
from fakefal.engine.files.tokens import claimed_tenant_tag
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, FileResponse, HttpResponse, Request
from fakefal.handlers.uploads import token_tenant
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Cut, Fault, SlowBody
from fakefal.protocol.storage.ranges import ByteRange, RangeNotSatisfiable, etag_matches, read_range
from fakefal.protocol.storage.storage import (
    DEFAULT_CONTENT_TYPE,
    MAX_SIGNED_SECONDS,
    SIGNED_SECONDS,
    file_id_in,
    file_not_found,
    forbidden,
    read_fields,
    read_seconds,
)

_BUFFERED_BYTES = 1_000_000
"""A longer file is read in blocks while it is sent."""

_ACTIVE_TYPES = ("html", "svg", "xml")
"""Types that a browser executes: in base-URL form they share the control API's origin."""

_FILE_FAULTS = {
    "truncated": Fault("truncated", cut=Cut("close", "body", body_share=0.5)),
    "slow": Fault("slow", slow_body=SlowBody(chunk_bytes=1024, interval_seconds=1.0)),
}


async def read(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET`` and ``HEAD`` of a file, without a key.

    Source: documented (docs/reference/storage.md#downloads).
    """
    file_id = file_id_in(parts["name"])
    tenant = None if file_id is None else request.tenant_by_tag(tenant_tag_in(file_id))
    if tenant is None or file_id is None:
        raise file_not_found("no tenant has a file with this id")
    request.owner_tenant = tenant
    fault = request.check_fault(tenant, "download")
    reading_tenant = token_tenant(request)
    is_owner = reading_tenant is tenant or _has_signed_url(request, tenant, file_id)
    users = () if reading_tenant is None else (reading_tenant.files.user,)
    file = tenant.files.open(file_id, users, is_owner=is_owner)
    if fault is None and file.defect is not None and request.method != "HEAD":
        fault = _FILE_FAULTS.get(file.defect)
    return _respond(request, file, fault)


async def sign(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST {file_url}/sign``: a URL with which anybody may read the file, as plain text.

    Source: documented (docs/reference/storage.md#signed-urls).
    """
    file_id = file_id_in(parts["name"])
    tenant = None if file_id is None else request.tenant_by_tag(tenant_tag_in(file_id))
    if tenant is None or file_id is None:
        raise file_not_found("no tenant has a file with this id")
    if token_tenant(request) is not tenant:
        raise forbidden("only the owner's CDN token signs URLs")
    request.owner_tenant = tenant
    request.check_fault(tenant, "token")
    file = tenant.files.find(file_id)
    body = b"" if request.blob is None else request.blob.read(0, 100_000)
    seconds = read_seconds(read_fields(body), "duration", SIGNED_SECONDS, MAX_SIGNED_SECONDS)
    token, _ = tenant.tokens.issue("read", seconds, file_id=file_id)
    tenant.record("token", 200, f"to read {file.stored_url.path}, {seconds:g} seconds")
    url = f"{request.public_url(file.stored_url.url)}?identity={token}"
    return BufferedResponse(200, url.encode(), content_type="text/plain; charset=utf-8")


def _has_signed_url(request: Request, tenant: Tenant, file_id: str) -> bool:
    """Whether the URL has a valid signature for this file; an expired one grants nothing."""
    token = request.parameter("identity")
    if token is None or claimed_tenant_tag(token) != tenant.files.tenant_tag:
        return False
    try:
        return tenant.tokens.read(token, "read").file_id == file_id
    except ApiError:
        return False


def _respond(request: Request, file: StoredFile, fault: Fault | None) -> HttpResponse:
    blob = file.blob
    content_type = DEFAULT_CONTENT_TYPE if file.defect == "wrong-type" else file.content_type
    headers: tuple[tuple[str, str], ...] = (
        ("ETag", f'"{blob.etag}"'),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=31536000" if file.expires_at is None else "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Access-Control-Allow-Origin", "*"),
    )
    if any(word in content_type for word in _ACTIVE_TYPES):
        headers += (("Content-Security-Policy", "sandbox"),)
    request_headers = request.headers
    if etag_matches(blob.etag, request_headers.get("If-None-Match")):
        return BufferedResponse(304, b"", headers, content_type, fault=fault)
    span, status = ByteRange(0, blob.size), 200
    try:
        if etag_matches(blob.etag, request_headers.get("If-Range", "*")):
            requested_span = read_range(request_headers.get("Range"), blob.size)
            if requested_span is not None:
                span, status = requested_span, 206
    except RangeNotSatisfiable:
        headers += (("Content-Range", f"bytes */{blob.size}"),)
        return BufferedResponse(416, b"", headers, content_type, fault=fault)
    if status == 206:
        headers += (("Content-Range", f"bytes {span.start}-{span.stop - 1}/{blob.size}"),)
    if span.stop - span.start <= _BUFFERED_BYTES:
        return BufferedResponse(status, blob.read(*span), headers, content_type, fault=fault)
    blob.read(span.stop - 1, span.stop)  # raises ApiError for a file that somebody has removed
    return FileResponse(status, blob, *span, headers, content_type, fault)
