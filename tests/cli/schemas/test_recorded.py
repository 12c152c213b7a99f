"""Descriptions beside a recording."""

from __future__ import annotations

from pathlib import Path

from fakefal.cli.schemas.recorded import add_schemas
from fakefal.scenario.files.loader import load_file
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.engine.calls.test_schema_calls import write_schema

RECORDING = """\
fakefal: 1
exchanges:
  - {when: {endpoint: acme/tree}, reply: {output: 1}}
  - {when: {endpoint: acme/unknown}, reply: {output: 1}}
  - {when: {endpoint: acme/*}, reply: {output: 1}}
"""


def test_schemas_that_the_upstream_has_are_added_once(tmp_path: Path) -> None:
    write_schema(tmp_path / "upstream", "acme/tree")
    recording = tmp_path / "recording.yaml"
    recording.write_text(RECORDING)
    with ThreadedServer(FakeFalServer(schemas=(tmp_path / "upstream",))) as server:
        lines = list(add_schemas(recording, server.url))
        again = list(add_schemas(recording, server.url))
    path = tmp_path / "schemas" / "acme" / "tree.json"
    assert lines[0] == f"fakefal: added the schema of acme/tree: {path}"
    assert lines[1].startswith("fakefal: no schema of acme/unknown: http://")
    assert again == lines[1:]
    assert [it.endpoint for _, it in load_file(recording).schemas] == ["acme/tree"]
