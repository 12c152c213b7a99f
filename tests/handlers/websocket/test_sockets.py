"""What all sockets share: authorization by key or token, limits, and concurrency."""

from __future__ import annotations

import asyncio

import aiohttp
import msgpack
import pytest

from fakefal.settings import Limits
from tests.building import exchange, scenario
from tests.callers import KEY, RUN, running_caller, wait_until
from tests.sockets import APP, WS, Socket, open_realtime, open_socket, receive_frame

ECHO = {"output": {"said": "{{ input.prompt }}"}}
GREETING = {"frames": [{"text": "hello"}]}
BOTH = (exchange(GREETING, when={"via": "socket"}), exchange(ECHO))
PATHS = [(f"/{APP}/realtime", RUN), (f"/{APP}/own", RUN), (f"/{APP}", WS), (f"/{APP}/stream", WS)]


@pytest.mark.parametrize(("path", "host"), PATHS)
@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"account": "exhausted-balance"}, 403),
        ({"account": "bad-key"}, 401),
        ({"apps": {APP: "removed"}}, 404),
        ({"faults": {"connect": ["503 x*"]}}, 503),
    ],
)
async def test_every_socket_is_rejected_in_the_same_way(
    path: str, host: str, parts: dict[str, object], status: int
) -> None:
    async with running_caller({**scenario(*BOTH), **parts}) as caller:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, path, host=host)
        assert caught.value.status == status


@pytest.mark.parametrize(("path", "host"), PATHS)
async def test_a_forged_token_opens_nothing(path: str, host: str) -> None:
    async with running_caller(scenario(*BOTH)) as caller:
        for token in ("wrong", "a.b.c", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await open_socket(caller, f"{path}?fal_jwt_token={token}", host=host, key=None)
            assert caught.value.status == 401


@pytest.mark.parametrize(("path", "host"), PATHS)
async def test_a_malformed_upgrade_is_refused(path: str, host: str) -> None:
    async with running_caller(scenario(*BOTH)) as caller:
        response = await caller.request(
            "GET", path, host=host, headers={"Upgrade": "websocket", "Connection": "upgrade"}
        )
        assert response.status == 400


async def test_sockets_over_the_limit_are_rejected() -> None:
    async with running_caller(scenario(*BOTH), limits=Limits(sockets=3)) as caller:
        websockets = [await open_socket(caller, f"/{APP}/own") for _ in range(3)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, f"/{APP}/own")
        assert caught.value.status == 429
        await websockets[0].close()
        (tenant,) = caller.server.engine.tenants
        await wait_until(lambda: len(tenant.sockets) < 3)
        async with open_socket(caller, f"/{APP}/own") as websocket:
            assert await receive_frame(websocket) == "hello"
        for websocket in websockets:
            await websocket.close()


async def test_two_thousand_messages_through_one_connection_keep_their_order() -> None:
    async with running_caller(scenario(*BOTH)) as caller, open_realtime(caller) as websocket:

        async def send() -> None:
            for number in range(2_000):
                await websocket.send_bytes(msgpack.packb({"prompt": number}))

        sending = asyncio.ensure_future(send())
        socket = Socket(websocket)
        messages = [(await socket.receive())["said"] for _ in range(2_000)]
        await sending
        assert messages == list(range(2_000))
        (tenant,) = caller.server.engine.tenants
        assert not [entry for entry in tenant.journal if entry.kind == "lint"]


async def test_two_hundred_concurrent_connections_lose_nothing() -> None:
    async with running_caller(scenario(*BOTH)) as caller:
        caller.session._connector._limit = 0  # type: ignore[union-attr]

        async def person(name: int) -> None:
            async with open_realtime(caller) as websocket:
                socket = Socket(websocket)
                for number in range(5):
                    await socket.send(prompt=f"{name}-{number}")
                for number in range(5):
                    assert await socket.receive() == {"said": f"{name}-{number}"}

        await asyncio.gather(*(person(name) for name in range(200)))
        tenant = next(other for other in caller.server.engine.tenants if other.key == KEY)
        assert sum(entry.kind == "call" for entry in tenant.journal) == 1_000
        await wait_until(lambda: not len(tenant.sockets))
