"""Uploads to the media hosts: in one request, presigned, or in parts."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.files.blobs import Blob
from fakefal.engine.files.store import Host, tenant_tag_in
from fakefal.engine.files.tokens import claimed_tenant_tag
from fakefal.engine.files.uploads import EMPTY_BLOB, Upload
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.protocol.core import hosts
from fakefal.protocol.core.headers import read_credential
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.protocol.storage.storage import (
    UploadRequest,
    bad_upload,
    content_type_or_default,
    display_name,
    file_id_in,
    file_not_found,
    read_parts,
    unauthorized,
)

_MAX_PART_LIST_BYTES = 2_000_000
_NO_BODY = b"{}"


async def upload_file(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /files/upload``: a whole file in one request.

    Source: client (docs/reference/storage.md#token-upload,
    docs/reference/storage.md#python-fallbacks).
    """
    tenant = _require_uploader(request)
    request.check_fault(tenant, "upload")
    lifecycle = read_lifecycle(request.headers)
    file = tenant.uploads.save(
        _cdn_host(request), _read_upload_request(request), lifecycle, _blob_of(request), "whole"
    )
    tenant.record("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.stored_url.path}")
    body = {"access_url": request.public_url(file.stored_url.url)}
    return BufferedResponse(200, encode(body))


async def create_multipart(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /files/upload/multipart``: starts an upload in parts, as the Python client does.

    Source: client (docs/reference/storage.md#token-upload).
    """
    tenant = _require_uploader(request)
    request.check_fault(tenant, "upload")
    lifecycle = read_lifecycle(request.headers)
    upload = tenant.uploads.begin(
        _cdn_host(request), _read_upload_request(request), lifecycle, is_multipart=True
    )
    tenant.record("upload", 200, f"started: {upload.request.name} as {upload.stored_url.path}")
    body = {"access_url": request.public_url(upload.stored_url.url), "uploadId": upload.id}
    return BufferedResponse(200, encode(body))


async def put_file(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT {upload_url}``: the bytes of a file, to a presigned URL; a key is ignored.

    The URL is that of the file, or for gcs one of the upload. The response is empty.

    Source: client, recorded (docs/reference/storage.md#initiate-and-put,
    docs/reference/open-questions.md#upload-initiate-response).
    """
    upload_id = parts.get("id") or file_id_in(parts["name"]) or ""
    tenant = _find_owner(request, upload_id)
    upload = tenant.uploads.find(upload_id, request.parameters())
    file = tenant.uploads.put(upload, _blob_of(request))
    tenant.record("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.stored_url.path}")
    return BufferedResponse(200, b"", (("Access-Control-Allow-Origin", "*"),), content_type="")


async def put_part(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT …/{n}``: a part; its etag is in a header for Python and in JSON for JavaScript.

    Source: client (docs/reference/storage.md#initiate-multipart,
    docs/reference/storage.md#token-upload).
    """
    tenant = _find_owner(request, parts["id"])
    number = _read_part_number(parts["number"])
    etag = tenant.uploads.put_part(_find_upload(request, tenant, parts), number, _blob_of(request))
    body = encode({"partNumber": number, "etag": f'"{etag}"'})
    return BufferedResponse(200, body, (("ETag", f'"{etag}"'),))


async def create_part_url(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST {upload_url}/{n}``: the URL to put a part to, as the SDK requests for gcs.

    Source: client (docs/reference/storage.md#python-fallbacks).
    """
    tenant = _find_owner(request, parts["id"])
    upload = _find_upload(request, tenant, parts)
    url = f"https://{hosts.MEDIA_V3B}/files/upload/{upload.id}/{_read_part_number(parts['number'])}"
    query = f"?signature={upload.signature}" if upload.signature else ""
    body = {"upload_url": request.public_url(f"{url}{query}")}
    return BufferedResponse(200, encode(body))


async def complete_multipart(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST …/complete``: joins the parts.

    Source: client (docs/reference/storage.md#initiate-multipart,
    docs/reference/storage.md#token-upload).
    """
    tenant = _find_owner(request, parts["id"])
    upload = _find_upload(request, tenant, parts)
    part_list = _blob_of(request)
    if part_list.size > _MAX_PART_LIST_BYTES:
        raise bad_upload("The list of parts is too long")
    file = tenant.uploads.complete(upload, read_parts(part_list.read(0, part_list.size)))
    tenant.record("upload", 200, f"{file.name}, {file.blob.size} bytes, as {file.stored_url.path}")
    return BufferedResponse(200, _NO_BODY)


def _find_upload(request: Request, tenant: Tenant, parts: Mapping[str, str]) -> Upload:
    """The upload of a presigned URL, or of its file's URL together with a token."""
    if "name" not in parts:
        return tenant.uploads.find(parts["id"], request.parameters())
    if _require_uploader(request) is not tenant:
        raise unauthorized("the upload belongs to another key")
    file_id = file_id_in(parts["name"])
    if file_id is None:
        raise file_not_found("the URL has no id of a file")
    return tenant.uploads.find(parts["id"], file_id=file_id)


def _find_owner(request: Request, upload_id: str) -> Tenant:
    """The tenant of an upload; raises or sets the fault of this step."""
    tenant = request.tenant_by_tag(tenant_tag_in(upload_id))
    if tenant is None:
        raise file_not_found("there is no such upload")
    request.owner_tenant = tenant
    request.check_fault(tenant, "upload_put")
    return tenant


def token_tenant(request: Request) -> Tenant | None:
    """The tenant of the CDN token that a request carries; None if it carries no token.

    Raises the 401 of an invalid token.

    Source: documented (docs/reference/protocol.md#authentication-schemes).
    """
    credential = read_credential(request.headers.get("Authorization"))
    if credential is None or credential.scheme != "bearer":
        return None
    tag = claimed_tenant_tag(credential.token)
    tenant = None if tag is None else request.tenant_by_tag(tag)
    if tenant is None:
        raise unauthorized("the token was not issued by this server")
    tenant.tokens.read(credential.token, "cdn")
    return tenant


def _require_uploader(request: Request) -> Tenant:
    """The uploading tenant: of a CDN token, or on fal.media of a key.

    Source: client (docs/reference/storage.md#token-upload,
    docs/reference/storage.md#python-fallbacks).
    """
    tenant = token_tenant(request)
    if tenant is None and request.address.host == hosts.MEDIA_V1:
        tenant = request.tenant
    if tenant is None:
        raise unauthorized("uploads to the CDN need its token: POST /storage/auth/token")
    request.owner_tenant = tenant
    return tenant


def _cdn_host(request: Request) -> Host:
    return "fal.media" if request.address.host == hosts.MEDIA_V1 else "v3.fal.media"


def _read_upload_request(request: Request) -> UploadRequest:
    headers = request.headers
    return UploadRequest(
        display_name(headers.get("X-Fal-File-Name")),
        content_type_or_default(headers.get("Content-Type")),
    )


def _blob_of(request: Request) -> Blob:
    return EMPTY_BLOB if request.blob is None else request.blob


def _read_part_number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise bad_upload(f"Part number must be a number, not {text[:20]!r}")
    return int(text)
