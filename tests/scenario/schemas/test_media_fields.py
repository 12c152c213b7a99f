"""Which fields hold files, and of which kind."""

from __future__ import annotations

import io
import zipfile
from typing import Any, get_args

from fakefal.scenario.schemas.media_fields import (
    FileKind,
    file_kind,
    is_file_object,
    is_file_url,
    make_file,
)
from tests.cases import failures

FILE = {"title": "File", "properties": {"url": {"type": "string"}, "content_type": {}}}
URL = {"type": "string"}


def test_file_objects_have_a_url_and_more() -> None:
    assert is_file_object(FILE)
    assert not is_file_object({"properties": {"url": {"type": "string"}, "title": {}}})
    assert not is_file_object({"type": "string"})


def test_urls_of_files_are_known_by_their_names() -> None:
    def check(name: str, expected: bool) -> None:
        assert is_file_url(URL, name) is expected

    yes = ("video_url", "image_urls", "url", "audio_uri")
    no = ("page_url", "callback_url", "curl", "name")
    cases = [*((name, True) for name in yes), *((name, False) for name in no)]
    assert failures(check, cases) == []
    assert not is_file_url({"type": "string", "enum": ["x"]}, "video_url")


def test_kinds_follow_from_examples_names_and_descriptions() -> None:
    def check(schema: Any, names: tuple[str, ...], expected: str) -> None:
        assert file_kind(schema, names, None) == expected

    example = {**FILE, "examples": [{"url": "https://x/a.mp4"}]}
    cases = [
        (example, ("image",), "video"),
        (FILE, ("model_mesh",), "mesh"),
        (FILE, ("output", "stems"), "audio"),
        ({**FILE, "description": "The zip archive"}, ("result",), "archive"),
        (FILE, ("result",), "binary"),
        (FILE, ("diffusers_lora_file",), "weights"),
    ]
    assert failures(check, cases) == []
    assert file_kind(FILE, ("result",), "video") == "video"


def test_made_files_are_real() -> None:
    assets = {kind: make_file(kind, 0, {}, ()) for kind in get_args(FileKind)}
    assert assets["image"].data.startswith(b"\x89PNG")
    assert assets["video"].data[4:8] == b"ftyp"
    assert assets["audio"].data[:4] == b"RIFF"
    assert assets["mesh"].data[:4] == b"glTF"
    assert zipfile.ZipFile(io.BytesIO(assets["archive"].data)).namelist() == []
    length = int.from_bytes(assets["weights"].data[:8], "little")
    assert length == len(assets["weights"].data) - 8
    assert make_file("image", 0, {"output_format": "jpeg"}, ()).data[:3] == b"\xff\xd8\xff"
