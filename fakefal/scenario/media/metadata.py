"""The id of the request as a comment in generated images, so that tests can tell them apart.

Viewers show it, and tools such as exiftool read it.
"""

from __future__ import annotations

from fakefal.scenario.media.images import jpeg_segment, png_chunk

COMMENT_KEY = "request_id"
"""The keyword of the comment in a PNG; a JPEG has comments without one."""

_PNG_END_BYTES = 12
_JFIF_END = 20


def with_comment(content_type: str, data: bytes, comment: str) -> bytes:
    """A generated image with a comment; other content is returned as it is."""
    if content_type == "image/png":
        return _png(data, comment)
    return _jpeg(data, comment) if content_type == "image/jpeg" else data


def _png(data: bytes, text: str) -> bytes:
    """A tEXt chunk before the empty IEND chunk (w3.org/TR/png-3, sections 11.2.5 and 11.3.3.3)."""
    comment = png_chunk(b"tEXt", COMMENT_KEY.encode() + b"\x00" + text.encode())
    return data[:-_PNG_END_BYTES] + comment + data[-_PNG_END_BYTES:]


def _jpeg(data: bytes, text: str) -> bytes:
    """A COM segment after the JFIF segment, which must be the first (JFIF 1.02)."""
    return data[:_JFIF_END] + jpeg_segment(0xFE, text.encode()) + data[_JFIF_END:]
