"""Hop-by-hop headers. Requests to other hosts are in tests/server/test_proxy_others.py."""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

from fakefal.proxy.forwarding import Forwarder, end_to_end_headers


def test_hop_by_hop_headers_are_not_forwarded() -> None:
    headers = CIMultiDict(
        [
            ("Host", "x"),
            ("Connection", "Keep-Alive, X-Hop"),
            ("connection", "x-other"),
            ("X-Hop", "1"),
            ("X-Other", "1"),
            ("Proxy-Authorization", "Basic x"),
            ("Proxy-Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
            ("Set-Cookie", "a"),
            ("Set-Cookie", "b"),
        ]
    )
    forwarded = end_to_end_headers(CIMultiDictProxy(headers))
    assert list(forwarded.items()) == [("Host", "x"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]


async def test_closing_an_unused_forwarder_does_nothing() -> None:
    forwarder = Forwarder()
    await forwarder.close()
    await forwarder.close()
