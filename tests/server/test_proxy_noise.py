"""Whatever callers do to TLS and to tunnels, nothing is said on stderr, and others are served."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.building import exchange
from tests.server.elsewhere import running_listener
from tests.server.raw import http
from tests.server.reaching import TlsConnection, connect, open_connection, read_head, read_rest
from tests.server.troubling import LOOPS, ServerUnderTest, threaded_server

STREAM = http(path=b"/fal-ai/any-llm/stream", keep_alive=True)
SLOW = exchange({"text": "a b c", "stream": {"every": "1s"}})


def slam(line: Any) -> None:
    """Reset a connection."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    line.close()


def raw(served: ServerUnderTest, way: str) -> socket.socket:
    """A connection on which TLS is expected."""
    port = served.server.tls_port if way == "tls" else served.server.port
    line = socket.create_connection((served.server.host, port or 0), timeout=10)
    if way == "connect":
        line.sendall(connect("fal.run"))
        read_head(line)
    return line


def a_hello_that_breaks_off(served: ServerUnderTest, way: str) -> None:
    line = raw(served, way)
    line.sendall(b"\x16\x03\x01\x02\x00\x01")
    slam(line)


def a_reset_before_a_word(served: ServerUnderTest, way: str) -> None:
    slam(raw(served, way))


def nonsense_for_a_hello(served: ServerUnderTest, way: str) -> None:
    with raw(served, way) as line:
        line.sendall(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00nonsense")
        read_rest(line)


def a_caller_that_does_not_trust_it(served: ServerUnderTest, way: str) -> None:
    with raw(served, way) as line, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(line, server_hostname="fal.run")


def a_caller_of_another_age(served: ServerUnderTest, way: str) -> None:
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("PSK")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        context.wrap_bio(came, goes, server_hostname="fal.run").do_handshake()
    with raw(served, way) as line:
        line.sendall(goes.read() or b"\x16\x03\x01\x00\x01\x01")
        line.shutdown(socket.SHUT_WR)
        read_rest(line)


def a_reset_in_a_stream(served: ServerUnderTest, way: str) -> None:
    line = open_connection(served.server, way)
    line.sendall(STREAM)
    read_head(line)
    slam(line)


def an_end_without_a_word_in_a_stream(served: ServerUnderTest, way: str) -> None:
    line = open_connection(served.server, way)
    line.sendall(STREAM)
    read_head(line)
    line.close()


def a_record_that_is_spoiled(served: ServerUnderTest, way: str) -> None:
    with open_connection(served.server, way) as line:
        line._line.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            line.recv(100)


def http_2_all_the_same(served: ServerUnderTest, way: str) -> None:
    with open_connection(served.server, way) as line:
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert read_rest(line)[0].startswith(b"HTTP/1.1 400 ")


def a_reset_in_a_tunnel(served: ServerUnderTest, way: str) -> None:
    with running_listener(lambda it: it.sendall(b"x" * 1_000_000)) as port:
        outer = TlsConnection(served.server, raw(served, way), "fal.run")
        outer.sendall(connect("127.0.0.1", port))
        read_head(outer)
        slam(outer)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("way", ["tls", "connect"])
@pytest.mark.parametrize(
    "rude",
    [
        a_hello_that_breaks_off,
        a_reset_before_a_word,
        nonsense_for_a_hello,
        a_caller_that_does_not_trust_it,
        a_caller_of_another_age,
        a_reset_in_a_stream,
        an_end_without_a_word_in_a_stream,
        a_record_that_is_spoiled,
        http_2_all_the_same,
        a_reset_in_a_tunnel,
    ],
)
def test_rude_callers_are_nothing_to_tell_of(
    loop: str,
    way: str,
    rude: Callable[[ServerUnderTest, str], None],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.WARNING), threaded_server(loop, SLOW, way=way) as served:
        for _ in range(2):
            rude(served, way)
        served.wait_until(lambda: not served.server.proxy._tunnels)
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr().err == ""
