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
from tests.server.raw import ParsedResponse, http, parse_responses
from tests.server.reaching import TlsConnection, connect, open_connection, read_head, read_rest
from tests.server.troubling import LOOPS, ServerUnderTest, threaded_server

SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ECHO = {"when": {"input": {"echo": {"$type": "string"}}}, "reply": {"output": "{{ input.echo }}"}}
ANY = exchange()


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param, ECHO, ANY, way="tls") as found:
        yield found


@pytest.fixture(scope="module", params=LOOPS)
def long_served(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    with threaded_server(request.param, ECHO, ANY, way="tls") as found:
        yield found


def line_to(served: ServerUnderTest, *parts: bytes) -> socket.socket:
    """A connection to the plain port, on which some bytes were written."""
    line = open_connection(served.server)
    for part in parts:
        line.sendall(part)
    return line  # type: ignore[no-any-return] # reach also gives TLS


def told(line: Any) -> ParsedResponse:
    """The one answer until the connection ends."""
    with line:
        (said,) = parse_responses(read_rest(line)[0])
        return said


def asked(served: ServerUnderTest, way: str, request: bytes, name: str) -> ParsedResponse:
    line = open_connection(served.server, way, name)
    line.sendall(request)
    return told(line)


def echo(text: str, **more: Any) -> bytes:
    return http(body=json.dumps({"echo": text}).encode(), path=b"/fal-ai/echo", **more)


SUBMIT = http(host=b"queue.fal.run")


# Which host is meant, and how links look


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
@pytest.mark.parametrize("host", [b"queue.fal.run", b"localhost:1", b"x", None, b""])
def test_the_name_that_was_dialled_counts_where_the_host_is_odd(
    served: ServerUnderTest, way: str, host: bytes | None
) -> None:
    version = b"HTTP/1.0" if host is None else b"HTTP/1.1"
    said = asked(served, way, http(host=host, version=version), "queue.fal.run")
    assert said.json["status_url"].startswith("https://queue.fal.run/fal-ai/any-llm/requests/")


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
def test_a_host_that_is_fals_goes_before_the_name_that_was_dialled(
    served: ServerUnderTest, way: str
) -> None:
    said = asked(served, way, SUBMIT, "fal.run")
    assert said.json["cancel_url"].startswith("https://queue.fal.run/")


def test_the_tls_port_has_links_to_itself_for_those_who_name_it(served: ServerUnderTest) -> None:
    port = served.server.tls_port
    for name in ("localhost", "127.0.0.1"):
        host = f"{name}:{port}"
        request = http(host=host.encode(), path=b"/queue.fal.run/fal-ai/any-llm")
        said = asked(served, "tls", request, name)
        assert said.json["status_url"].startswith(f"https://{host}/queue.fal.run/fal-ai/any-llm/")
    assert served.server.tls_url == f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("way", ["connect", "tunnel"])
def test_a_host_of_fals_may_have_any_port_and_any_of_its_names(
    served: ServerUnderTest, way: str
) -> None:
    for name in ("queue.fal.run", "queue.falrun.com", "QUEUE.fal.run."):
        for port in (443, 80, 8443):
            line = line_to(served, connect(name, port))
            assert read_head(line).startswith(b"HTTP/1.1 200 ")
            inside: Any = line
            if way == "connect":
                inside = TlsConnection(served.server, line, name.rstrip("."))
            inside.sendall(http(host=f"{name}:{port}".encode() if port == 8443 else name.encode()))
            scheme = "https" if way == "connect" else "http"
            link = f"{scheme}://queue.fal.run:8443" if port == 8443 else "https://queue.fal.run"
            assert told(inside).json["status_url"].startswith(f"{link}/fal-ai/any-llm/requests/")


def test_what_is_fals_but_unknown_is_not_let_out(served: ServerUnderTest) -> None:
    for way in ("connect", "tunnel"):
        said = asked(served, way, http(host=b"new.fal.run"), "new.fal.run")
        assert (said.status, "This is fakefal" in said.json["detail"]) == (404, True)
    said = told(line_to(served, http(path=b"http://new.fal.ai/x", host=b"new.fal.ai")))
    assert said.status == 404
    assert served.server.proxy.log.entries() == []


def test_the_fake_itself_is_reached_through_the_proxy_too(served: ServerUnderTest) -> None:
    for port in (served.server.port, served.server.tls_port):
        assert port is not None
        for name in ("127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0"):
            line = line_to(served, connect(name, port))
            assert read_head(line).startswith(b"HTTP/1.1 200 ")
            host = f"{name}:{port}"
            line.sendall(http(host=host.encode(), path=b"/queue.fal.run/fal-ai/any-llm"))
            link = told(line).json["status_url"]
            assert link.startswith(f"http://{host}/queue.fal.run/fal-ai/any-llm/")
    url = f"http://localhost:{served.server.port}/_fakefal/health".encode()
    said = told(line_to(served, http(path=url, method=b"GET", body=b"", host=b"localhost")))
    assert said.json == {"status": "ok"}
    assert served.server.proxy.log.entries() == []


# HTTP inside


@pytest.mark.parametrize("way", ["plain", "tls", "connect", "tunnel"])
def test_requests_may_follow_each_other_at_once(served: ServerUnderTest, way: str) -> None:
    line = open_connection(served.server, way)
    texts = [f"n{number}" for number in range(40)]
    line.sendall(b"".join(echo(text, stays=text != "n39") for text in texts))
    with line:
        heard, end = read_rest(line)
    assert [said.json for said in parse_responses(heard)] == texts
    assert end == "closed"


@pytest.mark.parametrize("way", ["tls", "connect", "tunnel"])
def test_a_connection_is_kept(served: ServerUnderTest, way: str) -> None:
    line = open_connection(served.server, way)
    for number in range(3):
        line.sendall(echo(str(number), stays=True))
        assert b"Content-Length: 3" in read_head(line)
        assert line.recv(3) == f'"{number}"'.encode()
    line.close()


@SOME
@given(st.lists(st.integers(1, 400), max_size=12), st.sampled_from(["connect", "tunnel"]))
def test_bytes_may_come_in_any_pieces(
    long_served: ServerUnderTest, sizes: list[int], way: str
) -> None:
    line = line_to(long_served)
    plain: Any = Pieces(line, sizes)
    plain.sendall(connect("fal.run"))
    assert read_head(line).startswith(b"HTTP/1.1 200 ")
    inside = plain if way == "tunnel" else TlsConnection(long_served.server, plain, "fal.run")
    inside.sendall(echo("a", stays=True) + echo("b"))
    assert [said.json for said in parse_responses(read_rest(inside)[0])] == ["a", "b"]
    line.close()


class Pieces:
    """A socket that writes in pieces of these sizes, again and again; without any, whole."""

    def __init__(self, line: socket.socket, sizes: list[int]) -> None:
        self._line = line
        self._sizes = sizes

    def sendall(self, data: bytes) -> None:
        number = 0
        while data:
            size = self._sizes[number % len(self._sizes)] if self._sizes else len(data)
            self._line.sendall(data[:size])
            data, number = data[size:], number + 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


@pytest.mark.parametrize("gap", [0, 1, 60])
def test_the_hello_may_come_with_the_connect(served: ServerUnderTest, gap: int) -> None:
    """As from a caller that does not wait for the answer; ``gap`` bytes of it come later."""
    line = line_to(served)
    whole = connect("fal.run", 443, b"Proxy-Authorization: Basic eDp5", b"Proxy-Connection: close")
    early = Early(line, whole, gap)
    inside = TlsConnection(served.server, early, "fal.run")  # type: ignore[arg-type]
    inside.sendall(echo("hi"))
    assert told(inside).json == "hi"


class Early:
    """Writes a CONNECT along with what is written first, and takes its answer away."""

    def __init__(self, line: socket.socket, before: bytes, gap: int) -> None:
        self._line, self._before, self._gap = line, before, gap

    def sendall(self, data: bytes) -> None:
        if not self._before:
            self._line.sendall(data)
            return
        data, self._before = self._before + data, b""
        at = len(data) - self._gap
        self._line.sendall(data[:at])
        assert read_head(self._line).startswith(b"HTTP/1.1 200 ")
        self._line.sendall(data[at:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def test_a_request_may_come_with_the_connect(served: ServerUnderTest) -> None:
    line = line_to(served, connect("fal.run", 80) + echo("hi"))
    assert read_head(line).startswith(b"HTTP/1.1 200 ")
    assert told(line).json == "hi"


def test_a_connect_may_follow_other_requests(served: ServerUnderTest) -> None:
    line = line_to(served, echo("plain", stays=True) + connect("fal.run"))
    assert b"Content-Length: 7" in read_head(line)
    assert line.recv(7) == b'"plain"'
    assert read_head(line).startswith(b"HTTP/1.1 200 ")
    inside = TlsConnection(served.server, line, "fal.run")
    inside.sendall(connect("queue.fal.run", 80) + SUBMIT)
    assert read_head(inside).startswith(b"HTTP/1.1 200 ")
    assert told(inside).status == 200


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no TLS inside TLS before")
def test_the_proxy_itself_may_be_reached_by_tls(served: ServerUnderTest) -> None:
    outer = open_connection(served.server, "tls", "localhost")
    outer.sendall(connect("fal.run"))
    assert read_head(outer).startswith(b"HTTP/1.1 200 ")
    inside = TlsConnection(served.server, outer, "fal.run")
    inside.sendall(echo("hi"))
    assert told(inside).json == "hi"


# TLS


def test_only_http_1_is_offered(served: ServerUnderTest) -> None:
    for way in ("tls", "connect"):
        line = open_connection(served.server, way)
        assert line.tls.selected_alpn_protocol() == "http/1.1"
        line.close()


@pytest.mark.parametrize("name", ["fakefal", "app.internal", "127.0.0.1", "localhost", "::1"])
def test_each_name_gets_a_certificate(served: ServerUnderTest, name: str) -> None:
    said = asked(served, "tls", http(host=name.encode(), path=b"/fal.run/fal-ai/any-llm"), name)
    assert said.status == 200


def test_a_name_that_can_be_in_no_certificate_is_not_trusted(served: ServerUnderTest) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        open_connection(served.server, "tls", "no_such_name")


@SOME
@given(
    st.binary(min_size=1, max_size=700), st.sampled_from([b"", b"\x16", b"\x16\x03\x01\x02\x00"])
)
def test_nonsense_is_no_handshake(long_served: ServerUnderTest, data: bytes, before: bytes) -> None:
    for line in (open_connection(long_served.server), long_served.connect()._socket._line):
        if line is not None:
            line.close()
    line = socket.create_connection((long_served.server.host, long_served.server.tls_port or 0))
    line.sendall(before + data)
    line.shutdown(socket.SHUT_WR)
    line.settimeout(10)
    heard, _ = read_rest(line)
    line.close()
    assert not heard or heard[0] in (0x15, ord("H"))
    tunnel = line_to(long_served, connect("fal.run"))
    read_head(tunnel)
    tunnel.sendall(b"\x16" + data)
    tunnel.shutdown(socket.SHUT_WR)
    read_rest(tunnel)
    tunnel.close()


def test_plain_http_on_the_tls_port_is_told_so(served: ServerUnderTest) -> None:
    line = socket.create_connection((served.server.host, served.server.tls_port or 0), timeout=10)
    line.sendall(http())
    said = told(line)
    assert (said.status, b"use https://" in said.body) == (400, True)


# What is refused


@pytest.mark.parametrize(
    "target",
    ["fal.run", "fal.run:", "fal.run:x", "fal.run:0", "fal.run:99999", ":443", "a..b:1", "[::1:443",
     "[x]:443", "http://fal.run/", "x" * 300 + ":1", "fal.run:443/x", "a@b:1"],
)  # fmt: skip
def test_a_connect_to_nowhere_is_bad(served: ServerUnderTest, target: str) -> None:
    said = told(line_to(served, http(method=b"CONNECT", path=target.encode(), body=b"")))
    assert said.status == 400


def test_a_caller_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with threaded_server("asyncio") as served:
        object.__setattr__(served.server.settings, "limits", Limits(idle_timeout_seconds=0.2))
        line = line_to(served, connect("fal.run"))
        read_head(line)
        assert read_rest(line)[0] == b""
        line.close()
        line = line_to(served, connect("fal.run"))
        read_head(line)
        line.sendall(b"\x16\x03\x01\x02")
        assert read_rest(line)[0] == b""
        line.close()


def test_it_ends_with_open_tunnels_and_half_a_handshake(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING), threaded_server("asyncio") as served:
        lines = [line_to(served, connect("fal.run")) for _ in range(3)]
        for line in lines:
            read_head(line)
        lines[1].sendall(b"\x16\x03\x01\x02")
        inside = TlsConnection(served.server, lines[2], "fal.run")
        inside.sendall(echo("x", stays=True)[:50])
        served.thread.stop()
        for line in lines:
            read_rest(line)
            line.close()
    assert caplog.records == []
    assert capfd.readouterr().err == ""
