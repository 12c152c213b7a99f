"""The control API does what its own description allows, whatever is sent to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[FakeFalServer]:
    served = FakeFalServer()
    with ThreadedServer(served):
        yield served


def status_line(server: FakeFalServer, target: str, method: str = "GET") -> str:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Key a:b\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return connection.makefile("rb").readline().decode()


def test_no_path_is_a_500(server: FakeFalServer) -> None:
    names = ("{request_id}", "%7Brequest_id%7D", "{}", "{0}", "%00", "%ff", "..", "a" * 5000, "%s")
    paths = [
        f"/_fakefal/{route}/{name}{end}"
        for route in ("jobs", "tenants", "webhooks", "journal", "scenarios", "clock")
        for name in names
        for end in ("", "/redeliver", "/{request_id}")
    ]
    lines = {
        path: status_line(server, path, method) for path in paths for method in ("GET", "POST")
    }
    assert {path: line for path, line in lines.items() if " 500 " in line or not line} == {}
