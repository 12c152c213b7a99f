from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.cli.output.scenario_append import append_exchange
from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import load_file

EXCHANGE: dict[str, Any] = {"when": {"endpoint": "a/b"}, "reply": {"fail": "nginx-502"}}
EXISTING = """\
fakefal: 1 # kept
exchanges:
    - reply: {text: x} # kept too
"""


def test_an_exchange_is_appended_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(EXISTING)
    append_exchange(path, EXCHANGE, "why")
    append_exchange(path, EXCHANGE, "again")
    text = path.read_text()
    assert text.startswith(EXISTING + "    # why\n    - when:\n")
    assert len(load_file(path).exchanges) == 3


def test_a_file_is_created(tmp_path: Path) -> None:
    append_exchange(tmp_path / "new.yaml", EXCHANGE, "why")
    assert len(load_file(tmp_path / "new.yaml").exchanges) == 1
    (tmp_path / "none.yaml").write_text("fakefal: 1\nseed: 3\n")
    append_exchange(tmp_path / "none.yaml", EXCHANGE, "why")
    assert len(load_file(tmp_path / "none.yaml").exchanges) == 1


def test_what_cannot_be_appended_to_is_left_as_it_is(tmp_path: Path) -> None:
    for text, problem in (
        ("fakefal: 1\nexchanges: []\n", "in brackets"),
        ("fakefal: 1\nexchanges:\n- reply: {text: x}\nseed: 1\n", "not the last key"),
        ("fakefal: 1\nexchanges:\n- reply: {texd: x}\n", "nothing was appended"),
    ):
        path = tmp_path / "s.yaml"
        path.write_text(text)
        with pytest.raises(FakefalError, match=problem):
            append_exchange(path, EXCHANGE, "why")
        assert path.read_text() == text
    with pytest.raises(FakefalError, match="only YAML"):
        append_exchange(tmp_path / "s.json", EXCHANGE, "why")
