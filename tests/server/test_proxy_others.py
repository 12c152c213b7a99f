"""Through the proxy to hosts that are not fal's: tunnels, plain requests, and no way out."""

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
from tests.server.elsewhere import count_bytes, running_listener, tls_echo, website
from tests.server.raw import ParsedResponse, http, parse_responses
from tests.server.reaching import connect, open_connection, read_head, read_rest
from tests.server.troubling import LOOPS, ServerUnderTest, threaded_server

MEGABYTES = 20_000_000


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param) as found:
        yield found


@pytest.fixture(params=LOOPS)
def offline(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param) as found:
        object.__setattr__(found.server.settings, "offline", True)
        yield found


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with website() as found:
        yield found


def tunnel(served: ServerUnderTest, port: int, early: bytes = b"") -> socket.socket:
    line: socket.socket = open_connection(served.server)
    line.sendall(connect("127.0.0.1", port) + early)
    assert read_head(line).startswith(b"HTTP/1.1 200 ")
    return line


def told(served: ServerUnderTest, request: bytes) -> ParsedResponse:
    """The one answer to a request."""
    with open_connection(served.server) as line:
        line.sendall(request)
        (said,) = parse_responses(read_rest(line)[0])
        return said


def visits(served: ServerUnderTest) -> list[ProxyLogEntry]:
    return served.server.proxy.log.entries()


# Tunnels


def test_each_way_of_a_tunnel_ends_on_its_own(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port, b"early ") as line:
        line.sendall(b"and late")
        line.shutdown(socket.SHUT_WR)
        assert read_rest(line) == (b"14 y and late", "closed")
        assert visits(served) == [ProxyLogEntry("127.0.0.1", port, "tunnelled", 1)]
    served.wait_until(lambda: not served.server.proxy._tunnels)


