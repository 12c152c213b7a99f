"""The hosts of files, as far as bytes go out: reads, ranges, access, signed URLs."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.files.store import StoredFile, mark_in
from fakefal.engine.files.tokens import mark_named
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import Answer, FileBody, Request, Response
from fakefal.handlers.uploads import token_tenant
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.errors.fault import Cut, Drip, Trouble
from fakefal.protocol.storage.ranges import Span, Unsatisfiable, is_same, read_range
from fakefal.protocol.storage.storage import (
    MAX_SIGNED_SECONDS,
    SIGNED_SECONDS,
    UNTYPED,
    file_id_in,
    forbidden,
    no_file,
    read_fields,
    read_seconds,
)

_AT_ONCE_BYTES = 1_000_000
"""A file up to this size is answered in one piece; a longer one is read as it is sent."""

_ACTIVE = ("html", "svg", "xml")
"""Types that a browser runs: in the base-URL form they share an origin with the control API."""

_MISHAPS = {
    "truncated": Trouble("truncated", cut=Cut("close", "body", share=0.5)),
    "slow": Trouble("slow", drip=Drip(size=1024, every_seconds=1.0)),
}


async def read(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET`` and ``HEAD`` of a file, without a key. Source: protocol.md section 10.6."""
    file_id = file_id_in(parts["name"])
    tenant = None if file_id is None else request.marked(mark_in(file_id))
    if tenant is None or file_id is None:
        raise no_file("no key of this fake has such a file")
    request.owner = tenant
    trouble = request.meet(tenant, "download")
    reader = token_tenant(request)
    is_owner = reader is tenant or _has_pass(request, tenant, file_id)
    names = () if reader is None else (reader.files.user,)
    file = tenant.files.open(file_id, names, is_owner=is_owner)
    if trouble is None and file.mishap is not None and request.method != "HEAD":
        trouble = _MISHAPS.get(file.mishap)
    return _served(request, file, trouble)


async def sign(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST {file_url}/sign``: a URL with which anybody may read the file, as plain text.

    Source: documented (protocol.md section 10.6).
    """
    file_id = file_id_in(parts["name"])
    tenant = None if file_id is None else request.marked(mark_in(file_id))
    if tenant is None or file_id is None:
        raise no_file("no key of this fake has such a file")
    if token_tenant(request) is not tenant:
        raise forbidden("only the owner's CDN token signs URLs")
    request.owner = tenant
    request.meet(tenant, "token")
    file = tenant.files.find(file_id)
    body = b"" if request.blob is None else request.blob.read(0, 100_000)
    seconds = read_seconds(read_fields(body), "duration", SIGNED_SECONDS, MAX_SIGNED_SECONDS)
    token, _ = tenant.tokens.issue("read", seconds, file_id=file_id)
    tenant.note("token", 200, f"to read {file.place.path}, {seconds:g} seconds")
    url = f"{request.reachable(file.place.url)}?identity={token}"
    return Response(200, url.encode(), content_type="text/plain; charset=utf-8")


def _has_pass(request: Request, tenant: Tenant, file_id: str) -> bool:
    """Whether the URL is signed for this file; one that no longer holds opens nothing."""
    token = request.parameter("identity")
    if token is None or mark_named(token) != tenant.files.mark:
        return False
    try:
        return tenant.tokens.read(token, "read").file_id == file_id
    except WireError:
        return False


def _served(request: Request, file: StoredFile, trouble: Trouble | None) -> Answer:
    blob = file.blob
    content_type = UNTYPED if file.mishap == "wrong-type" else file.content_type
    headers: tuple[tuple[str, str], ...] = (
        ("ETag", f'"{blob.etag}"'),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=31536000" if file.expires_at is None else "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Access-Control-Allow-Origin", "*"),
    )
    if any(word in content_type for word in _ACTIVE):
        headers += (("Content-Security-Policy", "sandbox"),)
    asked = request.headers
    if is_same(blob.etag, asked.get("If-None-Match")):
        return Response(304, b"", headers, content_type, trouble=trouble)
    span, status = Span(0, blob.size), 200
    try:
        if is_same(blob.etag, asked.get("If-Range", "*")):
            wanted = read_range(asked.get("Range"), blob.size)
            if wanted is not None:
                span, status = wanted, 206
    except Unsatisfiable:
        headers += (("Content-Range", f"bytes */{blob.size}"),)
        return Response(416, b"", headers, content_type, trouble=trouble)
    if status == 206:
        headers += (("Content-Range", f"bytes {span.start}-{span.stop - 1}/{blob.size}"),)
    if span.stop - span.start <= _AT_ONCE_BYTES:
        return Response(status, blob.read(*span), headers, content_type, trouble=trouble)
    return FileBody(status, blob, *span, headers, content_type, trouble)
