"""What listens where the private hosts file leads."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakefal.ca.authority import Authority
from fakefal.guard import escape_listener as module
from fakefal.guard.escape_listener import EscapeListener


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EscapeListener:
    """One whose ports everybody may listen on."""
    ports = {}
    for scheme in ("https", "http"):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports[free.getsockname()[1]] = scheme
    monkeypatch.setattr(module, "_PORTS", ports)
    return EscapeListener(Authority(tmp_path), "127.0.0.1")


def port_of(scheme: str) -> int:
    return next(port for port, name in module._PORTS.items() if name == scheme)


def send(tmp_path: Path, scheme: str) -> tuple[int, Any]:
    port = port_of(scheme)
    if scheme == "http":
        connection = http.client.HTTPConnection("127.0.0.1", port)
    else:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", port)
        raw = socket.create_connection(("127.0.0.1", port))
        connection.sock = context.wrap_socket(raw, server_hostname="queue.falrun.com")
    connection.request("POST", "/x?y=1", b"body", {"Host": "queue.falrun.com"})
    answer = connection.getresponse()
    result = answer.status, json.load(answer)
    connection.close()
    return result


async def run_with(listener: EscapeListener, connect: Callable[[], Any]) -> Any:
    assert await listener.start() == ""
    try:
        return await asyncio.to_thread(connect)
    finally:
        await listener.stop()


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_request_is_rejected_and_recorded(
    listener: EscapeListener, tmp_path: Path, scheme: str
) -> None:
    status, body = await run_with(listener, lambda: send(tmp_path, scheme))
    url = f"{scheme}://queue.falrun.com/x?y=1"
    assert status == 403
    assert body["detail"].startswith(f"fakefal blocked a direct connection to {url}: ")
    (escape,) = listener.escapes
    assert escape.target == url
    if sys.platform == "linux":
        assert escape.pid == os.getpid()


async def test_a_client_that_does_not_trust_the_ca_is_recorded_by_server_name(
    listener: EscapeListener,
) -> None:
    def connect() -> None:
        context = ssl.create_default_context()
        with (
            pytest.raises(ssl.SSLError),
            socket.create_connection(("127.0.0.1", port_of("https"))) as raw,
            context.wrap_socket(raw, server_hostname="fal.run"),
        ):
            pass

    await run_with(listener, connect)
    assert listener.escapes[0].target == "fal.run:443"


async def test_a_port_in_use_is_reported(listener: EscapeListener) -> None:
    with socket.create_server(("127.0.0.1", port_of("http"))):
        assert (await listener.start()).startswith(f"cannot listen on port {port_of('http')}: ")
