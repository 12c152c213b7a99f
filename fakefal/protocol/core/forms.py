"""Form bodies: URL-encoded and multipart, as plain JSON that matchers can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fakefal.protocol.core.call import Json

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

MAX_TEXT_BYTES = 65_536
"""A file part up to this size that is UTF-8 also has its text, so that matchers can read it."""

_MAX_PARTS = 1_000
_PARAMETER = re.compile(rb';\s*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')


def media_type(content_type: str | None) -> str:
    """The type without parameters, in lower case: ``multipart/form-data``."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_form(content_type: str | None) -> bool:
    """Whether a body of this Content-Type is a form."""
    return media_type(content_type) in (URLENCODED, MULTIPART)


def read_form(body: bytes, content_type: str | None) -> dict[str, Json] | None:
    """The fields of a form; None for a body that is none, or that is malformed.

    A field is text; one that is sent several times is a list. A file is an object with
    ``file_name``, ``content_type``, ``file_size`` and, if it is short UTF-8, ``text``.
    """
    kind = media_type(content_type)
    if kind == URLENCODED:
        text = body.decode("utf-8", "replace")
        return collect_pairs(parse_qsl(text, keep_blank_values=True, errors="replace"))
    if kind != MULTIPART:
        return None
    boundary = _parameters((content_type or "").encode()).get("boundary")
    if not boundary:
        return None
    try:
        return collect_pairs(_read_parts(body, boundary.encode()))
    except ValueError:
        return None


def collect_pairs(pairs: Any) -> dict[str, Json]:
    """Names and values as a mapping; the values of a repeated name become a list."""
    fields: dict[str, Json] = {}
    lists: dict[str, list[Json]] = {}
    for name, value in pairs:
        if name in lists:
            lists[name].append(value)
        elif name in fields:
            fields[name] = lists[name] = [fields[name], value]
        else:
            fields[name] = value
    return fields


def _read_parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, Json]]:
    """The parts of a multipart body (RFC 7578); raises ValueError for a malformed one."""
    delimiter = b"\r\n--" + boundary
    sections = (b"\r\n" + body).split(delimiter)
    if len(sections) < 2 or len(sections) > _MAX_PARTS or not sections[-1].startswith(b"--"):
        raise ValueError("not a complete multipart body")
    for section in sections[1:-1]:
        head, separator, data = section.lstrip(b" \t").partition(b"\r\n\r\n")
        if not separator:
            raise ValueError("a part without a blank line after its headers")
        yield _read_part(head, data)


def _read_part(head: bytes, data: bytes) -> tuple[str, Json]:
    headers: dict[str, bytes] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower().decode("ascii", "replace")] = value.strip()
    disposition = _parameters(headers.get("content-disposition", b""))
    if "name" not in disposition:
        raise ValueError("a part without a name")
    if "filename" not in disposition:
        return disposition["name"], data.decode("utf-8", "replace")
    fields: Mapping[str, Json] = {
        "file_name": disposition["filename"],
        "content_type": headers.get("content-type", b"application/octet-stream").decode(
            "ascii", "replace"
        ),
        "file_size": len(data),
    }
    return disposition["name"], {**fields, **_short_text(data)}


def _short_text(data: bytes) -> dict[str, Json]:
    if len(data) > MAX_TEXT_BYTES:
        return {}
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {}


def _parameters(value: bytes) -> dict[str, str]:
    """The parameters of a header value: ``form-data; name="file"; filename="a.wav"``."""
    parameters: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(b";" + value):
        # Browsers escape only the quote and line breaks, as %22, %0D and %0A
        # (https://html.spec.whatwg.org/#multipart-form-data).
        text = re.sub(rb'\\(["\\])', rb"\1", quoted) if quoted else token
        parameters.setdefault(name.decode().lower(), text.decode("utf-8", "replace"))
    return parameters
