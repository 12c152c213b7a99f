"""Attempts to reach the real fal, as they are reported."""

from __future__ import annotations

import json
from pathlib import Path

from fakefal.guard.escapes import Escape, merge_repeats, read_escapes

TOLD = {
    "target": "fal.run:443",
    "by": "Node",
    "how": "net.connect",
    "pid": 7,
    "command": ["node", "a.mjs"],
    "stack": ["a.mjs:1:2"],
}


def test_what_programs_wrote_is_read_and_nonsense_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "escapes.jsonl"
    lines = [json.dumps(TOLD), "{", "[]", '{"target": 1}', json.dumps({**TOLD, "pid": "x"}), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    (found,) = read_escapes(path)
    assert found.body() == {**TOLD, "count": 1}
    assert read_escapes(tmp_path / "none") == []


def test_the_same_attempts_of_a_process_are_one() -> None:
    one = Escape("fal.run:443", "Python", 1)
    other = Escape("fal.run:443", "Python", 2)
    found = merge_repeats([one, other, one])
    assert [(it.pid, it.count) for it in found] == [(1, 2), (2, 1)]


def test_an_attempt_is_told_with_its_process() -> None:
    escape = Escape("fal.run:443", "Python", 5, ("python", "x.py"), count=3)
    assert str(escape) == "fal.run:443 (3 times), tried by python x.py (pid 5)"
    assert str(Escape("fal.run", "names")) == "fal.run, tried by an unknown process"
