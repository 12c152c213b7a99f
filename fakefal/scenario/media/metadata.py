"""Marks on made media: each format's own place for a remark, filled in after the fact.

A viewer shows it, a tool such as exiftool or ffprobe reads it, and a test can tell which request a
downloaded file came from.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.media.audio_video import box
from fakefal.scenario.media.images import jpeg_segment, png_chunk

COMMENT_KEY = "request_id"
"""What the remark is called where a format names its remarks (PNG, GLB)."""


def with_comment(content_type: str, data: bytes, request_id: str) -> bytes:
    """Made media with the id of its request in it: the same file otherwise.

    ``data`` is what ``pictures`` and ``clips`` make; a type that they do not make stays as it is.
    """
    add_comment = _WRITERS.get(content_type)
    return data if add_comment is None else add_comment(data, request_id)


def _png(data: bytes, text: str) -> bytes:
    """A tEXt chunk before the last one, which is twelve bytes of nothing."""
    comment = png_chunk(b"tEXt", COMMENT_KEY.encode() + b"\x00" + text.encode())
    return data[:-12] + comment + data[-12:]


_JFIF_END = 20


def _jpeg(data: bytes, text: str) -> bytes:
    """A comment after the first segment, which has to stand first."""
    return data[:_JFIF_END] + jpeg_segment(0xFE, text.encode()) + data[_JFIF_END:]


def _wav(data: bytes, text: str) -> bytes:
    """A list of remarks (ICMT) after the sound."""
    remark = text.encode() + b"\x00"
    remark += bytes(len(remark) % 2)
    body = b"INFOICMT" + struct.pack("<I", len(remark)) + remark
    body = data[8:] + b"LIST" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _mp4(data: bytes, text: str) -> bytes:
    """A comment at the end of the movie's head; the frames behind it move by as much."""
    start = int.from_bytes(data[:4], "big")
    stop = start + int.from_bytes(data[start : start + 4], "big")
    value = box(b"data", struct.pack(">II", 1, 0) + text.encode())
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    items = box(b"ilst", box(b"\xa9cmt", value))
    remark = box(b"udta", box(b"meta", bytes(4) + handler + items))
    head = data[start + 8 : stop]
    where = head.index(b"stco") + len(b"stco") + 8
    (offset,) = struct.unpack_from(">I", head, where)
    moved = struct.pack(">I", offset + len(remark))
    head = head[:where] + moved + head[where + 4 :]
    return data[:start] + box(b"moov", head + remark) + data[stop:]


def _glb(data: bytes, text: str) -> bytes:
    """Among the ``extras`` of the asset."""
    (size,) = struct.unpack_from("<I", data, 12)
    scene = json.loads(data[20 : 20 + size])
    scene["asset"]["extras"] = {COMMENT_KEY: text}
    found = encode(scene)
    found += b" " * (-len(found) % 4)
    rest = struct.pack("<I", len(found)) + b"JSON" + found + data[20 + size :]
    return data[:8] + struct.pack("<I", 12 + len(rest)) + rest


_WRITERS: dict[str, Callable[[bytes, str], bytes]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "audio/wav": _wav,
    "video/mp4": _mp4,
    "model/gltf-binary": _glb,
}
