from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.cli.running import fakefal


@pytest.fixture
def fake() -> Iterator[FakeFalServer]:
    with ThreadedServer(FakeFalServer(token="demanded")) as fake:
        yield fake


@contextmanager
def other_server(status: int, body: bytes) -> Iterator[str]:
    """The URL of a server that is not fakefal."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_ready_server_is_one_line(fake: FakeFalServer) -> None:
    line = f"fakefal 0.1.0 is ready at {fake.url}\n"
    assert fakefal("health", "--url", fake.url) == (0, line, "")
    assert fakefal("health", "--url", f"{fake.url}/") == (0, line, "")
    assert fakefal("health", "--port", str(fake.port)) == (0, line, "")
    assert fakefal("health", "--host", "0.0.0.0", "--port", str(fake.port)) == (0, line, "")


def test_the_url_may_be_set_in_the_environment(
    fake: FakeFalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKEFAL_HOST", "0.0.0.0")
    monkeypatch.setenv("FAKEFAL_PORT", str(fake.port))
    assert fakefal("health").code == 0


def test_without_a_server_the_exit_code_is_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    code, out, err = fakefal("health", "--port", str(port))
    assert (code, err) == (1, "")
    assert out == f"no response from http://127.0.0.1:{port}: Connection refused\n"


def test_a_server_that_does_not_respond_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        code, out, _ = fakefal("health", "--url", url, "--timeout", "0.1")
    assert (code, out) == (1, f"no response from {url}: timed out\n")


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (200, b"hello", "is not a fakefal server: 200"),
        (200, b"[]", "is not a fakefal server: 200"),
        (503, b'{"detail": "not all ports listen yet"}', "is not ready: 503 not all ports listen"),
        (200, b'{"status": "starting"}', "is not ready: 200"),
    ],
)
def test_a_server_that_is_not_ready_is_reported(status: int, body: bytes, line: str) -> None:
    with other_server(status, body) as url:
        code, out, _ = fakefal("health", "--url", url)
    assert code == 1
    assert out.startswith(f"{url} {line}")


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443", "127.0.0.1", "http://", "http://x:y"])
def test_an_invalid_url_is_an_error(url: str) -> None:
    ran = fakefal("health", "--url", url)
    assert (ran.code, ran.out) == (2, "")
    assert url in ran.err


def test_health_imports_no_server() -> None:
    program = "import sys, fakefal.cli.main as m; m.main(['health']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    heavy = {"aiohttp", "pydantic", "asyncio", "ssl_", "yaml", "rich", "cryptography"}
    assert not heavy & set(done.stdout.split())
