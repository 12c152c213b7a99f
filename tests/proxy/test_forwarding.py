"""Targets as they are reported; requests to other hosts: tests/server/test_proxy_others.py."""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

from fakefal.proxy.forwarding import Forwarder, end_to_end_headers


def test_headers_of_one_connection_are_not_passed_on() -> None:
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
    found = end_to_end_headers(CIMultiDictProxy(headers))
    assert list(found.items()) == [("Host", "x"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]


async def test_one_that_has_sent_nothing_has_nothing_to_close() -> None:
    forwarder = Forwarder()
    await forwarder.close()
    await forwarder.close()
