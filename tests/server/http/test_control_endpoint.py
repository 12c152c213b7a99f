"""The control API over real sockets: who is let in, what is read, what pages may see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.settings import Limits
from tests.callers import running_caller, send_bytes, within_limit

PORT = "{port}"


async def said(
    fake: FakeFalServer, *headers: str, target: str = "/_fakefal/clock", **more: Any
) -> Any:
    """Status, headers as text, and body of one request whose bytes we write ourselves."""
    method, body = more.get("method", "GET"), more.get("body", b"")
    lines = [
        f"{method} {target} HTTP/1.1",
        *(line.replace(PORT, str(fake.port)) for line in headers),
        "Authorization: Key a:b" if more.get("key", True) else "X-None: 1",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    heard = await within_limit(send_bytes(fake, "\r\n".join([*lines, "", ""]).encode() + body))
    head, _, rest = heard.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), rest


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Host: 127.0.0.1:{port}",), 200),
        (("Host: localhost:{port}",), 200),
        (("Host: evil.example",), 403),
        (("Host: evil.example:{port}",), 403),
        (("Host: 127.0.0.1.evil.example",), 403),
        (("Host: 10.0.0.1:{port}",), 403),
        (("Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1:{port}"), 200),
        (("Host: 127.0.0.1:{port}", "Origin: https://evil.example"), 403),
        (("Host: 127.0.0.1:{port}", "Origin: null"), 403),
        (("Host: 127.0.0.1:{port}", "Origin: http://localhost:3000"), 403),
        (("Host: 127.0.0.1:{port}", "Sec-Fetch-Site: cross-site"), 403),
        (("Host: 127.0.0.1:{port}", "Sec-Fetch-Site: same-origin"), 200),
        (("Host: evil.example:{port}", "Origin: http://evil.example:{port}"), 403),
    ],
)
@pytest.mark.parametrize("target", ["/_fakefal/clock", "/_fakefal/health", "/_fakefal/ca.pem"])
async def test_pages_of_other_sites_are_refused(
    headers: tuple[str, ...], status: int, target: str
) -> None:
    async with running_caller() as caller:
        found, head, _ = await said(caller.server, *headers, target=target)
        assert found == status
        assert "access-control-" not in head


async def test_two_hosts_are_one_too_many() -> None:
    async with running_caller() as caller:
        status, _, _ = await said(caller.server, "Host: 127.0.0.1:{port}", "Host: evil.example")
        assert status in (400, 403)


@pytest.mark.parametrize("site", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"])
async def test_what_changes_something_is_refused_before_it_is_read(site: str) -> None:
    async with running_caller() as caller:
        host = "Host: 127.0.0.1:{port}"
        target = "/_fakefal/clock/advance"
        for method in ("POST", "OPTIONS"):
            asked = (host, site, "Access-Control-Request-Method: POST")
            status, head, _ = await said(
                caller.server, *asked, target=target, method=method, body=b'{"by": "1h"}'
            )
            assert (status, "access-control-" in head) == (403, False)
        told = await caller.request("GET", "/_fakefal/clock", host=None)
        assert told.json["iso"] == "2026-01-01T00:00:00.000000Z"


async def test_the_faces_of_fal_are_not_guarded() -> None:
    async with running_caller() as caller:
        origin = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        heard = await caller.run(headers=origin)
        assert heard.status == 200
        assert heard.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_page_of_our_own_is_told_nothing_that_lets_others_read() -> None:
    async with running_caller() as caller:
        own = ("Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1:{port}")
        status, head, body = await said(caller.server, *own, target="/_fakefal/journal")
        assert (status, "access-control-" in head, json.loads(body)) == (200, False, [])


async def test_bound_to_every_address_it_demands_a_token() -> None:
    async with running_caller(host="0.0.0.0") as caller:
        fake = caller.server
        assert fake.has_generated_token
        host = "Host: 127.0.0.1:{port}"
        for target in ("/_fakefal/health", "/_fakefal/ready", "/_fakefal/ca.pem", "/_fakefal/"):
            assert (await said(fake, host, target=target, key=False))[0] == 200
        for target in ("/_fakefal/journal", "/_fakefal/metrics", "/_fakefal/nothing"):
            status, head, body = await said(fake, host, target=target)
            assert (status, "www-authenticate: bearer" in head) == (401, True)
            assert fake.token is not None
            assert fake.token.encode() not in body
        token = f"x-fakefal-token: {fake.token}"
        assert (await said(fake, host, token))[0] == 200
        assert (await said(fake, "Host: 192.168.7.9:8787", token))[0] == 200
        assert (await said(fake, "Host: fakefal:8787", token))[0] == 200
        assert (await said(fake, "Host: evil.example", token))[0] == 403
        borne = await said(fake, host, f"Authorization: Bearer {fake.token}", key=False)
        assert borne[0] == 401  # of which key?
        assert (await caller.run()).status == 200


async def test_a_token_that_was_chosen_is_demanded_on_loopback_too() -> None:
    async with running_caller(token="chosen", control_hosts=frozenset({"fake.test"})) as caller:
        assert (caller.server.token, caller.server.has_generated_token) == ("chosen", False)
        assert (await said(caller.server, "Host: localhost"))[0] == 401
        told = ("Host: fake.test:1", "x-fakefal-token: chosen")
        assert (await said(caller.server, *told))[0] == 200


async def test_loopback_needs_no_token() -> None:
    async with running_caller() as caller:
        assert caller.server.token is None


async def test_an_old_caller_without_a_host_is_answered() -> None:
    async with running_caller() as caller:
        heard = await within_limit(
            send_bytes(caller.server, b"GET /_fakefal/health HTTP/1.0\r\n\r\n")
        )
        assert heard.startswith(b"HTTP/1.0 200 OK\r\n")


async def test_bodies_are_bounded_and_refused_in_json() -> None:
    async with running_caller(limits=Limits(control_bytes=100)) as caller:
        for body in (b"x" * 101, _in_chunks(b"x" * 101)):
            heard = await caller.request("PUT", "/_fakefal/scenarios", host=None, data=body)
            assert (heard.status, heard.json) == (413, {"detail": "the body is over 100 bytes"})
        assert (await caller.run(json={"prompt": "x" * 200})).status == 200


async def _in_chunks(body: bytes) -> Any:
    yield body


async def test_head_and_options_are_answered() -> None:
    async with running_caller() as caller:
        head = await caller.request("HEAD", "/_fakefal/journal", host=None)
        assert (head.status, head.body) == (200, b"")
        options = await caller.request("OPTIONS", "/_fakefal/scenarios", host=None)
        assert (options.status, options.body) == (204, b"")
        assert options.headers["Allow"] == "GET, PUT, POST, DELETE, HEAD, OPTIONS"


async def test_it_is_ready_until_it_stops(tmp_path: Any) -> None:
    async with running_caller(home=tmp_path) as caller:
        ready = await caller.request("GET", "/_fakefal/ready", host=None, key=None)
        assert ready.json["status"] == "ready"
        pem = await caller.request("GET", "/_fakefal/ca.pem", host=None, key=None)
        assert pem.body == (tmp_path / "ca" / "ca.pem").read_bytes()
        assert pem.headers["Content-Type"] == "application/x-pem-file"
