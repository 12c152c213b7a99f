"""Whatever asks fal from this process reaches the fake by fal's own names, or is refused."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import fal_client
import httpx
import httpx2
import msgpack
import pytest
import requests
import trio
import uvloop
import websockets
import websockets.sync.client

from fakefal import EscapeBlocked, FakeFal, UnmetExpectations, running_fake
from fakefal.testing.redirect.network_patch import (
    REDIRECT_ADDRESS,
    SocketRedirector,
    normalize_host,
)

RUN = "https://fal.run/fal-ai/any-llm"
QUEUE = "https://queue.fal.run/fal-ai/any-llm"
SOCKET = "wss://fal.run/fal-ai/any-llm/realtime"
KEY = {"Authorization": "Key a:b"}
INPUT = {"prompt": "x"}

_EARLY: dict[str, Any] = {"httpx": httpx.Client(), "requests": requests.Session()}
"""Clients of before any test."""


@pytest.fixture
def fake(fakefal: FakeFal) -> FakeFal:
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    return fakefal


def with_urllib() -> Any:
    headers = {**KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(QUEUE, json.dumps(INPUT).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def with_http_client() -> Any:
    connection = http.client.HTTPSConnection("queue.fal.run")
    connection.request("POST", "/fal-ai/any-llm", json.dumps(INPUT), KEY)
    answer = json.load(connection.getresponse())
    connection.close()
    return answer


@pytest.mark.parametrize(
    "send",
    [
        lambda: httpx.post(QUEUE, json=INPUT, headers=KEY).json(),
        lambda: httpx2.post(QUEUE, json=INPUT, headers=KEY).json(),
        lambda: requests.post(QUEUE, json=INPUT, headers=KEY).json(),
        lambda: _EARLY["httpx"].post(QUEUE, json=INPUT, headers=KEY).json(),
        lambda: _EARLY["requests"].post(QUEUE, json=INPUT, headers=KEY).json(),
        with_urllib,
        with_http_client,
    ],
    ids=["httpx", "httpx2", "requests", "early httpx", "early requests", "urllib", "http.client"],
)
def test_sync_clients_get_the_names_of_fal(fake: FakeFal, send: Callable[[], Any]) -> None:
    answer = send()
    assert answer["status_url"] == f"{QUEUE}/requests/{answer['request_id']}/status"
    fake.calls.one(prompt="x", via="queue")


async def with_httpx() -> Any:
    async with httpx.AsyncClient() as client:
        answer = await client.post(RUN, json=INPUT, headers=KEY)
    assert str(answer.url) == RUN
    return answer.json()


async def with_aiohttp() -> Any:
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        session.post(RUN, json=INPUT, headers=KEY) as answer,
    ):
        assert str(answer.url) == RUN
        return await answer.json()


async def with_websockets() -> Any:
    async with websockets.connect(SOCKET, additional_headers=KEY) as connection:
        await connection.send(msgpack.packb(INPUT))
        return msgpack.unpackb(await connection.recv())


async def with_fal_client() -> Any:
    return await fal_client.AsyncClient().subscribe("fal-ai/any-llm", INPUT)


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("send", [with_httpx, with_aiohttp, with_websockets, with_fal_client])
def test_async_clients_on_each_loop(
    fake: FakeFal, send: Callable[[], Awaitable[Any]], runner: Callable[[Any], Any]
) -> None:
    assert runner(send())["output"] == "Ship it."
    assert len(fake.calls) == 1


def test_trio(fake: FakeFal) -> None:
    assert trio.run(with_httpx)["output"] == "Ship it."


def test_a_sync_socket(fake: FakeFal) -> None:
    with websockets.sync.client.connect(SOCKET, additional_headers=KEY) as connection:
        connection.send(msgpack.packb(INPUT))
        assert msgpack.unpackb(connection.recv())["output"] == "Ship it."


def test_no_proxy_of_the_environment_stands_between(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fake: FakeFal = request.getfixturevalue("fake")
    assert requests.post(RUN, json=INPUT, headers=KEY).json()["output"] == "Ship it."
    assert httpx.post(RUN, json=INPUT, headers=KEY).json()["output"] == "Ship it."
    assert with_urllib()["status"]
    assert asyncio.run(with_aiohttp())["output"] == "Ship it."
    assert len(fake.calls) == 4


def test_media_are_fetched_by_their_own_urls(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/flux/dev").kind("images")
    answer = httpx.post("https://fal.run/fal-ai/flux/dev", json={}, headers=KEY).json()
    url = answer["images"][0]["url"]
    assert url.startswith("https://v3b.fal.media/")
    assert requests.get(url).headers["content-type"] == "image/png"


def test_names_resolve_to_an_address_of_the_loopback(fake: FakeFal) -> None:
    assert socket.gethostbyname("fal.run") == REDIRECT_ADDRESS
    assert socket.gethostbyname_ex("FAL.run.")[2] == [REDIRECT_ADDRESS]
    (info,) = socket.getaddrinfo("queue.falrun.com", "https")
    assert info[4] == (REDIRECT_ADDRESS, 443)
    assert socket.getaddrinfo("localhost", 80)
    with socket.create_connection(("rest.fal.ai", 443)) as sock:
        assert sock.getpeername()[1] == fake.server.server.port


# What is refused


@pytest.fixture
def escapes(fakefal: FakeFal, fakefal_factory: Any) -> Callable[[], str]:
    """What was refused, taken so that the test does not fail for it."""
    take: Callable[[], str] = fakefal_factory.redirection.pop_escapes
    return take


def test_unknown_hosts_of_fal_are_blocked(escapes: Callable[[], str]) -> None:
    with pytest.raises(
        EscapeBlocked, match=r"foo\.fal\.run is a host that the fake does not serve"
    ):
        socket.create_connection(("foo.fal.run", 443))
    with socket.socket() as sock, pytest.raises(EscapeBlocked):
        sock.connect(("foo.fal.run", 443))
    report = escapes()
    assert report.startswith("2 connections to the real fal blocked:")
    assert 'socket.create_connection(("foo.fal.run", 443))' in report
    assert escapes() == ""


async def test_the_reported_stack_of_async_callers_is_their_own(escapes: Callable[[], str]) -> None:
    async def innocent() -> None:
        await asyncio.open_connection("foo.fal.ai", 443)

    with pytest.raises(ConnectionRefusedError):
        await innocent()
    assert "await asyncio.open_connection" in escapes()


def test_datagrams_to_fal_are_blocked(escapes: Callable[[], str]) -> None:
    with pytest.raises(EscapeBlocked):
        socket.getaddrinfo("fal.run", 443, type=socket.SOCK_DGRAM)
    assert "datagrams to fal.run" in escapes()


def test_tls_as_fal_with_another_server_is_blocked(escapes: Callable[[], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        context = ssl.create_default_context()
        with (
            socket.create_connection(server.getsockname()) as sock,
            pytest.raises(EscapeBlocked),
        ):
            context.wrap_socket(sock, server_hostname="queue.fal.run")
    with pytest.raises(EscapeBlocked):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="fal.run")
    assert "TLS as queue.fal.run with 127.0.0.1:" in escapes()


def test_writes_over_connections_from_before_the_test_are_blocked() -> None:
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="fal.run")
    with (
        pytest.raises(UnmetExpectations, match="over an earlier connection"),
        running_fake(),
        pytest.raises(EscapeBlocked),
    ):
        tls.write(b"GET / HTTP/1.1")
    with pytest.raises(ssl.SSLWantReadError):  # as always
        tls.do_handshake()


def test_connections_to_addresses_of_fal_are_blocked(
    escapes: Callable[[], str], fakefal_factory: Any
) -> None:
    redirector: SocketRedirector = fakefal_factory.redirection.redirector
    redirector.set_fal_addresses({"8.8.4.4", "8.8.8.8"})
    redirector.remember_foreign_address("8.8.8.8")
    with (
        socket.socket() as sock,
        pytest.raises(EscapeBlocked, match=r"8\.8\.4\.4, port 443, is an address of fal"),
    ):
        sock.connect(("8.8.4.4", 443))
    assert not redirector.is_fals_address("8.8.8.8")  # returned for another host
    assert "8.8.4.4" in escapes()


def test_host_names_are_normalised() -> None:
    assert [normalize_host(name) for name in (b"FAL.run", "Fal.Run.", None, 7)] == [
        "fal.run"
    ] * 2 + [""] * 2


def test_all_patches_are_undone_when_the_fake_ends() -> None:
    before = patched_functions()
    with running_fake() as fake:
        assert patched_functions() != before
        with running_fake() as inner:
            inner.on().text("inner")
            assert fal_client.run("fal-ai/any-llm", INPUT)["output"] == "inner"
        fake.on().text("outer")
        assert fal_client.run("fal-ai/any-llm", INPUT)["output"] == "outer"
    assert patched_functions() == before


def patched_functions() -> list[Any]:
    return [
        socket.getaddrinfo,
        socket.gethostbyname,
        socket.gethostbyname_ex,
        "connect" in vars(socket.socket),
        ssl.SSLContext.wrap_socket,
        ssl.SSLContext.wrap_bio,
        ssl.SSLObject.write,
        ssl.SSLSocket.send,
        asyncio.BaseEventLoop.getaddrinfo,
        uvloop.Loop.create_connection,
        uvloop.Loop.getaddrinfo,
        fal_client.client.RUN_URL_FORMAT,
    ]
