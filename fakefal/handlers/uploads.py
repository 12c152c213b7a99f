"""The hosts of files, as far as bytes come in: at once, presigned, or in parts."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.files.blobs import Blob
from fakefal.engine.files.store import Host, mark_in
from fakefal.engine.files.tokens import mark_named
from fakefal.engine.files.uploads import EMPTY, Upload
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import Answer, Request, Response
from fakefal.protocol.core import hosts
from fakefal.protocol.core.headers import read_credential
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.protocol.storage.storage import (
    Asked,
    bad_upload,
    file_id_in,
    media_type,
    no_file,
    read_parts,
    shown_name,
    unauthorized,
)

_MOST_LISTED = 2_000_000
_NO_BODY = b"{}"


async def upload(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /files/upload``: a whole file at once. Source: protocol.md sections 10.3, 10.4."""
    tenant = _bearer(request)
    request.meet(tenant, "upload")
    lifecycle = read_lifecycle(request.headers)
    file = tenant.uploads.save(_host(request), _asked(request), lifecycle, _blob(request), "whole")
    tenant.note("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.place.path}")
    body = {"access_url": request.reachable(file.place.url)}
    return Response(200, encode(body))


async def create(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /files/upload/multipart``: begins an upload in parts, the Python way.

    Source: protocol.md section 10.3.
    """
    tenant = _bearer(request)
    request.meet(tenant, "upload")
    lifecycle = read_lifecycle(request.headers)
    begun = tenant.uploads.begin(_host(request), _asked(request), lifecycle, is_multipart=True)
    tenant.note("upload", 200, f"begun: {begun.asked.name} as {begun.place.path}")
    body = {"access_url": request.reachable(begun.place.url), "uploadId": begun.id}
    return Response(200, encode(body))


async def put(request: Request, parts: Mapping[str, str]) -> Answer:
    """``PUT {upload_url}``: the bytes of a file, to a presigned URL; a key does not matter.

    Source: protocol.md section 10.1.
    """
    tenant = _owner(request, parts["id"])
    found = tenant.uploads.find(parts["id"], request.parameters())
    file = tenant.uploads.put(found, _blob(request))
    tenant.note("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.place.path}")
    etag = (("ETag", f'"{file.blob.etag}"'),)
    return Response(200, _NO_BODY, etag)


async def put_part(request: Request, parts: Mapping[str, str]) -> Answer:
    """``PUT …/{n}``: a part; its etag comes as a header for Python and as JSON for JS.

    Source: protocol.md sections 10.2, 10.3.
    """
    tenant = _owner(request, parts["id"])
    number = _number(parts["number"])
    etag = tenant.uploads.put_part(_found(request, tenant, parts), number, _blob(request))
    body = encode({"partNumber": number, "etag": f'"{etag}"'})
    return Response(200, body, (("ETag", f'"{etag}"'),))


async def place_part(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST {upload_url}/{n}``: where to put a part, as the SDK asks for gcs.

    Source: client (protocol.md section 10.4).
    """
    tenant = _owner(request, parts["id"])
    found = _found(request, tenant, parts)
    url = f"https://{hosts.MEDIA_B}/files/upload/{found.id}/{_number(parts['number'])}"
    query = f"?{found.query}" if found.query else ""
    body = {"upload_url": request.reachable(f"{url}{query}")}
    return Response(200, encode(body))


async def complete(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST …/complete``: joins the parts. Source: protocol.md sections 10.2, 10.3."""
    tenant = _owner(request, parts["id"])
    found = _found(request, tenant, parts)
    listed = _blob(request)
    if listed.size > _MOST_LISTED:
        raise bad_upload("The list of parts is too long")
    file = tenant.uploads.complete(found, read_parts(listed.read(0, listed.size)))
    tenant.note("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.place.path}")
    return Response(200, _NO_BODY)


def _found(request: Request, tenant: Tenant, parts: Mapping[str, str]) -> Upload:
    """The upload that is meant: by a presigned URL, or under its file's URL with a token."""
    if "name" not in parts:
        return tenant.uploads.find(parts["id"], request.parameters())
    if _bearer(request) is not tenant:
        raise unauthorized("the upload belongs to another key")
    file_id = file_id_in(parts["name"])
    if file_id is None:
        raise no_file("the URL has no id of a file")
    return tenant.uploads.find(parts["id"], file_id=file_id)


def _owner(request: Request, upload_id: str) -> Tenant:
    """The tenant that an upload belongs to; what goes wrong with this step of it begins here."""
    tenant = request.marked(mark_in(upload_id))
    if tenant is None:
        raise no_file("there is no such upload")
    request.owner = tenant
    request.meet(tenant, "upload_put")
    return tenant


def token_tenant(request: Request) -> Tenant | None:
    """The tenant of the CDN token that a request carries; None if it carries no token.

    Raises the 401 of a token that is not good. Source: documented (protocol.md section 9.1).
    """
    credential = read_credential(request.headers.get("Authorization"))
    if credential is None or credential.scheme != "bearer":
        return None
    mark = mark_named(credential.token)
    tenant = None if mark is None else request.marked(mark)
    if tenant is None:
        raise unauthorized("the token is not one of this fake's")
    tenant.tokens.read(credential.token, "cdn")
    return tenant


def _bearer(request: Request) -> Tenant:
    """Who uploads: by a CDN token; on the first CDN by a key.

    Source: client (protocol.md sections 10.3, 10.4).
    """
    tenant = token_tenant(request)
    if tenant is None and request.address.host == hosts.MEDIA_FIRST:
        tenant = request.tenant
    if tenant is None:
        raise unauthorized("uploads to the CDN need its token: POST /storage/auth/token")
    request.owner = tenant
    return tenant


def _host(request: Request) -> Host:
    return "fal.media" if request.address.host == hosts.MEDIA_FIRST else "v3.fal.media"


def _asked(request: Request) -> Asked:
    headers = request.headers
    return Asked(
        shown_name(headers.get("X-Fal-File-Name")), media_type(headers.get("Content-Type"))
    )


def _blob(request: Request) -> Blob:
    return EMPTY if request.blob is None else request.blob


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise bad_upload(f"Part number must be a number, not {text[:20]!r}")
    return int(text)
