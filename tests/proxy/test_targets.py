from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakefal.proxy.targets import Target, is_ip_address, read_authority, read_url

TARGETS = {
    "queue.fal.run:443": Target("queue.fal.run", 443),
    "Queue.FAL.run.:80": Target("queue.fal.run", 80),
    "my_app:8080": Target("my_app", 8080),
    "127.0.0.1:1": Target("127.0.0.1", 1),
    "[::1]:65535": Target("::1", 65_535),
}
INVALID = [
    *("", "x", "x:", ":1", "x:0", "x:65536", "x:9999999999999", "x:-1", "x:+1", "x:1 ", "x:٣"),
    *("x y:1", "::1:443", "[::1:1", "[x]:1", "[127.0.0.1:1", "a..b:1", ".:1", "-x:1", "a/b:1"),
    *("u@h:1", "x" * 254 + ":1", "é:1"),
]
URLS = {
    "http://example.com/a?b": Target("example.com", 80),
    "https://Example.com": Target("example.com", 443),
    "http://[::1]:8080/": Target("::1", 8080),
    "ws://x/": Target("x", 80),
    "ftp://x/": None,
    "http:///": None,
    "http://x:99999/": None,
    "http://[x/": None,
    "/path": None,
    "*": None,
}


def test_a_host_and_a_port_are_a_target() -> None:
    assert {text: read_authority(text) for text in TARGETS} == TARGETS
    assert [read_authority(str(target)) for target in TARGETS.values()] == [*TARGETS.values()]


def test_an_invalid_target_is_none() -> None:
    assert [text for text in INVALID if read_authority(text) is not None] == []


def test_a_url_names_its_target() -> None:
    assert {url: read_url(url) for url in URLS} == URLS


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    target = read_authority(text)
    assert target is None or 0 < target.port < 65_536
    read_url(text)
    read_url(f"http://{text}")


def test_addresses_are_distinguished_from_names() -> None:
    assert is_ip_address("::1")
    assert is_ip_address("10.0.0.1")
    assert not is_ip_address("localhost")
