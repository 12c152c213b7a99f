"""One post, over a real socket."""

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
async def poster(tmp_path: Path) -> AsyncIterator[WebhookClient]:
    poster = WebhookClient((), tmp_path)
    yield poster
    await poster.close()


async def test_a_post_brings_its_headers_and_body_and_hears_the_answer(
    poster: WebhookClient,
) -> None:
    async with WebhookReceiver(lambda _: 202) as hook:
        hook.choose_status = lambda _: 202
        heard = await poster.post(hook.url, HEADERS, b'{"request_id":"r"}')
        assert (heard.status, heard.excerpt, heard.kind) == (202, "status 202", "answered")
        ((headers, body),) = hook.received
        assert (headers["X-A"], headers["Content-Type"]) == ("b", "application/json")
        assert body == b'{"request_id":"r"}'


async def test_a_redirect_is_not_followed(poster: WebhookClient) -> None:
    class Redirecting(WebhookReceiver):
        async def answer(self, status: int, body: bytes) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": self.url})

    async with Redirecting() as hook:
        assert (await poster.post(hook.url, HEADERS, b'{"request_id":"r"}')).status == 307
        assert len(hook.received) == 1


async def test_no_proxy_of_the_environment_is_asked(
    poster: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with WebhookReceiver() as hook:
        assert (await poster.post(hook.url, HEADERS, b'{"request_id":"r"}')).status == 200


async def test_a_receiver_that_is_not_there_is_told(poster: WebhookClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    heard = await poster.post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")
    assert (heard.status, heard.kind) == (0, "failed")
    assert heard.failure.startswith("cannot connect: ")
    assert "object at" not in heard.failure


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"", "the receiver closed the connection before it had answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "in the middle of its answer"),
        (b"nonsense\r\n\r\n", "the receiver does not speak HTTP"),
    ],
    ids=["nothing", "half", "nonsense"],
)
async def test_a_receiver_that_breaks_off_is_told(
    poster: WebhookClient, said: bytes, failure: str
) -> None:
    async def speak(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with raw_receiver(speak) as url:
        heard = await within_limit(poster.post(url, HEADERS, b"{}"))
        assert (heard.status, heard.kind) == (0, "failed")
        assert failure in heard.failure


async def test_an_endless_answer_is_not_read_to_its_end(poster: WebhookClient) -> None:
    async def speak(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except ConnectionError:
            return

    async with raw_receiver(speak) as url:
        heard = await within_limit(poster.post(url, HEADERS, b"{}"))
        assert (heard.status, heard.excerpt) == (200, "x" * 500)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://8.8.8.8/hook", "8.8.8.8 is neither loopback nor private"),
        ("http://[2606:2800:220:1::1]/hook", "is neither loopback nor private"),
        ("http://169.254.169.254/latest/meta-data", "is neither loopback nor private"),
        ("http://134744072/", "cannot be used"),
        ("ftp://127.0.0.1/", "http:// and https:// URLs only"),
        ("hook", "http:// and https:// URLs only"),
        ("", "http:// and https:// URLs only"),
        ("http://", "names no host"),
        ("http://a b/", ""),
        ("http://127.0.0.1:99999/", "cannot be used"),
    ],
)
async def test_a_target_that_is_not_allowed_is_refused(
    poster: WebhookClient, url: str, reason: str
) -> None:
    heard = await within_limit(poster.post(url, HEADERS, b"{}"))
    assert heard.status == 0
    if reason:
        assert heard.kind == "refused"
        assert reason in heard.failure


async def test_a_name_is_looked_up_and_its_address_is_judged(
    poster: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        address = {"public.test": "8.8.8.8", "inside.test": "127.0.0.1"}.get(host, host)
        return real(address, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    heard = await within_limit(poster.post("http://public.test/", HEADERS, b"{}"))
    assert heard.failure == (
        "public.test is 8.8.8.8, which is neither loopback nor private — allow it with "
        "--webhook-allow public.test"
    )
    async with WebhookReceiver() as hook:
        url = hook.url.replace("127.0.0.1", "inside.test")
        assert (await within_limit(poster.post(url, HEADERS, b'{"request_id":"r"}'))).status == 200
        assert hook.received[0][0]["Host"] == f"inside.test:{hook.port}"
    assert asked == ["public.test", "inside.test"]


@pytest.mark.parametrize("allow", [(), ("public.test",)])
async def test_a_host_that_was_named_is_tried_wherever_it_is(
    allow: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    poster = WebhookClient(allow, tmp_path)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("0.0.0.0", *rest, **more)
    )
    async with WebhookReceiver() as hook:  # 0.0.0.0 is no loopback address, and yet leads here
        url = hook.url.replace("127.0.0.1", "public.test")
        heard = await within_limit(poster.post(url, HEADERS, b'{"request_id":"r"}'))
        assert (heard.kind == "refused") is not bool(allow)
    await poster.close()


def https_receiver(home: Path) -> Receiver:
    return Receiver("http://127.0.0.1:9/jwks.json", lambda: 1000.0, home)


async def test_a_receiver_with_a_certificate_of_the_local_ca_is_trusted(
    poster: WebhookClient, tmp_path: Path
) -> None:
    with https_receiver(tmp_path) as receiver:
        receiver.respond_with(200, 200)
        for url in (receiver.secure_url, receiver.secure_url.replace("127.0.0.1", "localhost")):
            heard = await within_limit(poster.post(url, HEADERS, b'{"request_id":"r"}'))
            assert (heard.status, heard.excerpt, heard.failure) == (200, "received", "")


async def test_a_certificate_that_nobody_vouches_for_is_told(
    poster: WebhookClient, tmp_path: Path
) -> None:
    with https_receiver(tmp_path / "other") as receiver:
        for _ in range(2):  # without a local CA, and with one that did not sign it
            heard = await within_limit(poster.post(receiver.secure_url, HEADERS, b"{}"))
            assert (heard.status, heard.kind) == (0, "failed")
            assert heard.failure.startswith("the certificate of the receiver is not trusted: ")
            assert "issuer" in heard.failure or "self-signed" in heard.failure
            Authority(tmp_path)
        assert receiver.arrivals == []


async def test_a_certificate_for_another_name_is_told(
    poster: WebhookClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
    )
    with https_receiver(tmp_path) as receiver:
        url = receiver.secure_url.replace("127.0.0.1", "shop.test")
        heard = await within_limit(poster.post(url, HEADERS, b"{}"))
        assert heard.failure == (
            "the certificate of the receiver is not trusted: Hostname mismatch, certificate is not "
            "valid for 'shop.test'."
        )


async def test_a_receiver_that_speaks_no_tls_is_told(poster: WebhookClient) -> None:
    async with WebhookReceiver() as hook:
        heard = await within_limit(poster.post(hook.url.replace("http:", "https:"), HEADERS, b"{}"))
        assert (heard.status, heard.kind) == (0, "failed")
        assert heard.failure.startswith("TLS with the receiver fails: ")


async def test_a_spoiled_ca_is_told(poster: WebhookClient, tmp_path: Path) -> None:
    path = Authority(tmp_path).path
    path.write_text("nonsense", encoding="utf-8")
    heard = await within_limit(poster.post("https://127.0.0.1:9/", HEADERS, b"{}"))
    assert heard.kind == "failed"
    assert heard.failure.startswith(f"cannot read the local CA in {path}: ")
