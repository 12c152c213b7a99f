"""An output of an endpoint, made from its schema: valid, deterministic, with real files."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.media.output_kinds import FileRef, guess_kind
from fakefal.scenario.schemas.conformance import Conformance
from fakefal.scenario.schemas.description import Description, Schema
from fakefal.scenario.schemas.generator import Generator, Names, plain
from fakefal.scenario.schemas.media_fields import (
    FileKind,
    file_kind,
    is_file_object,
    is_file_url,
    make_file,
)
from fakefal.scenario.values.seeded import canonical_json, seeded_numbers

_MAX_IMAGES = 16
_KINDS: dict[str, FileKind] = {
    **{"images": "image", "image": "image", "video": "video", "audio": "audio", "mesh": "mesh"}
}


def make_output(
    description: Description, schema: Schema, endpoint: str, input_: Json, seed: int
) -> Json:
    """An output with FileRef in place of files; raises SchemaError if none can be made.

    It follows from the endpoint, the input and the seed. Fields that the input has too (``seed``,
    ``prompt``) repeat its values where they are valid, and lists of images have ``num_images``.
    """
    about = (str(seed), endpoint, canonical_json(input_))
    files = _Files(description, endpoint, input_, about)
    generator = _OutputGenerator(description, seeded_numbers("output", *about), files.file_for)
    generator.image_count = _image_count(input_)
    output = generator.generate(schema, "output")
    return _with_input(description, schema, output, input_)


class _OutputGenerator(Generator):
    """Makes what a successful call returns."""

    image_count = 1

    def _number_of_items(self, names: Names) -> int:
        return self.image_count if names and names[0] in _PER_IMAGE else 0

    def _is_left_out(self, name: str) -> bool:
        return name in _FAILURES

    def _boolean(self, names: Names) -> bool:
        return not any("nsfw" in name for name in names) and super()._boolean(names)


_PER_IMAGE = ("images", "has_nsfw_concepts")
_FAILURES = ("error", "errors", "error_message", "warning", "warnings")
"""Optional fields that a successful call leaves out."""


class _Files:
    """Makes the files of one output."""

    def __init__(
        self, description: Description, endpoint: str, input_: Json, about: tuple[str, ...]
    ) -> None:
        self._description = description
        self._endpoint_kind = _KINDS.get(guess_kind(endpoint) or "")
        self._input = input_
        self._about = about
        self._made: dict[tuple[FileKind, int], Any] = {}
        self._count = 0

    def file_for(self, schema: Schema, names: Names) -> FileRef | None:
        """The file in the place of a schema, if it is one of a file."""
        if is_file_object(schema):
            asset = self._asset(schema, names)
            fields = schema["properties"]
            others = _required_others(schema, self._description)
            return FileRef(asset, "object", others, frozenset(fields))
        if names and is_file_url(schema, names[0]):
            return FileRef(self._asset(schema, names), "url")
        return None

    def _asset(self, schema: Schema, names: Names) -> Any:
        kind = file_kind(schema, names, self._endpoint_kind)
        index = self._count if kind == "image" else 0
        self._count += 1
        if (kind, index) not in self._made:
            self._made[kind, index] = make_file(kind, index, self._input, self._about)
        return self._made[kind, index]


_STANDARD = frozenset({"url", "content_type", "file_name", "file_size"})


def _required_others(schema: Schema, description: Description) -> dict[str, Json]:
    """Values of the properties that a file object must have besides fal's own."""
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    others: dict[str, Json] = {}
    for name in names:
        if name not in _STANDARD and name in schema["properties"]:
            numbers = seeded_numbers("file", name)
            others[name] = Generator(description, numbers).generate(
                schema["properties"][name], f"output.{name}"
            )
    return others


def _image_count(input_: Json) -> int:
    count = input_.get("num_images") if isinstance(input_, dict) else None
    if isinstance(count, bool) or not isinstance(count, int):
        return 1
    return min(max(count, 1), _MAX_IMAGES)


def _with_input(description: Description, schema: Schema, output: Json, input_: Json) -> Json:
    """The output with the values of the input in scalar fields of the same name."""
    if not isinstance(output, dict) or not isinstance(input_, dict):
        return output
    same = {
        name: input_[name]
        for name, value in output.items()
        if isinstance(value, (str, int, float))
        and type(input_.get(name)) in (str, int, float)
        and name != "output"
    }
    if not same:
        return output
    changed = {**output, **same}
    return changed if Conformance(description).conforms(schema, plain(changed)) else output
