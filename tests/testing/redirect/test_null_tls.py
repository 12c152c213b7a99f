from __future__ import annotations

import socket
import ssl

import pytest

from fakefal.testing.redirect.null_tls import NullTlsObject, NullTlsSocket


def test_bytes_go_through_as_they_are() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    plain = NullTlsObject(incoming, outgoing, ssl.create_default_context(), "fal.run")
    plain.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        plain.read(10)
    assert plain.write(b"out") == 3
    assert outgoing.read() == b"out"
    incoming.write(b"incoming")
    assert plain.pending() == 8
    assert plain.read(2) == b"in"
    into = bytearray(4)
    assert plain.read(100, memoryview(into)) == 4
    assert into == b"comi"
    incoming.write_eof()
    assert (plain.read(10), plain.read(10)) == (b"ng", b"")
    plain.unwrap()
    assert (plain.getpeercert(), plain.getpeercert(True)) == ({}, None)
    assert plain.selected_alpn_protocol() is None


def test_a_socket_stays_the_same_connection() -> None:
    one, other = socket.socketpair()
    one.settimeout(5)
    context = ssl.create_default_context()
    with other, NullTlsSocket(one, context, "fal.run") as plain:
        assert (one.fileno(), plain.gettimeout(), plain.server_hostname) == (-1, 5, "fal.run")
        plain.write(b"hello")
        assert other.recv(10) == b"hello"
        other.send(b"world")
        assert plain.read(2) == b"wo"
        into = bytearray(3)
        assert plain.read(3, into) == 3
        assert (plain.pending(), plain.version(), plain.unwrap()) == (0, None, plain)