def test_much_goes_through_and_little_is_held(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port) as line:
        for _ in range(MEGABYTES // 1_000_000):
            line.sendall(b"x" * 1_000_000)
        line.shutdown(socket.SHUT_WR)
        assert read_rest(line)[0].startswith(f"{MEGABYTES} ".encode())


def test_much_comes_back_to_a_slow_reader(served: ServerUnderTest) -> None:
    with (
        running_listener(lambda it: it.sendall(b"y" * MEGABYTES)) as port,
        tunnel(served, port) as line,
    ):
        served.wait_until(
            lambda: all(side.transport is not None for side in served.server.proxy._tunnels)
        )
        heard, end = read_rest(line)
        assert (len(heard), end) == (MEGABYTES, "closed")


def test_a_tls_server_is_spoken_to_and_not_listened_in_on(
    served: ServerUnderTest, tmp_path: Path
) -> None:
    other = Authority(tmp_path)
    context = ssl.create_default_context(cafile=other.path)
    with running_listener(tls_echo(other)) as port:
        inside = context.wrap_socket(tunnel(served, port), server_hostname="localhost")
        with inside:
            for text in (b"one", b"two"):
                inside.sendall(text)
                assert inside.recv(10) == text


def test_a_reset_goes_through(served: ServerUnderTest) -> None:
    def slam(line: socket.socket) -> None:
        line.recv(1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with running_listener(slam) as port, tunnel(served, port) as line:
        line.sendall(b"x")
        assert read_rest(line) == (b"", "reset")


def test_a_caller_that_leaves_takes_the_tunnel_along(served: ServerUnderTest) -> None:
    left: list[bytes] = []
    with running_listener(lambda it: left.append(it.recv(10))) as port:
        tunnel(served, port).close()
        served.wait_until(lambda: left == [b""] and not served.server.proxy._tunnels)


def test_so_many_tunnels_and_no_more(served: ServerUnderTest) -> None:
    object.__setattr__(served.server.settings, "limits", Limits(tunnels=1))
    with running_listener(count_bytes) as port, tunnel(served, port):
        said = told(served, connect("127.0.0.1", port))
        assert (said.status, b"no more" in said.body) == (503, True)


def test_tunnels_end_with_the_server(served: ServerUnderTest) -> None:
    with running_listener(count_bytes) as port, tunnel(served, port) as line:
        served.thread.stop()
        assert read_rest(line)[0] == b""


def test_nobody_there_is_told_with_the_reason(served: ServerUnderTest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for target, why in [("127.0.0.1", b"refused"), ("no-such-host.invalid", b"")]:
        said = told(served, connect(target, port))
        assert said.status == 502
        assert said.body.startswith(f"cannot reach {target}:{port}: ".encode())
        assert why in said.body
    assert [it.action for it in visits(served)] == ["unreachable", "unreachable"]


# Plain requests


def plain(site: str, path: str, *headers: bytes, **more: Any) -> bytes:
    more.setdefault("method", b"GET")
    more.setdefault("body", b"")
    return http(*headers, path=f"http://{site}{path}".encode(), host=site.encode(), **more)


def test_a_request_is_sent_on_without_what_was_for_the_proxy(
    served: ServerUnderTest, site: str
) -> None:
    said = told(
        served,
        plain(site, "/a%2Fb?c=d%20e", b"Proxy-Authorization: Basic x", b"Proxy-Connection: close",
              b"X-Own: 1", b"X-Hop: 2", b"Connection: x-hop", b"User-Agent: me", stays=True)
        .replace(b"Connection: x-hop", b"Connection: close, x-hop"),
    )  # fmt: skip
    assert (said.status, said.headers["set-cookie"]) == (200, "a=b")
    path, *lines = said.body.decode().split("\n")
    assert path == "/a%2Fb?c=d%20e"
    sent = dict(line.split(": ", 1) for line in lines)
    assert sent.pop("connection") == "close"  # the proxy's own
    assert sent == {
        "host": site,
        "authorization": "Key id:secret",
        "x-own": "1",
        "user-agent": "me",
        "content-length": "0",
    }
    assert [it.action for it in visits(served)] == ["forwarded"]


def test_bodies_go_both_ways(served: ServerUnderTest, site: str) -> None:
    said = told(served, plain(site, "/", method=b"POST", body=b"x" * 100_000))
    assert (said.status, len(said.body), said.body[-7:]) == (201, 100_007, b" 100000")
    url, body = f"http://{site}/".encode(), b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    headers = (b"Transfer-Encoding: chunked", b"Expect: 100-continue")
    chunked = http(*headers, method=b"POST", path=url, body=body)
    with open_connection(served.server) as line:
        line.sendall(chunked)
        heard = read_rest(line)[0]
    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert heard.endswith(b"abcde None")


def test_answers_come_back_as_they_are(served: ServerUnderTest, site: str) -> None:
    moved = told(served, plain(site, "/moved"))
    assert (moved.status, moved.headers["location"]) == (302, "/there")
    with open_connection(served.server) as line:
        line.sendall(plain(site, "/chunks"))
        heard = read_rest(line)[0]
    assert b"Transfer-Encoding: chunked\r\n" in heard
    assert heard.endswith(b"0\r\n\r\n")
    with open_connection(served.server) as line:
        line.sendall(plain(site, "/x", method=b"HEAD"))
        heard = read_rest(line)[0]
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert heard.endswith(b"\r\n\r\n")
    assert heard.count(b"\r\n\r\n") == 1


def test_an_answer_that_breaks_off_breaks_off(served: ServerUnderTest, site: str) -> None:
    with open_connection(served.server) as line:
        line.sendall(plain(site, "/broken"))
        heard = read_rest(line)[0]
    assert b"Content-Length: 100\r\n" in heard
    assert heard.endswith(b"\r\n\r\nhalf")


def test_one_connection_may_ask_for_many_hosts(served: ServerUnderTest, site: str) -> None:
    with open_connection(served.server) as line:
        line.sendall(plain(site, "/one", stays=True))
        line.sendall(http(path=b"http://fal.run/fal-ai/healthy", keep_alive=True))
        line.sendall(plain(site, "/two"))
        one, healthy, two = parse_responses(read_rest(line)[0])
    assert (one.body[:4], healthy.json, two.body[:4]) == (b"/one", "well", b"/two")


def test_a_site_that_is_not_there_is_told(served: ServerUnderTest) -> None:
    said = told(served, plain("no-such-host.invalid", "/"))
    assert said.status == 502
    assert said.body.startswith(b"cannot reach no-such-host.invalid:80: ")


# No way out


def test_offline_nobody_is_let_out_and_it_is_noted(offline: ServerUnderTest, site: str) -> None:
    port = int(site.rpartition(":")[2])
    why = f"fakefal is offline and lets nobody out to {site}"
    for request in (connect("127.0.0.1", port), plain(site, "/")):
        with open_connection(offline.server) as line:
            line.sendall(request)
            heard, end = read_rest(line)
        assert heard.startswith(f"HTTP/1.1 403 {why}\r\n".encode())
        assert heard.endswith(f"\r\n\r\n{why}\n".encode())
        assert end == "closed"
    assert visits(offline) == [ProxyLogEntry("127.0.0.1", port, "refused", 2)]
    strangers = offline.server.engine._anonymous_tenant
    assert strangers is not None
    assert [(it.status, it.note) for it in strangers.journal] == [
        (403, f"CONNECT {site}: {why}"),
        (403, f"GET {site}: {why}"),
    ]
    assert offline.is_healthy()


def test_offline_fal_and_the_fake_are_reached_all_the_same(offline: ServerUnderTest) -> None:
    for name, port in (("fal.run", 443), ("localhost", offline.server.port)):
        line = open_connection(offline.server)
        with line:
            line.sendall(connect(name, port))
            assert read_head(line).startswith(b"HTTP/1.1 200 ")
