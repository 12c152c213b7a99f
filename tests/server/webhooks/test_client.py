"""A single post, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fakefal.ca.authority import Authority
from fakefal.server.webhooks.client import WebhookClient
from fakefal.testing.receiver import Receiver
from tests.callers import within_limit
from tests.receivers import WebhookReceiver, raw_receiver

HEADERS = (("Content-Type", "application/json"), ("X-A", "b"))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[WebhookClient]:
    client = WebhookClient((), tmp_path)
    yield client
    await client.close()


async def test_a_post_sends_headers_and_body_and_returns_the_response(
    client: WebhookClient,
) -> None:
    async with WebhookReceiver(lambda _: 202) as hook:
        hook.choose_status = lambda _: 202
        result = await client.post(hook.url, HEADERS, b'{"request_id":"r"}')
        assert (result.status, result.excerpt, result.kind) == (202, "status 202", "answered")
        ((headers, body),) = hook.received
        assert (headers["X-A"], headers["Content-Type"]) == ("b", "application/json")
        assert "User-Agent" not in headers
        assert body == b'{"request_id":"r"}'


async def test_a_redirect_is_not_followed(client: WebhookClient) -> None:
    class Redirecting(WebhookReceiver):
        async def respond(self, status: int, body: bytes) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": self.url})

    async with Redirecting() as hook:
        assert (await client.post(hook.url, HEADERS, b'{"request_id":"r"}')).status == 307
        assert len(hook.received) == 1


async def test_proxy_variables_are_ignored(
    client: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with WebhookReceiver() as hook:
        assert (await client.post(hook.url, HEADERS, b'{"request_id":"r"}')).status == 200


async def test_a_missing_receiver_is_reported(client: WebhookClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = await client.post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")
    assert (result.status, result.kind) == (0, "failed")
    assert result.failure.startswith("cannot connect: ")
    assert "object at" not in result.failure


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (b"", "the receiver closed the connection without a response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "during its response"),
        (b"nonsense\r\n\r\n", "the receiver does not speak HTTP"),
    ],
    ids=["nothing", "half", "nonsense"],
)
async def test_a_receiver_that_breaks_off_is_reported(
    client: WebhookClient, response: bytes, failure: str
) -> None:
    async def speak(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(response)

    async with raw_receiver(speak) as url:
        result = await within_limit(client.post(url, HEADERS, b"{}"))
        assert (result.status, result.kind) == (0, "failed")
        assert failure in result.failure


async def test_an_endless_response_is_not_read_to_its_end(client: WebhookClient) -> None:
    async def speak(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except ConnectionError:
            return

    async with raw_receiver(speak) as url:
        result = await within_limit(client.post(url, HEADERS, b"{}"))
        assert (result.status, result.excerpt) == (200, "x" * 500)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://8.8.8.8/hook", "8.8.8.8 is neither loopback nor private"),
        ("http://[2606:2800:220:1::1]/hook", "is neither loopback nor private"),
        ("http://169.254.169.254/latest/meta-data", "is neither loopback nor private"),
        ("http://134744072/", "invalid URL"),
        ("ftp://127.0.0.1/", "http:// and https:// URLs only"),
        ("hook", "http:// and https:// URLs only"),
        ("", "http:// and https:// URLs only"),
        ("http://", "names no host"),
        ("http://a b/", ""),
        ("http://127.0.0.1:99999/", "invalid URL"),
    ],
)
async def test_a_forbidden_target_is_blocked(client: WebhookClient, url: str, reason: str) -> None:
    result = await within_limit(client.post(url, HEADERS, b"{}"))
    assert result.status == 0
    if reason:
        assert result.kind == "refused"
        assert reason in result.failure


async def test_the_address_that_a_name_resolves_to_is_checked(
    client: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        looked_up.append(host)
        address = {"public.test": "8.8.8.8", "inside.test": "127.0.0.1"}.get(host, host)
        return real(address, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    result = await within_limit(client.post("http://public.test/", HEADERS, b"{}"))
    assert result.failure == (
        "public.test is 8.8.8.8, which is neither loopback nor private — allow it with "
        "--webhook-allow public.test"
    )
    async with WebhookReceiver() as hook:
        url = hook.url.replace("127.0.0.1", "inside.test")
        assert (await within_limit(client.post(url, HEADERS, b'{"request_id":"r"}'))).status == 200
        assert hook.received[0][0]["Host"] == f"inside.test:{hook.port}"
    assert looked_up == ["public.test", "inside.test"]


@pytest.mark.parametrize("allow", [(), ("public.test",)])
async def test_an_allowed_host_may_have_any_address(
    allow: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = WebhookClient(allow, tmp_path)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *arguments, **options: real("0.0.0.0", *arguments, **options),
    )
    async with (
        WebhookReceiver() as hook
    ):  # 0.0.0.0 is not a loopback address, but connects to this host
        url = hook.url.replace("127.0.0.1", "public.test")
        result = await within_limit(client.post(url, HEADERS, b'{"request_id":"r"}'))
        assert (result.kind == "refused") is not bool(allow)
    await client.close()


def https_receiver(home: Path) -> Receiver:
    return Receiver("http://127.0.0.1:9/jwks.json", lambda: 1000.0, home)


async def test_a_receiver_with_a_certificate_of_the_local_ca_is_trusted(
    client: WebhookClient, tmp_path: Path
) -> None:
    with https_receiver(tmp_path) as receiver:
        receiver.respond_with(200, 200)
        for url in (receiver.secure_url, receiver.secure_url.replace("127.0.0.1", "localhost")):
            result = await within_limit(client.post(url, HEADERS, b'{"request_id":"r"}'))
            assert (result.status, result.excerpt, result.failure) == (200, "received", "")


async def test_an_untrusted_certificate_is_reported(client: WebhookClient, tmp_path: Path) -> None:
    with https_receiver(tmp_path / "other") as receiver:
        for _ in range(2):  # without a local CA, and with one that did not sign it
            result = await within_limit(client.post(receiver.secure_url, HEADERS, b"{}"))
            assert (result.status, result.kind) == (0, "failed")
            assert result.failure.startswith("the receiver's certificate is not trusted: ")
            assert "issuer" in result.failure or "self-signed" in result.failure
            Authority(tmp_path)
        assert receiver.arrivals == []


async def test_a_certificate_for_another_name_is_reported(
    client: WebhookClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *arguments, **options: real("127.0.0.1", *arguments, **options),
    )
    with https_receiver(tmp_path) as receiver:
        url = receiver.secure_url.replace("127.0.0.1", "shop.test")
        result = await within_limit(client.post(url, HEADERS, b"{}"))
        assert result.failure == (
            "the receiver's certificate is not trusted: Hostname mismatch, certificate is not "
            "valid for 'shop.test'."
        )


async def test_a_receiver_without_tls_is_reported(client: WebhookClient) -> None:
    async with WebhookReceiver() as hook:
        result = await within_limit(
            client.post(hook.url.replace("http:", "https:"), HEADERS, b"{}")
        )
        assert (result.status, result.kind) == (0, "failed")
        assert result.failure.startswith("TLS handshake failed: ")


async def test_an_unreadable_ca_is_reported(client: WebhookClient, tmp_path: Path) -> None:
    path = Authority(tmp_path).path
    path.write_text("nonsense", encoding="utf-8")
    result = await within_limit(client.post("https://127.0.0.1:9/", HEADERS, b"{}"))
    assert result.kind == "failed"
    assert result.failure.startswith(f"cannot read the local CA in {path}: ")
