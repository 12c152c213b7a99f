"""The guard of a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority
from fakefal.cli.child import ExitInfo
from fakefal.cli.escape_guard import EscapeGuard
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[EscapeGuard]:
    server = ThreadedServer(FakeFalServer())
    with server:
        yield EscapeGuard(tmp_path, Authority(tmp_path / "home"), server.submit)


def test_reports_of_programs_are_collected_at_the_end(guard: EscapeGuard) -> None:
    report = {"target": "fal.run", "by": "Node", "how": "", "pid": 1, "command": [], "stack": []}
    guard.start()
    with guard.escapes_file.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(report)}\n" * 2)
    (escape,) = guard.stop()
    assert (escape.target, escape.count) == ("fal.run", 2)


def test_other_users_may_append_reports_but_not_read_them(guard: EscapeGuard) -> None:
    assert guard.escapes_file.stat().st_mode & 0o777 == 0o622


@pytest.mark.skipif(sys.platform != "linux", reason="there are no private hosts files")
def test_the_command_sees_a_private_hosts_file(guard: EscapeGuard) -> None:
    assert guard.etc_overrides is None
    guard.start()
    assert guard.etc_overrides is not None
    text = Path(guard.etc_overrides.hosts).read_text(encoding="utf-8")
    assert "queue.falrun.com" in text
    assert guard.stop() == []


@pytest.mark.parametrize(
    ("exit_info", "listen_error", "expected"),
    [
        (ExitInfo(0), "", "not guarded: no private hosts file on this system"),
        (
            ExitInfo(0, hosts_error="no right"),
            "",
            "not guarded: no private hosts file on this system (no r",
        ),
        (
            ExitInfo(0, "root"),
            "",
            "fal's names are blocked and reported (root); fal's addresses are not",
        ),
        (
            ExitInfo(0, "user namespace"),
            "port 443",
            "fal's names are blocked (user namespace), but",
        ),
    ],
)
def test_the_coverage_of_each_kind_of_program(
    guard: EscapeGuard, exit_info: ExitInfo, listen_error: str, expected: str
) -> None:
    guard._listen_error = listen_error
    coverage = guard.describe_coverage(exit_info)
    assert coverage["other programs"].startswith(expected)
    assert coverage["Python"] == coverage["Node"]
