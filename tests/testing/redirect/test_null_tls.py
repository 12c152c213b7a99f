from __future__ import annotations

import socket
import ssl

import pytest

from fakefal.testing.redirect.null_tls import NullTlsObject, NullTlsSocket


def test_bytes_pass_unchanged() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = NullTlsObject(incoming, outgoing, ssl.create_default_context(), "fal.run")
    tls.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        tls.read(10)
    assert tls.write(b"out") == 3
    assert outgoing.read() == b"out"
    incoming.write(b"incoming")
    assert tls.pending() == 8
    assert tls.read(2) == b"in"
    into = bytearray(4)
    assert tls.read(100, memoryview(into)) == 4
    assert into == b"comi"
    incoming.write_eof()
    assert (tls.read(10), tls.read(10)) == (b"ng", b"")
    tls.unwrap()
    assert (tls.getpeercert(), tls.getpeercert(True)) == ({}, None)
    assert tls.selected_alpn_protocol() is None


def test_a_wrapped_socket_keeps_its_connection() -> None:
    one, other = socket.socketpair()
    one.settimeout(5)
    context = ssl.create_default_context()
    with other, NullTlsSocket(one, context, "fal.run") as tls:
        assert (one.fileno(), tls.gettimeout(), tls.server_hostname) == (-1, 5, "fal.run")
        tls.write(b"hello")
        assert other.recv(10) == b"hello"
        other.send(b"world")
        assert tls.read(2) == b"wo"
        into = bytearray(3)
        assert tls.read(3, into) == 3
        assert (tls.pending(), tls.version(), tls.unwrap()) == (0, None, tls)
