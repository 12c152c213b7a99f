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
def test_every_form_of_address_is_known(url: str, headers: tuple[tuple[str, str], ...]) -> None:
    imported = ImportResult()
    add_capture(imported, ForeignExchange("post", url, headers, b"{}", 200, (), b"1"), "here")
    asked = imported.captures[0].request
    assert (asked.method, asked.host, asked.path, asked.query) == (
        "POST",
        "queue.fal.run",
        "/acme/app",
        "x=1",
    )


def test_urls_in_bodies_are_under_fals_own_names() -> None:
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


def test_what_has_no_answer_or_is_not_fals_is_told() -> None:
    imported = ImportResult()
    add_capture(imported, ForeignExchange("GET", "https://example.com/"), "a")
    add_capture(imported, ForeignExchange("GET", "https://fal.run/x/y"), "b")
    assert imported.unused == [
        "a: GET example.com: no host of fal's",
        "b: GET https://fal.run/x/y: it has no answer",
    ]


@pytest.mark.parametrize(
    ("data", "packing"),
    [
        (gzip.compress(b"x", mtime=0), "gzip"),
        (zlib.compress(b"x"), "deflate"),
        (b"x", "gzip"),
        (b"x", "br"),
    ],
)
def test_packed_bodies_are_unpacked(data: bytes, packing: str) -> None:
    assert decompress_body(data, (("Content-Encoding", packing),)) == b"x"


def test_events_are_spread_evenly() -> None:
    assert spread_events(b"a\n\nb\n\n", 1.0, 2.0) == ((1.0, b"a\n\n"), (1.5, b"b\n\n"))
    assert spread_events(b"", 1.0, 2.0) == ()


def test_headers_may_be_lists() -> None:
    assert to_pairs({"A": ["1", b"2"], "B": "3"}) == (("A", "1"), ("A", "2"), ("B", "3"))
