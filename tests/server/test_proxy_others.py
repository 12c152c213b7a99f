"""The proxy and hosts other than fal's: tunnels, absolute-form requests, and offline mode."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakefal.ca.authority import Authority
from fakefal.proxy.proxy_log import ProxyLogEntry
from fakefal.settings import Limits
from tests.server.connections import connect, open_connection, read_head, read_rest
from tests.server.fault_server import LOOPS, ServerUnderTest, threaded_server
from tests.server.other_hosts import count_bytes, running_listener, tls_echo, website
from tests.server.raw_http import ParsedResponse, http, parse_responses

MEGABYTES = 20_000_000


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param) as server:
        yield server


@pytest.fixture(params=LOOPS)
def offline(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param) as server:
        object.__setattr__(server.server.settings, "offline", True)
        yield server


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with website() as address:
        yield address


def tunnel(served: ServerUnderTest, port: int, early: bytes = b"") -> socket.socket:
    connection: socket.socket = open_connection(served.server)
    connection.sendall(connect("127.0.0.1", port) + early)
    assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    return connection


def read_response(served: ServerUnderTest, request: bytes) -> ParsedResponse:
    """The single response to a request."""
    with open_connection(served.server) as connection:
        connection.sendall(request)
        (response,) = parse_responses(read_rest(connection)[0])
        return response


def proxy_log(served: ServerUnderTest) -> list[ProxyLogEntry]:
    return served.server.proxy.log.entries()


# Tunnels


def test_each_direction_of_a_tunnel_closes_independently(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port, b"early ") as connection:
        connection.sendall(b"and late")
        connection.shutdown(socket.SHUT_WR)
        assert read_rest(connection) == (b"14 y and late", "closed")
        assert proxy_log(served) == [ProxyLogEntry("127.0.0.1", port, "tunnelled", 1)]
    served.wait_until(lambda: not served.server.proxy._tunnels)


def test_large_uploads_are_not_buffered(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port) as connection:
        for _ in range(MEGABYTES // 1_000_000):
            connection.sendall(b"x" * 1_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert read_rest(connection)[0].startswith(f"{MEGABYTES} ".encode())


def test_large_downloads_reach_a_slow_reader(served: ServerUnderTest) -> None:
    with (
        running_listener(lambda peer: peer.sendall(b"y" * MEGABYTES)) as port,
        tunnel(served, port) as connection,
    ):
        served.wait_until(
            lambda: all(side.transport is not None for side in served.server.proxy._tunnels)
        )
        received, end = read_rest(connection)
        assert (len(received), end) == (MEGABYTES, "closed")


def test_tls_to_another_host_is_not_intercepted(served: ServerUnderTest, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    context = ssl.create_default_context(cafile=other.path)
    with running_listener(tls_echo(other)) as port:
        inside = context.wrap_socket(tunnel(served, port), server_hostname="localhost")
        with inside:
            for text in (b"one", b"two"):
                inside.sendall(text)
                assert inside.recv(10) == text


def test_a_reset_is_passed_on(served: ServerUnderTest) -> None:
    def close_with_reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with running_listener(close_with_reset) as port, tunnel(served, port) as connection:
        connection.sendall(b"x")
        assert read_rest(connection) == (b"", "reset")


def test_a_caller_that_leaves_closes_the_tunnel(served: ServerUnderTest) -> None:
    left: list[bytes] = []
    with running_listener(lambda peer: left.append(peer.recv(10))) as port:
        tunnel(served, port).close()
        served.wait_until(lambda: left == [b""] and not served.server.proxy._tunnels)


def test_the_number_of_tunnels_is_limited(served: ServerUnderTest) -> None:
    object.__setattr__(served.server.settings, "limits", Limits(tunnels=1))
    with running_listener(count_bytes) as port, tunnel(served, port):
        response = read_response(served, connect("127.0.0.1", port))
        assert (response.status, b"too many open tunnels" in response.body) == (503, True)


def test_tunnels_end_with_the_server(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port) as connection:
        served.thread.stop()
        assert read_rest(connection)[0] == b""


def test_an_unreachable_host_is_reported_with_the_reason(served: ServerUnderTest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for target, why in [("127.0.0.1", b"refused"), ("no-such-host.invalid", b"")]:
        response = read_response(served, connect(target, port))
        assert response.status == 502
        assert response.body.startswith(f"cannot reach {target}:{port}: ".encode())
        assert why in response.body
    assert [entry.action for entry in proxy_log(served)] == ["unreachable", "unreachable"]


# Absolute-form requests


def absolute_request(site: str, path: str, *headers: bytes, **options: Any) -> bytes:
    options.setdefault("method", b"GET")
    options.setdefault("body", b"")
    return http(*headers, path=f"http://{site}{path}".encode(), host=site.encode(), **options)


def test_a_request_is_forwarded_without_hop_by_hop_headers(
    served: ServerUnderTest, site: str
) -> None:
    headers = (
        *(b"Proxy-Authorization: Basic x", b"Proxy-Connection: close", b"X-Own: 1", b"X-Hop: 2"),
        *(b"Connection: close, x-hop", b"User-Agent: me"),
    )
    request = absolute_request(site, "/a%2Fb?c=d%20e", *headers, keep_alive=True)
    response = read_response(served, request)
    assert (response.status, response.headers["set-cookie"]) == (200, "a=b")
    path, *lines = response.body.decode().split("\n")
    assert path == "/a%2Fb?c=d%20e"
    sent = dict(field.split(": ", 1) for field in lines)
    assert sent.pop("connection") == "close"  # set by the proxy
    assert sent == {
        "host": site,
        "authorization": "Key id:secret",
        "x-own": "1",
        "user-agent": "me",
        "content-length": "0",
    }
    assert [entry.action for entry in proxy_log(served)] == ["forwarded"]


def test_bodies_are_forwarded_in_both_directions(served: ServerUnderTest, site: str) -> None:
    response = read_response(
        served, absolute_request(site, "/", method=b"POST", body=b"x" * 100_000)
    )
    assert (response.status, len(response.body), response.body[-7:]) == (201, 100_007, b" 100000")
    url, body = f"http://{site}/".encode(), b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    headers = (b"Transfer-Encoding: chunked", b"Expect: 100-continue")
    chunked = http(*headers, method=b"POST", path=url, body=body)
    with open_connection(served.server) as connection:
        connection.sendall(chunked)
        received = read_rest(connection)[0]
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert received.endswith(b"abcde None")


def test_responses_are_forwarded_unchanged(served: ServerUnderTest, site: str) -> None:
    moved = read_response(served, absolute_request(site, "/moved"))
    assert (moved.status, moved.headers["location"]) == (302, "/there")
    with open_connection(served.server) as connection:
        connection.sendall(absolute_request(site, "/chunks"))
        received = read_rest(connection)[0]
    assert b"Transfer-Encoding: chunked\r\n" in received
    assert received.endswith(b"0\r\n\r\n")
    with open_connection(served.server) as connection:
        connection.sendall(absolute_request(site, "/x", method=b"HEAD"))
        received = read_rest(connection)[0]
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")
    assert received.count(b"\r\n\r\n") == 1


def test_a_response_that_breaks_off_breaks_off(served: ServerUnderTest, site: str) -> None:
    with open_connection(served.server) as connection:
        connection.sendall(absolute_request(site, "/broken"))
        received = read_rest(connection)[0]
    assert b"Content-Length: 100\r\n" in received
    assert received.endswith(b"\r\n\r\nhalf")


def test_one_connection_may_request_many_hosts(served: ServerUnderTest, site: str) -> None:
    with open_connection(served.server) as connection:
        connection.sendall(absolute_request(site, "/one", keep_alive=True))
        connection.sendall(http(path=b"http://fal.run/fal-ai/healthy", keep_alive=True))
        connection.sendall(absolute_request(site, "/two"))
        one, healthy, two = parse_responses(read_rest(connection)[0])
    assert (one.body[:4], healthy.json, two.body[:4]) == (b"/one", "well", b"/two")


def test_an_unreachable_site_is_reported(served: ServerUnderTest) -> None:
    response = read_response(served, absolute_request("no-such-host.invalid", "/"))
    assert response.status == 502
    assert response.body.startswith(b"cannot reach no-such-host.invalid:80: ")


# Offline


def test_offline_blocks_other_hosts_and_journals_them(offline: ServerUnderTest, site: str) -> None:
    port = int(site.rpartition(":")[2])
    reason = f"blocked by --offline: {site}"
    for request in (connect("127.0.0.1", port), absolute_request(site, "/")):
        with open_connection(offline.server) as connection:
            connection.sendall(request)
            received, end = read_rest(connection)
        assert received.startswith(f"HTTP/1.1 403 {reason}\r\n".encode())
        assert received.endswith(f"\r\n\r\n{reason}\n".encode())
        assert end == "closed"
    assert proxy_log(offline) == [ProxyLogEntry("127.0.0.1", port, "refused", 2)]
    anonymous = offline.server.engine._anonymous_tenant
    assert anonymous is not None
    assert [(entry.status, entry.note) for entry in anonymous.journal] == [
        (403, f"CONNECT {site}: {reason}"),
        (403, f"GET {site}: {reason}"),
    ]
    assert offline.is_healthy()


def test_offline_fal_and_the_server_stay_reachable(offline: ServerUnderTest) -> None:
    for name, port in (("fal.run", 443), ("localhost", offline.server.port)):
        connection = open_connection(offline.server)
        with connection:
            connection.sendall(connect(name, port))
            assert read_head(connection).startswith(b"HTTP/1.1 200 ")
