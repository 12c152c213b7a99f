"""Files that outputs refer to: listed, read, rejected."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_file, read_assets
from fakefal.scenario.media.assets import is_reference, make_asset, references_in
from fakefal.scenario.media.images import png


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"file": "a.png"}, True),
        ({"file": "a.png", "as": "url"}, True),
        ({"file": "https://example.test/a.png"}, False),
        ({"file": "data:text/plain,x"}, False),
        ({"file": {"url": "x"}}, False),
        ({"url": "a.png"}, False),
        ("a.png", False),
    ],
)
def test_a_reference_is_an_object_with_the_name_of_a_file(value: Any, expected: bool) -> None:
    assert is_reference(value) is expected


def test_references_are_listed_at_any_depth_with_their_paths() -> None:
    value = {"a": [{"file": "x"}, {"b": {"file": "y"}}], "file": {"file": "z"}}
    assert list(references_in(value)) == [
        (("a", 0, "file"), "x"),
        (("a", 1, "b", "file"), "y"),
        (("file", "file"), "z"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("images/cat.PNG", ("cat.PNG", "image/png")),
        ("a.glb", ("a.glb", "model/gltf-binary")),
        ("noise", ("noise", "application/octet-stream")),
    ],
)
def test_the_type_of_an_asset_follows_from_its_extension(
    name: str, expected: tuple[str, str]
) -> None:
    asset = make_asset(name, b"")
    assert (asset.name, asset.content_type) == expected
    assert make_asset("a.png", png(3, 4, (1, 2, 3))).dimensions == (3, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "s" / "images").mkdir(parents=True)
    (tmp_path / "s" / "images" / "cat.png").write_bytes(png(3, 4, (1, 2, 3)))
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "s"


def load(folder: Path, reply: str) -> Any:
    file = folder / "s.yaml"
    file.write_text(f"fakefal: 1\nexchanges:\n  - reply: {reply}\n", encoding="utf-8")
    return load_file(file)


def test_a_file_beside_the_scenario_is_read(folder: Path) -> None:
    loaded = load(folder, "{output: {images: [{file: images/cat.png}]}}")
    assert list(loaded.assets) == ["images/cat.png"]
    assert loaded.assets["images/cat.png"].dimensions == (3, 4)
    assert load(folder, "{kind: images, files: [images/cat.png]}").assets


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("images/dog.png", 'there is no file "images/dog.png" beside the scenario'),
        ("images", 'there is no file "images" beside the scenario'),
        ("../secret.txt", '"../secret.txt" is outside the folder of the scenario'),
        ("/etc/passwd", '"/etc/passwd" is outside the folder of the scenario'),
        ("link.txt", '"link.txt" is outside the folder of the scenario'),
        ('"{{ input.name }}.png"', "the name of a file cannot be a template"),
        ('"a\\0b"', "cannot be read"),
    ],
)
def test_a_wrong_file_is_an_error_with_its_position(folder: Path, name: str, text: str) -> None:
    if hasattr(os, "symlink"):
        (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    with pytest.raises(ScenarioError) as caught:
        load(folder, f"{{output: {{image: {{file: {name}}}}}}}")
    (line,) = str(caught.value).splitlines()
    assert ":3:" in line
    assert "exchanges[0].reply.output.image.file: " in line
    assert text in line


def test_files_of_an_exchange_are_read_beside_the_scenario(folder: Path) -> None:
    data = {"replies": [{"output": {"file": "images/cat.png"}}]}
    assert list(read_assets(data, str(folder / "x"))) == ["images/cat.png"]
    with pytest.raises(ScenarioError, match="there is no file"):
        read_assets(data, str(folder / "images" / "x"))
