"""Descriptions in files, as scenarios name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakefal.errors import FakefalError, ScenarioError
from fakefal.scenario.files.loader import find_files, load_file, load_text
from fakefal.scenario.files.schema_files import read_description, read_folder, read_library
from tests.cases import failures
from tests.scenario.schemas.endpoint_models import describe


def write(path: Path, endpoint: str = "acme/tree") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(describe(endpoint)))
    return path


def scenario(folder: Path, text: str) -> Path:
    path = folder / "scenario.yaml"
    path.write_text(f"fakefal: 1\n{text}\n")
    return path


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json")
    first = read_description(path)
    assert read_description(path) is first
    write(path, "acme/grid")
    assert read_description(path).endpoint == "acme/grid"


def test_a_scenario_has_the_schemas_that_it_names_and_those_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "schemas" / "deep" / "a.json")
    write(tmp_path / "mine.json", "acme/grid")
    loaded = load_file(
        scenario(tmp_path, "apps: {acme/x: {openapi: mine.json}}\nopenapi: mine.json")
    )
    assert [(pattern, it.endpoint) for pattern, it in loaded.schemas] == [
        ("", "acme/tree"),
        ("acme/x", "acme/grid"),
    ]
    assert [it.endpoint for it in loaded.apis] == ["acme/grid"]
    assert find_files([tmp_path]) == [tmp_path / "mine.json", tmp_path / "scenario.yaml"]


def test_problems_are_at_the_place_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[")
    (tmp_path / "empty.json").write_text('{"openapi": "3.1.0", "paths": {}}')

    def check(text: str, expected: str) -> None:
        with pytest.raises(ScenarioError) as caught:
            load_file(scenario(tmp_path, text))
        assert expected in str(caught.value)

    cases = [
        ("apps: {a/b: {openapi: no.json}}", "scenario.yaml:2:23: apps.a/b.openapi: "),
        ("apps: {a/b: {openapi: no.json}}", "no.json: no such file — check the path"),
        ("apps: {a/b: {openapi: empty.json}}", "describes no POST with a JSON body"),
        ("openapi: [bad.json]", "scenario.yaml:2:11: openapi[0]: "),
        ("openapi: [bad.json]", "bad.json: not JSON"),
    ]
    assert failures(check, cases) == []


def test_a_scenario_that_was_sent_has_no_files_beside_it() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_text("fakefal: 1\napps: {a/b: {openapi: x.json}}\nopenapi: y.json", is_standalone=True)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "has no files beside it — start the server with --schemas FOLDER" in lines[0]


def test_a_folder_lists_all_its_problems(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(FakefalError) as caught:
        read_folder(tmp_path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_library_is_read_from_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path / "folder" / "a.json")
    library = read_library([tmp_path / "folder", write(tmp_path / "b.json", "acme/grid")])
    assert library is not None
    assert list(library.endpoints()) == ["acme/tree", "acme/grid"]
    assert read_library([]) is None
