"""The control API over real sockets: access, body limits, and CORS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.settings import Limits
from tests.callers import running_caller, send_bytes, within_limit

PORT = "{port}"


async def fetch(
    server: FakeFalServer, *headers: str, target: str = "/_fakefal/clock", **options: Any
) -> Any:
    """Status, head as text, and body of the response to a request written byte for byte."""
    method, body = options.get("method", "GET"), options.get("body", b"")
    lines = [
        f"{method} {target} HTTP/1.1",
        *(header.replace(PORT, str(server.port)) for header in headers),
        "Authorization: Key a:b" if options.get("key", True) else "X-None: 1",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    received = await within_limit(send_bytes(server, "\r\n".join([*lines, "", ""]).encode() + body))
    head, _, payload = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), payload


SITES = [
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
]


@pytest.mark.parametrize("target", ["/_fakefal/clock", "/_fakefal/health", "/_fakefal/ca.pem"])
async def test_pages_of_other_sites_are_refused(target: str) -> None:
    async with running_caller() as caller:
        wrong = []
        for headers, status in SITES:
            response_status, head, _ = await fetch(caller.server, *headers, target=target)
            if response_status != status or "access-control-" in head:
                wrong.append((headers, response_status, head))
        assert wrong == []


async def test_two_host_headers_are_rejected() -> None:
    async with running_caller() as caller:
        status, _, _ = await fetch(caller.server, "Host: 127.0.0.1:{port}", "Host: evil.example")
        assert status in (400, 403)


@pytest.mark.parametrize("site", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"])
async def test_foreign_writes_are_rejected_before_the_body_is_read(site: str) -> None:
    async with running_caller() as caller:
        host = "Host: 127.0.0.1:{port}"
        target = "/_fakefal/clock/advance"
        for method in ("POST", "OPTIONS"):
            preflight = (host, site, "Access-Control-Request-Method: POST")
            status, head, _ = await fetch(
                caller.server, *preflight, target=target, method=method, body=b'{"by": "1h"}'
            )
            assert (status, "access-control-" in head) == (403, False)
        clock = await caller.request("GET", "/_fakefal/clock", host=None)
        assert clock.json["iso"] == "2026-01-01T00:00:00.000000Z"


async def test_the_fal_hosts_are_not_guarded() -> None:
    async with running_caller() as caller:
        origin = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        response = await caller.run(headers=origin)
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_the_control_api_sends_no_cors_headers() -> None:
    async with running_caller() as caller:
        own = ("Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1:{port}")
        status, head, body = await fetch(caller.server, *own, target="/_fakefal/journal")
        assert (status, "access-control-" in head, json.loads(body)) == (200, False, [])


async def test_on_all_addresses_a_token_is_required() -> None:
    async with running_caller(host="0.0.0.0") as caller:
        server = caller.server
        assert server.has_generated_token
        host = "Host: 127.0.0.1:{port}"
        for target in ("/_fakefal/health", "/_fakefal/ready", "/_fakefal/ca.pem", "/_fakefal/"):
            assert (await fetch(server, host, target=target, key=False))[0] == 200
        for target in ("/_fakefal/journal", "/_fakefal/metrics", "/_fakefal/nothing"):
            status, head, body = await fetch(server, host, target=target)
            assert (status, "www-authenticate: bearer" in head) == (401, True)
            assert server.token is not None
            assert server.token.encode() not in body
        token = f"x-fakefal-token: {server.token}"
        assert (await fetch(server, host, token))[0] == 200
        assert (await fetch(server, "Host: 192.168.7.9:8787", token))[0] == 200
        assert (await fetch(server, "Host: fakefal:8787", token))[0] == 200
        assert (await fetch(server, "Host: evil.example", token))[0] == 403
        borne = await fetch(server, host, f"Authorization: Bearer {server.token}", key=False)
        assert borne[0] == 401  # it does not say for which key
        assert (await caller.run()).status == 200


async def test_a_configured_token_is_required_on_loopback_too() -> None:
    async with running_caller(token="chosen", control_hosts=frozenset({"fake.test"})) as caller:
        assert (caller.server.token, caller.server.has_generated_token) == ("chosen", False)
        assert (await fetch(caller.server, "Host: localhost"))[0] == 401
        headers = ("Host: fake.test:1", "x-fakefal-token: chosen")
        assert (await fetch(caller.server, *headers))[0] == 200


async def test_loopback_needs_no_token() -> None:
    async with running_caller() as caller:
        assert caller.server.token is None


async def test_an_http_1_0_caller_without_a_host_gets_a_response() -> None:
    async with running_caller() as caller:
        received = await within_limit(
            send_bytes(caller.server, b"GET /_fakefal/health HTTP/1.0\r\n\r\n")
        )
        assert received.startswith(b"HTTP/1.0 200 OK\r\n")


async def test_bodies_are_limited_and_rejected_with_json() -> None:
    async with running_caller(limits=Limits(control_bytes=100)) as caller:
        for body in (b"x" * 101, _in_chunks(b"x" * 101)):
            response = await caller.request("PUT", "/_fakefal/scenarios", host=None, data=body)
            assert (response.status, response.json) == (
                413,
                {"detail": "the body is over 100 bytes"},
            )
        assert (await caller.run(json={"prompt": "x" * 200})).status == 200


async def _in_chunks(body: bytes) -> Any:
    yield body


async def test_head_and_options_get_a_response() -> None:
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
