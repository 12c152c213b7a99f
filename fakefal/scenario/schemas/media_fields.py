"""Which fields of an output hold files, and a real file of the right kind for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from fakefal.protocol.core.call import Json
from fakefal.scenario.media.assets import MEDIA_TYPES, Asset
from fakefal.scenario.media.image_size import Dimensions
from fakefal.scenario.media.output_kinds import colour_of, requested_size
from fakefal.scenario.schemas.description import Schema

FileKind = Literal[
    "image", "video", "audio", "mesh", "archive", "weights", "json", "text", "binary"
]

_FILE_PROPERTIES = frozenset({"content_type", "file_name", "file_size"})
"""Properties of fal's file object besides ``url``.

Source: documented (docs/reference/storage.md#output-files)."""

_KIND_OF_TYPE: dict[str, FileKind] = {"image": "image", "video": "video", "audio": "audio"}
_KIND_OF_EXTENSION: dict[str, FileKind] = {
    **dict.fromkeys(("glb", "gltf", "obj", "ply", "stl", "usdz", "fbx"), "mesh"),
    **{"zip": "archive", "tar": "archive", "safetensors": "weights", "json": "json"},
    **{"txt": "text", "csv": "text", "srt": "text", "vtt": "text", "html": "text"},
}

_WORDS: tuple[tuple[FileKind, str], ...] = (
    ("weights", r"lora|safetensors|weights|checkpoint"),
    ("json", r"config|json|metadata"),
    ("archive", r"zip|archive|dataset"),
    ("mesh", r"mesh|glb|3d|gltf|model_(?:url|file)|point_cloud|splat"),
    ("text", r"subtitle|srt|vtt|transcript|csv"),
    ("audio", r"audio|speech|voice|music|sound|song|vocals|instrumental|wav|mp3|stem"),
    ("video", r"video|animation|clip|mp4"),
    ("image", r"image|img|mask|photo|picture|thumbnail|frame|texture|png|jpe?g|depth|sketch"),
)
"""Words in the names of fields and schemas; the first that fits decides. Source: inferred."""

_URL_NAME = re.compile(r"(?:^|_)ur[il]s?$")
_NO_FILE_NAME = re.compile(r"page|site|web|callback|webhook|model_url|status|cancel|response")
_EXTENSION = re.compile(r"\.([a-zA-Z0-9]{2,11})(?:[?#]|$)")


def is_file_object(schema: Schema) -> bool:
    """Whether a schema is one of fal's file objects: ``url`` and at least one other of theirs."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("url"), dict):
        return False
    is_titled = schema.get("title") in ("File", "Image", "Video", "Audio", "ImageFile")
    return is_titled or not _FILE_PROPERTIES.isdisjoint(properties)


def is_file_url(schema: Schema, name: str) -> bool:
    """Whether a string is the URL of a file: ``video_url``, ``image_urls[]``."""
    if schema.get("type") != "string" or "enum" in schema or "const" in schema:
        return False
    if _NO_FILE_NAME.search(name):
        return False
    return bool(_URL_NAME.search(name)) and (name in ("url", "urls") or _kind_of_words(name) != "")


def file_kind(schema: Schema, names: tuple[str, ...], endpoint_kind: FileKind | None) -> FileKind:
    """The kind of file: from examples, the names around it (innermost first), the description.

    ``endpoint_kind`` is what the endpoint's name suggests. The examples inside fal's file object
    come last: they are images, whatever the file is.
    """
    for example in _examples(schema):
        if kind := _kind_of_example(example):
            return kind
    title = str(schema.get("title", ""))
    texts = (*names, title if title != "File" else "", str(schema.get("description", "")))
    for text in texts:
        if kind_in_text := _kind_of_words(text):
            return kind_in_text
    if endpoint_kind is not None:
        return endpoint_kind
    inner = (_property(schema, name) for name in ("content_type", "url"))
    examples = [example for it in inner for example in _examples(it)]
    return next(filter(None, map(_kind_of_example, examples)), "binary")


def _examples(schema: Schema) -> list[Json]:
    examples = schema.get("examples")
    single = [schema["example"]] if "example" in schema else []
    return [*(examples if isinstance(examples, list) else []), *single]


def make_file(kind: FileKind, index: int, input_: Json, about: tuple[str, ...]) -> Asset:
    """A generated file: an image in the size that the input asks for, else a small sample."""
    if kind == "image":
        return _image(index, input_ if isinstance(input_, dict) else {}, about)
    from fakefal.scenario.media.samples import read_sample

    if kind in _SAMPLES:
        name, sample = _SAMPLES[kind]
        return Asset(name, _content_type(name), read_sample(sample), is_generated=True)
    name, data = _SMALL_FILES[kind]
    return Asset(name, _content_type(name), data, is_generated=True)


def _image(index: int, input_: Mapping[str, Any], about: tuple[str, ...]) -> Asset:
    from fakefal.scenario.media.images import jpeg, png

    size: Dimensions = requested_size(input_)
    is_jpeg = input_.get("output_format") in ("jpeg", "jpg")
    make, extension = (jpeg, "jpeg") if is_jpeg else (png, "png")
    data = make(*size, colour_of(str(index), *about))
    return Asset(f"image_{index}.{extension}", f"image/{extension}", data, size, is_generated=True)


_SAMPLES: dict[FileKind, tuple[str, str]] = {
    "video": ("video.mp4", "sample.mp4"),
    "audio": ("audio.wav", "sample.wav"),
    "mesh": ("model.glb", "sample.glb"),
}

_EMPTY_HEADER = b'{"__metadata__":{"made_by":"fakefal"}}'
_SMALL_FILES: dict[FileKind, tuple[str, bytes]] = {
    # A zip file without members is its end record alone (APPNOTE.TXT 4.3.16).
    "archive": ("archive.zip", b"PK\x05\x06" + bytes(18)),
    # safetensors: the length of the header in 8 bytes, the header, no tensors.
    "weights": ("weights.safetensors", len(_EMPTY_HEADER).to_bytes(8, "little") + _EMPTY_HEADER),
    "json": ("config.json", b"{}"),
    "text": ("text.txt", b"made by fakefal\n"),
    "binary": ("output.bin", b"made by fakefal\n"),
}


def _content_type(name: str) -> str:
    return MEDIA_TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream")


def _kind_of_example(example: Json) -> FileKind | None:
    if isinstance(example, dict):
        example = example.get("content_type") or example.get("url")
    if not isinstance(example, str):
        return None
    major = example.partition("/")[0]
    if major in _KIND_OF_TYPE:
        return _KIND_OF_TYPE[major]
    if major == "model":
        return "mesh"
    extension = _EXTENSION.search(example)
    return _kind_of_extension(extension[1].lower()) if extension else None


def _kind_of_extension(extension: str) -> FileKind | None:
    if extension in _KIND_OF_EXTENSION:
        return _KIND_OF_EXTENSION[extension]
    return _KIND_OF_TYPE.get(MEDIA_TYPES.get(extension, "").partition("/")[0])


def _kind_of_words(text: str) -> FileKind | Literal[""]:
    lower = text.lower()
    return next((kind for kind, words in _WORDS if re.search(words, lower)), "")


def _property(schema: Schema, name: str) -> Schema:
    properties = schema.get("properties")
    inner = properties.get(name) if isinstance(properties, dict) else None
    return inner if isinstance(inner, dict) else {}
