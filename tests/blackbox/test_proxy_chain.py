"""A run where the user's network wants a proxy of its own."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from tests.run_command import run

pytestmark = pytest.mark.blackbox

PROGRAM = """\
import urllib.request
for host in ("other.example", "queue.fal.run", "direct.invalid"):
    try:
        urllib.request.urlopen(f"https://{host}/", timeout=20)
    except OSError as error:
        print(error)
"""


def test_other_hosts_are_reached_through_it_and_fal_is_not() -> None:
    heads: list[str] = []

    def serve(server: socket.socket) -> None:
        while True:
            try:
                taken = server.accept()[0]
            except OSError:
                return
            with taken:
                heads.append(taken.recv(1000).decode().splitlines()[0])
                taken.sendall(b"HTTP/1.1 503 closed on Sundays\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        env = {"HTTPS_PROXY": proxy, "NO_PROXY": ".invalid"}
        ran = run(sys.executable, "-c", PROGRAM, env=env)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert ran.code == 0, ran.err
    first, second, third = ran.out.splitlines()
    assert "closed on Sundays" in first
    assert "404" in second or "401" in second
    assert "direct.invalid" in third or "Name or service" in third or "resolution" in third
    assert heads == ["CONNECT other.example:443 HTTP/1.1"]
