"""The proxy of a server that other machines can reach is open for fal's hosts only."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator

import pytest

from fakefal.errors import FakefalError
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.server.other_hosts import website

TOKEN = "a-token-of-the-control-api"
AUTHORIZATION = f"Proxy-Authorization: Basic {b64encode(f'fakefal:{TOKEN}'.encode()).decode()}\r\n"


def own_address() -> str:
    """An address of this machine that is not loopback; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


@pytest.fixture(scope="module")
def open_server() -> Iterator[FakeFalServer]:
    server = FakeFalServer(host="0.0.0.0", token=TOKEN)
    with ThreadedServer(server):
        yield server


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with website() as address:
        yield address


def exchange(server: FakeFalServer, host: str, request: str) -> str:
    with socket.create_connection((host, server.port), timeout=20) as connection:
        connection.sendall(request.encode())
        return connection.recv(100_000).decode("latin-1")


def test_services_of_the_machine_are_closed_to_others(
    open_server: FakeFalServer, site: str
) -> None:
    authority = site.removeprefix("http://").rstrip("/")
    requests = (
        f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n%s\r\n",
        f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n%s\r\n",
    )
    for request in requests:
        response = exchange(open_server, own_address(), request % "")
        assert response.startswith("HTTP/1.1 407 ")
        assert 'Proxy-Authenticate: Basic realm="fakefal"' in response
        assert "http://fakefal:TOKEN@" in response
        assert exchange(open_server, own_address(), request % AUTHORIZATION).startswith(
            "HTTP/1.1 200 "
        )
        assert exchange(open_server, "127.0.0.1", request % "").startswith("HTTP/1.1 200 ")


def test_fal_needs_no_token(open_server: FakeFalServer) -> None:
    connected = exchange(
        open_server, own_address(), "CONNECT fal.run:443 HTTP/1.1\r\nHost: fal.run\r\n\r\n"
    )
    assert connected.startswith("HTTP/1.1 200 ")
    plain = "GET http://fal.run/ HTTP/1.1\r\nHost: fal.run\r\n\r\n"
    assert " 407 " not in exchange(open_server, own_address(), plain).partition("\r\n")[0]


def test_an_empty_token_is_an_error() -> None:
    for token in ("", "  "):
        with pytest.raises(FakefalError, match="--token is empty"):
            FakeFalServer(token=token)
