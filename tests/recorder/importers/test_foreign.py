from __future__ import annotations

import gzip
import zlib

import pytest

from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    add_capture,
    decompress_body,
    spread_events,
    to_pairs,
)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://queue.fal.run/acme/app?x=1", ()),
        ("http://127.0.0.1:8787/queue.fal.run/acme/app?x=1", ()),
        ("http://127.0.0.1:8787/acme/app?x=1", (("X-Fal-Target-Host", "queue.fal.run"),)),
        (
            "http://127.0.0.1:1/api/fal/proxy",
            (("x-fal-target-url", "https://queue.fal.run/acme/app?x=1"),),
        ),
        ("https://queue.falrun.com/acme/app?x=1", ()),
    ],
)
def test_every_form_of_address_is_resolved(url: str, headers: tuple[tuple[str, str], ...]) -> None:
    imported = ImportResult()
    add_capture(imported, ForeignExchange("post", url, headers, b"{}", 200, (), b"1"), "here")
    request = imported.captures[0].request
    assert (request.method, request.host, request.path, request.query) == (
        "POST",
        "queue.fal.run",
        "/acme/app",
        "x=1",
    )


def test_urls_in_bodies_become_canonical() -> None:
    imported = ImportResult()
    base = "http://127.0.0.1:8787"
    body = f'{{"url": "{base}/v3b.fal.media/files/b/0/x.png"}}'.encode()
    add_capture(
        imported,
        ForeignExchange("POST", f"{base}/fal.run/acme/app", (), body, 200, (), body),
        "here",
    )
    (capture,) = imported.captures
    expected = {"url": "https://v3b.fal.media/files/b/0/x.png"}
    assert capture.request.json() == capture.response.json() == expected


def test_requests_without_response_or_to_other_hosts_are_reported() -> None:
    imported = ImportResult()
    add_capture(imported, ForeignExchange("GET", "https://example.com/"), "a")
    add_capture(imported, ForeignExchange("GET", "https://fal.run/x/y"), "b")
    assert imported.unused == [
        "a: GET example.com: not a fal host",
        "b: GET https://fal.run/x/y: no response",
    ]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (gzip.compress(b"x", mtime=0), "gzip"),
        (zlib.compress(b"x"), "deflate"),
        (b"x", "gzip"),
        (b"x", "br"),
    ],
)
def test_compressed_bodies_are_decompressed(data: bytes, encoding: str) -> None:
    assert decompress_body(data, (("Content-Encoding", encoding),)) == b"x"


def test_events_are_spread_evenly() -> None:
    assert spread_events(b"a\n\nb\n\n", 1.0, 2.0) == ((1.0, b"a\n\n"), (1.5, b"b\n\n"))
    assert spread_events(b"", 1.0, 2.0) == ()


def test_headers_may_be_lists() -> None:
    assert to_pairs({"A": ["1", b"2"], "B": "3"}) == (("A", "1"), ("A", "2"), ("B", "3"))
