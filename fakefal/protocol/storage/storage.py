"""Storage API and CDN: file names, paths, request and response bodies, errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.hosts import REST
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.errors.errors import ApiError, model_error_item

ID_LENGTH = 21
"""Length of a file's id in its URL. Source: documented (docs/reference/protocol.md#hosts)."""

DEFAULT_CONTENT_TYPE = "application/octet-stream"
DEFAULT_FILE_NAME = "upload.bin"

MAX_PARTS = 10_000
STORAGE_TYPES = ("fal-cdn-v3", "fal-cdn", "gcs")
"""Values of ``storage_type``; older clients omit it.

Source: client (docs/reference/open-questions.md#gcs-uploads).
"""

TOKEN_SECONDS = 86_400.0
"""Default lifetime of a CDN token.

Source: inferred; the maximum of 30 days is documented (docs/reference/storage.md#token-upload).
"""

MAX_TOKEN_SECONDS = 30 * 86_400.0
SIGNED_SECONDS = 86_400.0
MAX_SIGNED_SECONDS = 7 * 86_400.0
"""Source: documented (docs/reference/storage.md#signed-urls)."""

APP_TOKEN_SECONDS = 120.0
"""Lifetime of a realtime token. Source: client (docs/reference/protocol.md#realtime-tokens)."""

_ANIMALS = "elephant kangaroo koala lion monkey panda penguin rabbit tiger zebra".split()
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}(?:\s*;[\x20-\x7e]{0,200})?")
_NAME_LENGTH = 100
_SUFFIX_LENGTH = 16


class UploadRequest(NamedTuple):
    """Name and type of a file to be uploaded."""

    name: str
    content_type: str


class PartTag(NamedTuple):
    """An uploaded part, as listed in the request that completes an upload."""

    number: int
    etag: str


def safe_name(name: str) -> str:
    """A file name for URLs: the last segment, with other characters than ``A-Za-z0-9._-`` replaced.

    1 to 100 characters; a longer name keeps its extension. Source: client
    (docs/reference/clients.md#what-responses-must-look-like).
    """
    last_segment = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    safe = _UNSAFE.sub("_", last_segment).lstrip(".")
    if not safe.strip("_."):
        return DEFAULT_FILE_NAME
    if len(safe) <= _NAME_LENGTH:
        return safe
    stem, dot, suffix = safe.rpartition(".")
    if not dot or len(suffix) > _SUFFIX_LENGTH:
        return safe[:_NAME_LENGTH]
    return f"{stem[: _NAME_LENGTH - len(suffix) - 1]}.{suffix}"


def display_name(name: str | None) -> str:
    """A name as the caller sent it, as valid Unicode of at most 255 characters."""
    return (name or DEFAULT_FILE_NAME).encode("utf-8", "replace").decode()[:255]


def content_type_or_default(text: str | None) -> str:
    """A content type if it is valid in a header, else ``application/octet-stream``."""
    return text if text and _MEDIA_TYPE.fullmatch(text) else DEFAULT_CONTENT_TYPE


def v3b_file_path(file_id: str, name: str, number: int) -> str:
    """Path of a file on v3b.fal.media.

    Source: documented, recorded (docs/reference/protocol.md#hosts).
    """
    return f"/files/b/{number & 0xFFFFFFFF:08x}/{file_id}_{safe_name(name)}"


def v3_file_path(file_id: str, name: str, number: int) -> str:
    """Path of a file on v3.fal.media. Source: client (docs/reference/protocol.md#hosts)."""
    return f"/files/{_ANIMALS[number % len(_ANIMALS)]}/{file_id}_{safe_name(name)}"


def file_id_in(segment: str) -> str | None:
    """The id in the last segment of a file's path; None if there is none."""
    file_id = segment[:ID_LENGTH]
    return file_id if len(file_id) == ID_LENGTH and file_id.isalnum() else None


def has_request_id(host: str, path: str) -> bool:
    """Whether a response that no call or upload is behind has a request id: rest.fal.ai's have.

    Source: documented; recorded for uploads that start
    (docs/reference/open-questions.md#upload-initiate-response).
    """
    return host == REST and not path.startswith("/storage/upload/initiate")


def read_upload_request(body: bytes) -> UploadRequest:
    """Parse the body that starts an upload; raises a 422 if a field is missing.

    Source: client; the 422 is inferred from FastAPI (docs/reference/storage.md#initiate-and-put).
    """
    fields = _object(body)
    validation_errors = [
        _missing(name) for name in ("file_name", "content_type") if name not in fields
    ]
    validation_errors += [
        _not_string(name, fields[name])
        for name in ("file_name", "content_type")
        if name in fields and not isinstance(fields[name], str)
    ]
    if validation_errors:
        raise ApiError(422, {"detail": validation_errors})
    return UploadRequest(
        display_name(fields["file_name"]), content_type_or_default(fields["content_type"])
    )


