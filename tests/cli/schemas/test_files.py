"""Files of descriptions: their names, and what is recorded about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakefal.cli.schemas.files import digest_of, fetch, path_of, stored, write
from fakefal.errors import FakefalError
from tests.cases import failures
from tests.scenario.schemas.endpoint_models import describe


def test_a_file_is_named_for_its_endpoint() -> None:
    assert path_of(Path("schemas"), "fal-ai/flux/dev") == Path("schemas/fal-ai/flux/dev.json")

    def check(name: str) -> None:
        with pytest.raises(FakefalError, match="is not an endpoint"):
            path_of(Path("schemas"), name)

    assert failures(check, ["", "..", "/", "C:/x", "a\\b"]) == []


def test_the_hash_is_that_of_the_description_alone(tmp_path: Path) -> None:
    document = describe("acme/tree")
    write(tmp_path / "a.json", document, "https://example.com/")
    (item,) = stored(tmp_path)
    assert item.source == "https://example.com/"
    assert item.sha256 == digest_of(document) == digest_of(item.description.document)
    write(tmp_path / "a.json", json.loads((tmp_path / "a.json").read_text()), "again")
    assert next(stored(tmp_path)).sha256 == item.sha256


def test_only_http_is_fetched() -> None:
    with pytest.raises(FakefalError, match="is not an http or https URL"):
        fetch("file:///etc/passwd")


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FakefalError, match="fakefal schemas pull ENDPOINT makes it"):
        list(stored(tmp_path / "none"))
