"""Misbehaving TLS clients and tunnels cause no output on stderr, and others are served."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.building import exchange
from tests.server.connections import TlsConnection, connect, open_connection, read_head, read_rest
from tests.server.fault_server import LOOPS, ServerUnderTest, threaded_server
from tests.server.other_hosts import running_listener
from tests.server.raw_http import http

STREAM = http(path=b"/fal-ai/any-llm/stream", keep_alive=True)
SLOW = exchange({"text": "a b c", "stream": {"every": "1s"}})


def close_with_reset(connection: Any) -> None:
    """Reset a connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


def raw(served: ServerUnderTest, way: str) -> socket.socket:
    """A connection on which the server expects TLS."""
    port = served.server.tls_port if way == "tls" else served.server.port
    connection = socket.create_connection((served.server.host, port or 0), timeout=10)
    if way == "connect":
        connection.sendall(connect("fal.run"))
        read_head(connection)
    return connection


def a_hello_that_breaks_off(served: ServerUnderTest, way: str) -> None:
    connection = raw(served, way)
    connection.sendall(b"\x16\x03\x01\x02\x00\x01")
    close_with_reset(connection)


def a_reset_before_the_first_byte(served: ServerUnderTest, way: str) -> None:
    close_with_reset(raw(served, way))


def garbage_instead_of_a_hello(served: ServerUnderTest, way: str) -> None:
    with raw(served, way) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00nonsense")
        read_rest(connection)


def a_caller_that_does_not_trust_it(served: ServerUnderTest, way: str) -> None:
    with raw(served, way) as connection, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connection, server_hostname="fal.run")


def a_caller_with_an_old_tls_version(served: ServerUnderTest, way: str) -> None:
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("PSK")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        context.wrap_bio(came, goes, server_hostname="fal.run").do_handshake()
    with raw(served, way) as connection:
        connection.sendall(goes.read() or b"\x16\x03\x01\x00\x01\x01")
        connection.shutdown(socket.SHUT_WR)
        read_rest(connection)


def a_reset_in_a_stream(served: ServerUnderTest, way: str) -> None:
    connection = open_connection(served.server, way)
    connection.sendall(STREAM)
    read_head(connection)
    close_with_reset(connection)


def a_close_without_an_alert_in_a_stream(served: ServerUnderTest, way: str) -> None:
    connection = open_connection(served.server, way)
    connection.sendall(STREAM)
    read_head(connection)
    connection.close()


def a_corrupted_record(served: ServerUnderTest, way: str) -> None:
    with open_connection(served.server, way) as connection:
        connection._connection.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            connection.recv(100)


def http_2_without_negotiation(served: ServerUnderTest, way: str) -> None:
    with open_connection(served.server, way) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert read_rest(connection)[0].startswith(b"HTTP/1.1 400 ")


def a_reset_in_a_tunnel(served: ServerUnderTest, way: str) -> None:
    with running_listener(lambda peer: peer.sendall(b"x" * 1_000_000)) as port:
        outer = TlsConnection(served.server, raw(served, way), "fal.run")
        outer.sendall(connect("127.0.0.1", port))
        read_head(outer)
        close_with_reset(outer)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("way", ["tls", "connect"])
@pytest.mark.parametrize(
    "rude",
    [
        a_hello_that_breaks_off,
        a_reset_before_the_first_byte,
        garbage_instead_of_a_hello,
        a_caller_that_does_not_trust_it,
        a_caller_with_an_old_tls_version,
        a_reset_in_a_stream,
        a_close_without_an_alert_in_a_stream,
        a_corrupted_record,
        http_2_without_negotiation,
        a_reset_in_a_tunnel,
    ],
)
def test_misbehaving_callers_cause_no_output(
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
