"""Which process holds a connection."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal.guard.processes import find_process

DIAL = "import socket, sys; s = socket.create_connection(({!r}, int(sys.argv[1]))); input()"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@pytest.mark.parametrize("name", ["127.0.0.1", "::ffff:127.0.0.1"], ids=["IPv4", "mapped"])
def test_the_process_at_the_other_end_is_found(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-c", DIAL.format(name), str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            taken, peer = server.accept()
            with taken:
                pid, command_line = find_process(peer, ("127.0.0.1", port))
                assert process.stdin is not None
                process.stdin.write(b"\n")
                process.stdin.close()
    assert pid == process.pid
    assert list(command_line) == command


def test_our_own_connection_is_ours() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
    ):
        pid, _ = find_process(near.getsockname(), server.getsockname())
    assert pid == os.getpid()


def test_an_unknown_process_is_not_guessed(tmp_path: Path) -> None:
    assert find_process(("127.0.0.1", 1), ("127.0.0.1", 2)) == (0, ())
    assert find_process(("127.0.0.1", 1), ("127.0.0.1", 2), tmp_path) == (0, ())
