"""The proxy and the TLS port, byte for byte, on both event loops."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakefal.settings import Limits
from tests.building import exchange
from tests.cases import failures
from tests.libraries import needs_current_aiohttp
from tests.server.connections import TlsConnection, connect, open_connection, read_head, read_rest
from tests.server.fault_server import LOOPS, ServerUnderTest, threaded_server
from tests.server.raw_http import ParsedResponse, http, parse_responses

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ECHO = {"when": {"input": {"echo": {"$type": "string"}}}, "reply": {"output": "{{ input.echo }}"}}
ANY = exchange()


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param, ECHO, ANY, way="tls") as server:
        yield server


@pytest.fixture(scope="module", params=LOOPS)
def long_served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param, ECHO, ANY, way="tls") as server:
        yield server


def connect_to_proxy(served: ServerUnderTest, *parts: bytes) -> socket.socket:
    """A connection to the plain port, on which bytes were sent."""
    connection = open_connection(served.server)
    for part in parts:
        connection.sendall(part)
    return connection  # type: ignore[no-any-return] # reach also gives TLS


def read_response(connection: Any) -> ParsedResponse:
    """The single response until the connection ends."""
    with connection:
        (response,) = parse_responses(read_rest(connection)[0])
        return response


def request_over(served: ServerUnderTest, way: str, request: bytes, name: str) -> ParsedResponse:
    connection = open_connection(served.server, way, name)
    connection.sendall(request)
    return read_response(connection)


def echo(text: str, **options: Any) -> bytes:
    return http(body=json.dumps({"echo": text}).encode(), path=b"/fal-ai/echo", **options)


SUBMIT = http(host=b"queue.fal.run")


# Hosts and links


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
def test_the_connected_name_is_used_if_the_host_header_is_invalid(
    served: ServerUnderTest, way: str
) -> None:
    def check(host: bytes | None) -> None:
        version = b"HTTP/1.0" if host is None else b"HTTP/1.1"
        response = request_over(served, way, http(host=host, version=version), "queue.fal.run")
        url = response.json["status_url"]
        assert url.startswith("https://queue.fal.run/fal-ai/any-llm/requests/")

    assert failures(check, [b"queue.fal.run", b"localhost:1", b"x", None, b""]) == []


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
def test_a_fal_host_header_overrides_the_connected_name(served: ServerUnderTest, way: str) -> None:
    response = request_over(served, way, SUBMIT, "fal.run")
    assert response.json["cancel_url"].startswith("https://queue.fal.run/")


def test_links_lead_to_the_tls_port_if_the_host_header_names_it(served: ServerUnderTest) -> None:
    port = served.server.tls_port
    for name in ("localhost", "127.0.0.1"):
        host = f"{name}:{port}"
        request = http(host=host.encode(), path=b"/queue.fal.run/fal-ai/any-llm")
        response = request_over(served, "tls", request, name)
        assert response.json["status_url"].startswith(
            f"https://{host}/queue.fal.run/fal-ai/any-llm/"
        )
    assert served.server.tls_url == f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("way", ["connect", "tunnel"])
def test_a_fal_host_may_have_any_port_and_any_of_its_names(
    served: ServerUnderTest, way: str
) -> None:
    for name in ("queue.fal.run", "queue.falrun.com", "QUEUE.fal.run."):
        for port in (443, 80, 8443):
            connection = connect_to_proxy(served, connect(name, port))
            assert read_head(connection).startswith(b"HTTP/1.1 200 ")
            inside: Any = connection
            if way == "connect":
                inside = TlsConnection(served.server, connection, name.rstrip("."))
            inside.sendall(http(host=f"{name}:{port}".encode() if port == 8443 else name.encode()))
            scheme = "https" if way == "connect" else "http"
            link = f"{scheme}://queue.fal.run:8443" if port == 8443 else "https://queue.fal.run"
            assert (
                read_response(inside)
                .json["status_url"]
                .startswith(f"{link}/fal-ai/any-llm/requests/")
            )


def test_unknown_fal_hosts_are_not_forwarded(served: ServerUnderTest) -> None:
    for way in ("connect", "tunnel"):
        response = request_over(served, way, http(host=b"new.fal.run"), "new.fal.run")
        assert (response.status, "This is fakefal" in response.json["detail"]) == (404, True)
    response = read_response(
        connect_to_proxy(served, http(path=b"http://new.fal.ai/x", host=b"new.fal.ai"))
    )
    assert response.status == 404
    assert served.server.proxy.log.entries() == []


def test_the_server_itself_is_reachable_through_the_proxy(served: ServerUnderTest) -> None:
    for port in (served.server.port, served.server.tls_port):
        assert port is not None
        for name in ("127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0"):
            connection = connect_to_proxy(served, connect(name, port))
            assert read_head(connection).startswith(b"HTTP/1.1 200 ")
            host = f"{name}:{port}"
            connection.sendall(http(host=host.encode(), path=b"/queue.fal.run/fal-ai/any-llm"))
            link = read_response(connection).json["status_url"]
            assert link.startswith(f"http://{host}/queue.fal.run/fal-ai/any-llm/")
    url = f"http://localhost:{served.server.port}/_fakefal/health".encode()
    response = read_response(
        connect_to_proxy(served, http(path=url, method=b"GET", body=b"", host=b"localhost"))
    )
    assert response.json == {"status": "ok"}
    assert served.server.proxy.log.entries() == []


# HTTP inside


@pytest.mark.parametrize("way", ["plain", "tls", "connect", "tunnel"])
def test_requests_may_be_pipelined(served: ServerUnderTest, way: str) -> None:
    connection = open_connection(served.server, way)
    texts = [f"n{number}" for number in range(40)]
    connection.sendall(b"".join(echo(text, keep_alive=text != "n39") for text in texts))
    with connection:
        received, end = read_rest(connection)
    assert [response.json for response in parse_responses(received)] == texts
    assert end == "closed"


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
def test_a_connection_is_kept(served: ServerUnderTest, way: str) -> None:
    connection = open_connection(served.server, way)
    for number in range(3):
        connection.sendall(echo(str(number), keep_alive=True))
        assert b"Content-Length: 3" in read_head(connection)
        assert connection.recv(3) == f'"{number}"'.encode()
    connection.close()


@SETTINGS
@given(st.lists(st.integers(1, 400), max_size=12), st.sampled_from(["connect", "tunnel"]))
def test_bytes_may_arrive_in_any_chunks(
    long_served: ServerUnderTest, sizes: list[int], way: str
) -> None:
    connection = connect_to_proxy(long_served)
    pieces: Any = SlowWriter(connection, sizes)
    pieces.sendall(connect("fal.run"))
    assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    inside = pieces if way == "tunnel" else TlsConnection(long_served.server, pieces, "fal.run")
    inside.sendall(echo("a", keep_alive=True) + echo("b"))
    assert [response.json for response in parse_responses(read_rest(inside)[0])] == ["a", "b"]
    connection.close()


class SlowWriter:
    """A socket that writes in chunks of these sizes, cyclically; without sizes all at once."""

    def __init__(self, connection: socket.socket, sizes: list[int]) -> None:
        self._socket = connection
        self._sizes = sizes

    def sendall(self, data: bytes) -> None:
        number = 0
        while data:
            size = self._sizes[number % len(self._sizes)] if self._sizes else len(data)
            self._socket.sendall(data[:size])
            data, number = data[size:], number + 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


@pytest.mark.parametrize("gap", [0, 1, 60])
def test_the_hello_may_come_with_the_connect(served: ServerUnderTest, gap: int) -> None:
    """Like a caller that does not await the response to CONNECT; ``gap`` bytes follow later."""
    connection = connect_to_proxy(served)
    whole = connect("fal.run", 443, b"Proxy-Authorization: Basic eDp5", b"Proxy-Connection: close")
    early = EarlyHello(connection, whole, gap)
    inside = TlsConnection(served.server, early, "fal.run")  # type: ignore[arg-type]
    inside.sendall(echo("hi"))
    assert read_response(inside).json == "hi"


class EarlyHello:
    """Sends a CONNECT together with the first bytes, and strips its response."""

    def __init__(self, connection: socket.socket, before: bytes, gap: int) -> None:
        self._socket, self._before, self._gap = connection, before, gap

    def sendall(self, data: bytes) -> None:
        if not self._before:
            self._socket.sendall(data)
            return
        data, self._before = self._before + data, b""
        at = len(data) - self._gap
        self._socket.sendall(data[:at])
        assert read_head(self._socket).startswith(b"HTTP/1.1 200 ")
        self._socket.sendall(data[at:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def test_a_request_may_come_with_the_connect(served: ServerUnderTest) -> None:
    connection = connect_to_proxy(served, connect("fal.run", 80) + echo("hi"))
    assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    assert read_response(connection).json == "hi"


def test_a_connect_may_follow_other_requests(served: ServerUnderTest) -> None:
    connection = connect_to_proxy(served, echo("plain", keep_alive=True) + connect("fal.run"))
    assert b"Content-Length: 7" in read_head(connection)
    assert connection.recv(7) == b'"plain"'
    assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    inside = TlsConnection(served.server, connection, "fal.run")
    inside.sendall(connect("queue.fal.run", 80) + SUBMIT)
    assert read_head(inside).startswith(b"HTTP/1.1 200 ")
    assert read_response(inside).status == 200


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no TLS inside TLS before")
def test_the_proxy_itself_may_be_reached_by_tls(served: ServerUnderTest) -> None:
    outer = open_connection(served.server, "tls", "localhost")
    outer.sendall(connect("fal.run"))
    assert read_head(outer).startswith(b"HTTP/1.1 200 ")
    inside = TlsConnection(served.server, outer, "fal.run")
    inside.sendall(echo("hi"))
    assert read_response(inside).json == "hi"


# TLS


def test_only_http_1_is_offered(served: ServerUnderTest) -> None:
    for way in ("tls", "connect"):
        connection = open_connection(served.server, way)
        assert connection.tls.selected_alpn_protocol() == "http/1.1"
        connection.close()


@pytest.mark.parametrize("name", ["fakefal", "app.internal", "127.0.0.1", "localhost", "::1"])
def test_each_name_gets_a_certificate(served: ServerUnderTest, name: str) -> None:
    response = request_over(
        served, "tls", http(host=name.encode(), path=b"/fal.run/fal-ai/any-llm"), name
    )
    assert response.status == 200


def test_an_invalid_certificate_name_fails_the_handshake(served: ServerUnderTest) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        open_connection(served.server, "tls", "no_such_name")


@SETTINGS
@given(
    st.binary(min_size=1, max_size=700), st.sampled_from([b"", b"\x16", b"\x16\x03\x01\x02\x00"])
)
def test_garbage_fails_the_handshake(
    long_served: ServerUnderTest, data: bytes, before: bytes
) -> None:
    for connection in (
        open_connection(long_served.server),
        long_served.connect()._socket._connection,
    ):
        if connection is not None:
            connection.close()
    connection = socket.create_connection(
        (long_served.server.host, long_served.server.tls_port or 0)
    )
    connection.sendall(before + data)
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(10)
    received, _ = read_rest(connection)
    connection.close()
    assert not received or received[0] in (0x15, ord("H"))
    tunnel = connect_to_proxy(long_served, connect("fal.run"))
    read_head(tunnel)
    tunnel.sendall(b"\x16" + data)
    tunnel.shutdown(socket.SHUT_WR)
    read_rest(tunnel)
    tunnel.close()


def test_plain_http_on_the_tls_port_gets_an_explanation(served: ServerUnderTest) -> None:
    connection = socket.create_connection(
        (served.server.host, served.server.tls_port or 0), timeout=10
    )
    connection.sendall(http())
    response = read_response(connection)
    assert (response.status, b"use https://" in response.body) == (400, True)


# Invalid requests


@needs_current_aiohttp
def test_a_connect_with_an_invalid_target_is_a_400(served: ServerUnderTest) -> None:
    def check(target: str) -> None:
        request = http(method=b"CONNECT", path=target.encode(), body=b"")
        assert read_response(connect_to_proxy(served, request)).status == 400

    targets = [
        *("fal.run", "fal.run:", "fal.run:x", "fal.run:0", "fal.run:99999", ":443", "a..b:1"),
        *("[::1:443", "[x]:443", "http://fal.run/", "x" * 300 + ":1", "fal.run:443/x", "a@b:1"),
    ]
    assert failures(check, targets) == []


def test_a_silent_caller_times_out() -> None:
    with threaded_server("asyncio") as served:
        object.__setattr__(served.server.settings, "limits", Limits(idle_timeout_seconds=0.2))
        connection = connect_to_proxy(served, connect("fal.run"))
        read_head(connection)
        assert read_rest(connection)[0] == b""
        connection.close()
        connection = connect_to_proxy(served, connect("fal.run"))
        read_head(connection)
        connection.sendall(b"\x16\x03\x01\x02")
        assert read_rest(connection)[0] == b""
        connection.close()


def test_it_stops_with_open_tunnels_and_half_a_handshake(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING), threaded_server("asyncio") as served:
        connections = [connect_to_proxy(served, connect("fal.run")) for _ in range(3)]
        for connection in connections:
            read_head(connection)
        connections[1].sendall(b"\x16\x03\x01\x02")
        inside = TlsConnection(served.server, connections[2], "fal.run")
        inside.sendall(echo("x", keep_alive=True)[:50])
        served.thread.stop()
        for connection in connections:
            read_rest(connection)
            connection.close()
    assert caplog.records == []
    assert capfd.readouterr().err == ""
