"""Storage and CDN: names, URLs, bodies and refusals of uploads and stored files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.errors.errors import ApiError, model_error_item

ID_LENGTH = 21
"""Length of a file's id in its URL. Source: documented (protocol.md section 1)."""

DEFAULT_CONTENT_TYPE = "application/octet-stream"
DEFAULT_FILE_NAME = "upload.bin"

MAX_PARTS = 10_000
STORAGE_TYPES = ("fal-cdn-v3", "fal-cdn", "gcs")
"""What ``storage_type`` may be; older clients send none.

Source: client, default of protocol.md section 16 row 24.
"""

TOKEN_SECONDS = 86_400.0
"""How long a CDN token lasts that asks for nothing. Source: inferred; at most 30 days, documented
(protocol.md section 10.3)."""

MAX_TOKEN_SECONDS = 30 * 86_400.0
SIGNED_SECONDS = 86_400.0
MAX_SIGNED_SECONDS = 7 * 86_400.0
"""Signed URLs last a day, at most seven. Source: documented (protocol.md section 10.6)."""

APP_TOKEN_SECONDS = 120.0
"""How long a token for apps lasts. Source: client (protocol.md section 9.3)."""

_ANIMALS = "elephant kangaroo koala lion monkey panda penguin rabbit tiger zebra".split()
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}(?:\s*;[\x20-\x7e]{0,200})?")
_NAME_LENGTH = 100
_SUFFIX_LENGTH = 16


class UploadRequest(NamedTuple):
    """What an upload is to become."""

    name: str
    content_type: str


class PartTag(NamedTuple):
    """A part as the caller lists it when it completes an upload."""

    number: int
    etag: str


def safe_name(name: str) -> str:
    """A name as it may stand in a URL: its last segment, plain letters, the extension kept.

    Never empty, at most 100 characters. Source: client (clients.md section 6).
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
    """A name as the caller gave it, in a length that can be kept."""
    return (name or DEFAULT_FILE_NAME).encode("utf-8", "replace").decode()[:255]


def content_type_or_default(text: str | None) -> str:
    """A content type that a header can hold; for what is none, bytes of no known type."""
    return text if text and _MEDIA_TYPE.fullmatch(text) else DEFAULT_CONTENT_TYPE


def v3b_file_path(file_id: str, name: str, number: int) -> str:
    """Path of a file on v3b.fal.media. Source: documented, recorded (protocol.md section 1)."""
    return f"/files/b/{number & 0xFFFFFFFF:08x}/{file_id}_{safe_name(name)}"


def v3_file_path(file_id: str, name: str, number: int) -> str:
    """Path of a file on v3.fal.media. Source: client (protocol.md section 1)."""
    return f"/files/{_ANIMALS[number % len(_ANIMALS)]}/{file_id}_{safe_name(name)}"


def file_id_in(segment: str) -> str | None:
    """The id in the last segment of a file's path; None if it can be none."""
    file_id = segment[:ID_LENGTH]
    return file_id if len(file_id) == ID_LENGTH and file_id.isalnum() else None


def read_upload_request(body: bytes) -> UploadRequest:
    """Name and type that an upload's start asks for; raises the 422 of a body without them.

    Source: client (protocol.md section 10.1); the 422 is inferred from FastAPI's habits.
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
    """The parts that complete an upload, as listed; raises the 422 of anything else.

    fal_client and the JS client write ``partNumber``, the SDK's older way ``part_number``. Source:
    client (protocol.md sections 10.2 to 10.4).
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
    """A number of seconds that a body asks for; raises the 422 of one that cannot be."""
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= maximum:
        message = f"Input should be greater than 0 and at most {maximum:.0f}"
        item = model_error_item("value_error", message, ("body", name), input=value)
        raise ApiError(422, {"detail": [item]})
    return float(value)


def read_fields(body: bytes) -> dict[str, Json]:
    """The JSON object of a body; an empty body is an empty object. Raises the 422 of others."""
    return _object(body) if body.strip() else {}


def iso_with_offset(instant: float) -> str:
    """An instant as old Pythons' ``fromisoformat`` takes it: with ``+00:00`` and never ``Z``.

    Source: client (protocol.md section 10.3).
    """
    seconds = min(max(instant, 0.0), 253_402_300_799.0)
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds")


def token_body(token: str, base_url: str, expires_at: float) -> dict[str, Json]:
    """The CDN token as ``/storage/auth/token`` answers it. Source: client (section 10.3)."""
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
    """A file in a model's output. Source: documented (protocol.md section 10.6)."""
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
    """rest.fal.ai without a key. Source: recorded (protocol.md section 7.3)."""
    return ApiError(401, {"detail": "Authorization header is required"})


def unauthorized(hint: str) -> ApiError:
    """A token that is not good. Source: client, inferred wording (protocol.md section 9.3)."""
    return ApiError(401, {"detail": "Unauthorized"}, hint=hint)


def forbidden(hint: str) -> ApiError:
    """A file or an upload that is somebody else's. Source: documented (section 10.6)."""
    return ApiError(403, {"detail": "Forbidden"}, hint=hint)


def file_not_found(hint: str = "") -> ApiError:
    """No such file: unknown, hidden, or expired. Source: documented for hidden files, inferred
    for expired ones (protocol.md section 10.6)."""
    return ApiError(404, {"detail": "Not Found"}, hint=hint)


def bad_upload(detail: str) -> ApiError:
    """An upload that cannot be completed as asked. Source: inferred."""
    return ApiError(400, {"detail": detail})


def bad_storage_type() -> ApiError:
    """A storage type that there is not. Source: recorded (protocol.md section 7.3)."""
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
