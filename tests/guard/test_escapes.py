"""Attempts to reach the real fal, as they are reported."""

from __future__ import annotations

import json
from pathlib import Path

from fakefal.guard.escapes import Escape, merge_repeats, read_escapes

RECORD = {
    "target": "fal.run:443",
    "by": "Node",
    "how": "net.connect",
    "pid": 7,
    "command": ["node", "a.mjs"],
    "stack": ["a.mjs:1:2"],
}


def test_escapes_are_read_and_invalid_lines_skipped(tmp_path: Path) -> None:
    path = tmp_path / "escapes.jsonl"
    lines = [json.dumps(RECORD), "{", "[]", '{"target": 1}', json.dumps({**RECORD, "pid": "x"}), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    (escape,) = read_escapes(path)
    assert escape.body() == {**RECORD, "count": 1}
    assert read_escapes(tmp_path / "none") == []


def test_repeated_escapes_of_a_process_are_merged() -> None:
    one = Escape("fal.run:443", "Python", 1)
    other = Escape("fal.run:443", "Python", 2)
    escapes = merge_repeats([one, other, one])
    assert [(escape.pid, escape.count) for escape in escapes] == [(1, 2), (2, 1)]


def test_an_escape_is_described_with_its_process() -> None:
    escape = Escape("fal.run:443", "Python", 5, ("python", "x.py"), count=3)
    assert str(escape) == "fal.run:443 (3 times), tried by python x.py (pid 5)"
    assert str(Escape("fal.run", "names")) == "fal.run, tried by an unknown process"
