"""Stale outputs with their line; ``fakefal check`` is tested in tests/cli/commands."""

from __future__ import annotations

from pathlib import Path

from fakefal.scenario.files.loader import load_data, load_file
from fakefal.scenario.files.stale_outputs import stale_problems
from fakefal.scenario.schemas.description import description_of
from fakefal.scenario.schemas.library import SchemaLibrary
from tests.scenario.schemas.endpoint_models import describe

LIBRARY = SchemaLibrary([description_of(describe("acme/chat"))])
TEXT = """\
fakefal: 1
exchanges:
  - when: {endpoint: acme/chat}
    replies:
      - output: {output: ok}
      - output:
          output: 5
"""


def test_a_difference_has_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(TEXT)
    assert list(map(str, stale_problems(load_file(path), LIBRARY))) == [
        f"{path}:7:19: exchanges[0].replies[1].output.output: expected a string, "
        "by the schema of acme/chat"
    ]


def test_a_scenario_without_stale_outputs_is_not_read_again() -> None:
    assert list(stale_problems(load_data({"fakefal": 1, "exchanges": []}), LIBRARY)) == []
