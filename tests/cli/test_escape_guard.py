"""The guard of a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority
from fakefal.cli.child import Ended
from fakefal.cli.escape_guard import Guard
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    server = ThreadedFakeFal(FakeFal())
    with server:
        yield Guard(tmp_path, Authority(tmp_path / "home"), server.wait)


def test_what_programs_report_is_told_at_the_end(guard: Guard) -> None:
    told = {"target": "fal.run", "by": "Node", "how": "", "pid": 1, "command": [], "stack": []}
    guard.start()
    with guard.escapes_file.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(told)}\n" * 2)
    (escape,) = guard.stop()
    assert (escape.target, escape.count) == ("fal.run", 2)


def test_other_users_may_report_and_not_read(guard: Guard) -> None:
    assert guard.escapes_file.stat().st_mode & 0o777 == 0o622


@pytest.mark.skipif(sys.platform != "linux", reason="there are no private hosts files")
def test_the_command_sees_a_hosts_file_of_its_own(guard: Guard) -> None:
    assert guard.view is None
    guard.start()
    assert guard.view is not None
    text = Path(guard.view.hosts).read_text(encoding="utf-8")
    assert "queue.falrun.com" in text
    assert guard.stop() == []


@pytest.mark.parametrize(
    ("ended", "deaf", "told"),
    [
        (Ended(0), "", "not guarded: no private hosts file on this system"),
        (Ended(0, why="no right"), "", "not guarded: no private hosts file on this system (no r"),
        (Ended(0, "root"), "", "fal's names lead to a guard (root); addresses do not"),
        (Ended(0, "user namespace"), "port 443", "fal's names lead nowhere (user namespace), but"),
    ],
)
def test_it_says_what_was_guarded(guard: Guard, ended: Ended, deaf: str, told: str) -> None:
    guard._deaf = deaf
    found = guard.told(ended)
    assert found["other programs"].startswith(told)
    assert found["Python"] == found["Node"]
