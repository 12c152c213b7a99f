from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal import addressing
from fakefal.errors import FakefalError
from fakefal.recorder.capture.upstream import Upstream, forwarded_headers

BASE = "http://127.0.0.1:8788"


def test_a_configured_upstream_gets_base_url_paths() -> None:
    assert str(Upstream(BASE + "/").url("queue.fal.run", "/a%20b", "x=%2F")) == (
        f"{BASE}/queue.fal.run/a%20b?x=%2F"
    )
    assert str(Upstream().url("fal.run", "/a", "")) == "https://fal.run/a"
    assert (Upstream().name, Upstream(BASE).name) == ("https://fal.run", BASE)


@pytest.mark.parametrize(
    ("base", "is_local"),
    [(None, False), (BASE, True), ("http://localhost:1", True), ("https://fal.example/x", False)],
)
def test_loopback_upstreams_are_local(base: str | None, is_local: bool) -> None:
    assert Upstream(base).is_local is is_local


@pytest.mark.parametrize("base", ["fal.run", "ftp://x", "http://", "http://[::1"])
def test_an_invalid_base_url_is_an_error(base: str) -> None:
    with pytest.raises(FakefalError, match="is not a base URL"):
        Upstream(base)


@given(
    st.sampled_from([None, BASE]), st.sampled_from(["queue.fal.run", "fal.run", "v3b.fal.media"])
)
def test_urls_convert_to_every_form_and_back(base: str | None, host: str) -> None:
    upstream = Upstream(base)
    address = addressing.resolve(f"/{host}/x", {"host": "127.0.0.1:8787"})
    assert address is not None
    canonical = f'{{"a": "https://{host}/x", "b": "see https://{host}/x"}}'.encode()
    upstream_body = upstream.to_upstream(canonical)
    assert upstream.canonical(upstream_body) == canonical
    caller_body = upstream.for_caller(upstream_body, address)
    assert f'"http://127.0.0.1:8787/{host}/x"'.encode() in caller_body
    assert upstream.from_caller(caller_body, address) == canonical
    assert b"see https://" in caller_body  # only whole strings are URLs


def test_hop_by_hop_headers_are_not_forwarded() -> None:
    headers = (
        ("Host", "x"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Authorization", "Key k"),
        ("Accept-Encoding", "br"),
        ("X-Forwarded-Host", "fal.run"),
        ("X-Fal-Target-Url", "u"),
    )
    assert forwarded_headers(headers) == (
        ("Authorization", "Key k"),
        ("Accept-Encoding", "identity"),
    )
