from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.proxy.client_hello import MAX_HELLO_BYTES, ClientHello, read_client_hello

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{1,9}){0,3}", fullmatch=True)


def hello(name: str | None, *, oldest: bool = False) -> bytes:
    """The ClientHello of OpenSSL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if oldest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def in_records(data: bytes, sizes: list[int]) -> bytes:
    """The same message, split into records of these sizes."""
    message, written = data[5:], b""
    for size in [*sizes, len(message)]:
        part, message = message[:size], message[size:]
        if part:
            written += data[:3] + len(part).to_bytes(2, "big") + part
    return written


@given(NAMES, st.booleans(), st.lists(st.integers(1, 60), max_size=8))
def test_the_name_is_known_once_the_hello_is_complete(
    name: str, oldest: bool, sizes: list[int]
) -> None:
    whole = in_records(hello(name, oldest=oldest), sizes)
    assert read_client_hello(whole) == ClientHello(True, name)
    assert read_client_hello(whole + b"more") == ClientHello(True, name)
    assert all(read_client_hello(whole[:at]) is None for at in range(0, len(whole), 7))


def test_the_name_may_be_missing() -> None:
    assert read_client_hello(hello(None)) == ClientHello(True)
    assert read_client_hello(hello("127.0.0.1")) == ClientHello(True)
    assert read_client_hello(hello("QUEUE.fal.run")) == ClientHello(True, "queue.fal.run")


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\x00", b"\xff", b"PRI *"])
def test_other_protocols_are_recognized_by_the_first_byte(data: bytes) -> None:
    assert read_client_hello(data) == ClientHello(False)


@given(st.binary(max_size=300), st.sampled_from([b"\x16", b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c"]))
def test_nonsense_raises_nothing(data: bytes, before: bytes) -> None:
    parsed = read_client_hello(before + data)
    assert parsed is None or parsed.is_tls


@given(st.data())
def test_a_corrupted_hello_raises_nothing(data: st.DataObject) -> None:
    whole = bytearray(hello("queue.fal.run"))
    at = data.draw(st.integers(1, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    parsed = read_client_hello(bytes(whole))
    assert parsed is None or parsed.is_tls


def test_an_overlong_hello_is_not_awaited() -> None:
    endless = b"\x16\x03\x01\x40\x00" + b"\x01\x00\xff\x00" + b"x" * (0x4000 - 4)
    assert read_client_hello(endless) is None
    assert read_client_hello(endless + endless * 5) == ClientHello(True)
    assert read_client_hello(b"\x16\x03\x01\xff\xff" + b"x" * MAX_HELLO_BYTES) == ClientHello(True)
    huge = b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"
    assert read_client_hello(huge) == ClientHello(True)
