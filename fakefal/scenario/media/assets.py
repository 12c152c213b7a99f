"""Files in outputs, and where a reply refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.storage.storage import DEFAULT_CONTENT_TYPE
from fakefal.scenario.media.image_size import Dimensions, dimensions_of

Path = tuple[str | int, ...]

MEDIA_TYPES: dict[str, str] = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"},
    **{"gif": "image/gif", "svg": "image/svg+xml", "bmp": "image/bmp", "avif": "image/avif"},
    **{"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"},
    **{"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"},
    **{"m4a": "audio/mp4", "aac": "audio/aac", "opus": "audio/opus"},
    **{"glb": "model/gltf-binary", "gltf": "model/gltf+json", "obj": "model/obj"},
    **{"json": "application/json", "txt": "text/plain", "csv": "text/csv", "html": "text/html"},
    **{"pdf": "application/pdf", "zip": "application/zip", "srt": "application/x-subrip"},
    **{"vtt": "text/vtt", "safetensors": DEFAULT_CONTENT_TYPE},
}
"""Content types by extension. Not from ``mimetypes``: it reads tables of the system, which differ
from machine to machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Asset:
    """A file to serve: its name without folders, its type and its bytes.

    ``is_generated``: no scenario provided it.
    """

    name: str
    content_type: str
    data: bytes
    dimensions: Dimensions | None = None
    is_generated: bool = False


def make_asset(name: str, data: bytes) -> Asset:
    """An asset from a file's name and bytes; its type follows from the extension."""
    base_name = name.rsplit("/", 1)[-1]
    extension = base_name.rpartition(".")[2].lower()
    return Asset(
        base_name, MEDIA_TYPES.get(extension, DEFAULT_CONTENT_TYPE), data, dimensions_of(data)
    )


def is_reference(value: Json) -> bool:
    """Whether a JSON object refers to a file: ``{"file": "images/cat.png"}``.

    Outputs of real models may have a ``file`` too, but its value is an object or a URL.
    """
    if not isinstance(value, dict):
        return False
    name = value.get("file")
    return isinstance(name, str) and not name.startswith(("http:", "https:", "data:"))


def references_in(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every file reference in a value: its path and the name of the file."""
    if isinstance(value, dict):
        if is_reference(value):
            yield (*path, "file"), value["file"]
        for key, inner in value.items():
            yield from references_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from references_in(inner, (*path, index))


def references_of_reply(reply: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """Every file reference in a reply, given as plain data of a scenario file."""
    yield from references_in(reply.get("output"), (*path, "output"))
    if isinstance(reply.get("file"), str):
        yield (*path, "file"), reply["file"]
    workflow = reply.get("workflow")
    if isinstance(workflow, dict):
        yield from references_in(workflow, (*path, "workflow"))
    stream = reply.get("stream")
    if isinstance(stream, dict):
        yield from references_in(stream.get("events"), (*path, "stream", "events"))
    files = reply.get("files")
    if isinstance(files, list):
        for index, name in enumerate(files):
            if isinstance(name, str):
                yield (*path, "files", index), name


def references_of_exchange(exchange: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every file reference in an exchange, given as plain data that may be invalid otherwise."""
    if not isinstance(exchange, dict):
        return
    if isinstance(exchange.get("reply"), dict):
        yield from references_of_reply(exchange["reply"], (*path, "reply"))
    replies = exchange.get("replies")
    for number, reply in enumerate(replies if isinstance(replies, list) else ()):
        if isinstance(reply, dict):
            yield from references_of_reply(reply, (*path, "replies", number))


def references_of_route(route: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every file reference in a route, given as plain data that may be invalid otherwise."""
    if not isinstance(route, dict):
        return
    replies = route.get("replies")
    numbered = enumerate(replies if isinstance(replies, list) else ())
    for reply_path, reply in (
        ((*path, "reply"), route.get("reply")),
        *(((*path, "replies", number), reply) for number, reply in numbered),
    ):
        if isinstance(reply, dict):
            yield from _references_of_route_reply(reply, reply_path)


def _references_of_route_reply(reply: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(reply.get("file"), str):
        yield (*path, "file"), reply["file"]
    yield from references_in(reply.get("json"), (*path, "json"))
    stream = reply.get("stream")
    where: Path = (*path, "stream")
    if isinstance(stream, dict):
        stream, where = stream.get("chunks"), (*where, "chunks")
    for number, chunk in enumerate(stream if isinstance(stream, list) else ()):
        if isinstance(chunk, dict) and isinstance(chunk.get("file"), str):
            yield (*where, number, "file"), chunk["file"]
