from __future__ import annotations

import io
import json

import click

from fakefal.cli.output.server_log import ServerLog
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import JournalEntry

ENTRY = JournalEntry(1, 0.0, "upload", None, "id", 200, "", "cat.png", None)


def log(log_format: str, *, is_quiet: bool = False) -> list[str]:
    out = io.StringIO()
    printed = ServerLog(Terminal(out, out), log_format, is_quiet=is_quiet)
    printed.write("listening", "fakefal listens", url="http://x")
    printed.write_entry(ENTRY)
    printed.write_notice("scenario x.yaml added")
    return click.unstyle(out.getvalue()).splitlines()


def test_text() -> None:
    assert log("text") == [
        "fakefal listens",
        "00:00:00 upload  200  cat.png  id",
        "         scenario x.yaml added",
    ]


def test_json_has_an_object_a_line() -> None:
    lines = [json.loads(line) for line in log("json")]
    assert lines[0] == {"kind": "listening", "url": "http://x"}
    assert lines[1]["note"] == "cat.png"
    assert lines[2] == {"kind": "notice", "note": "scenario x.yaml added"}


def test_a_quiet_server_tells_its_start_only() -> None:
    assert log("text", is_quiet=True) == ["fakefal listens"]