def read_parts(body: bytes) -> tuple[PartTag, ...]:
    """Parse the body that completes an upload; raises a 422 if it is malformed.

    fal_client and the JS client send ``partNumber``, older versions of the SDK ``part_number``.
    Source: client (docs/reference/storage.md#initiate-multipart,
    docs/reference/storage.md#python-fallbacks).
    """
    listed = _object(body).get("parts")
    if not isinstance(listed, list) or len(listed) > MAX_PARTS:
        raise ApiError(422, {"detail": [_missing("parts")]})
    parts = []
    for index, part in enumerate(listed):
        fields = part if isinstance(part, dict) else {}
        number = fields.get("partNumber", fields.get("part_number"))
        etag = fields.get("etag", fields.get("ETag"))
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(etag, str):
            item = model_error_item("missing", "Field required", ("body", "parts", index))
            raise ApiError(422, {"detail": [item]})
        parts.append(PartTag(number, etag.strip('"')))
    return tuple(parts)


def read_seconds(fields: Mapping[str, Json], name: str, default: float, maximum: float) -> float:
    """A number of seconds in a body; raises a 422 unless it is in the range (0, maximum]."""
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= maximum:
        message = f"Input should be greater than 0 and at most {maximum:.0f}"
        item = model_error_item("value_error", message, ("body", name), input=value)
        raise ApiError(422, {"detail": [item]})
    return float(value)


def read_fields(body: bytes) -> dict[str, Json]:
    """Parse a JSON object; an empty body is an empty object. Raises a 422 for anything else."""
    return _object(body) if body.strip() else {}


def iso_with_offset(instant: float) -> str:
    """A Unix timestamp in ISO 8601 with ``+00:00``, as fal_client parses it.

    ``datetime.fromisoformat`` accepts ``Z`` since Python 3.11 only. Source: client
    (docs/reference/storage.md#token-upload).
    """
    seconds = min(max(instant, 0.0), 253_402_300_799.0)
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds")


def token_body(token: str, base_url: str, expires_at: float) -> dict[str, Json]:
    """The body of ``/storage/auth/token``.

    Source: client (docs/reference/storage.md#token-upload).
    """
    return {
        "token": token,
        "token_type": "Bearer",
        "base_url": base_url,
        "expires_at": iso_with_offset(expires_at),
    }


def file_object(
    url: str,
    content_type: str,
    name: str,
    size: int,
    width: int | None = None,
    height: int | None = None,
) -> dict[str, Json]:
    """A file in a model's output. Source: documented (docs/reference/storage.md#output-files)."""
    file: dict[str, Json] = {
        "url": url,
        "content_type": content_type,
        "file_name": name,
        "file_size": size,
    }
    if width is not None and height is not None:
        file |= {"width": width, "height": height}
    return file


def missing_authorization() -> ApiError:
    """A request to rest.fal.ai without a key.

    Source: recorded (docs/reference/errors.md#account-and-routing-errors).
    """
    return ApiError(401, {"detail": "Authorization header is required"})


def unauthorized(hint: str) -> ApiError:
    """An invalid token.

    Source: client; the text is inferred (docs/reference/protocol.md#realtime-tokens).
    """
    return ApiError(401, {"detail": "Unauthorized"}, hint=hint)


def forbidden(hint: str) -> ApiError:
    """A file that the ACL forbids, or an upload of another user.

    Source: documented (docs/reference/storage.md#access-control).
    """
    return ApiError(403, {"detail": "Forbidden"}, hint=hint)


def file_not_found(hint: str = "") -> ApiError:
    """A file that is unknown, hidden by its ACL, or expired.

    Source: documented for hidden files, inferred for expired ones
    (docs/reference/storage.md#access-control).
    """
    return ApiError(404, {"detail": "Not Found"}, hint=hint)


def bad_upload(detail: str) -> ApiError:
    """An upload that cannot be completed. Source: inferred."""
    return ApiError(400, {"detail": detail})


def bad_storage_type() -> ApiError:
    """An unknown storage type.

    Source: recorded (docs/reference/errors.md#account-and-routing-errors).
    """
    return ApiError(400, {"detail": "Invalid storage type"})


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = decode(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        item = model_error_item(
            "model_attributes_type", "Input should be a valid dictionary or object"
        )
        raise ApiError(422, {"detail": [item]})
    return value


def _missing(name: str) -> dict[str, Json]:
    return {"type": "missing", "loc": ["body", name], "msg": "Field required", "input": {}}


def _not_string(name: str, value: Json) -> dict[str, Json]:
    message = "Input should be a valid string"
    return {"type": "string_type", "loc": ["body", name], "msg": message, "input": value}
