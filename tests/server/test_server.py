from __future__ import annotations

import asyncio
import logging
import re
import socket
from pathlib import Path

import aiohttp
import pytest

from fakefal.errors import FakefalError, PortInUse, ScenarioError, SettingError
from fakefal.server.server import FakeFalServer
from fakefal.settings import Settings
from tests.building import exchange, scenario, timeline
from tests.callers import KEY, RUN, Caller, running_caller, wait_until, within_limit

APP = "/fal-ai/any-llm"


async def message_of(caller: Caller) -> str:
    return str((await caller.run()).json["output"])


def accepts_connections(server: FakeFalServer, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((server.host, port)) == 0


# Starting and stopping


async def test_port_0_chooses_a_free_port() -> None:
    async with FakeFalServer() as server, FakeFalServer() as other:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.base_url("fal.run") == f"{server.url}/fal.run"
        assert 0 != server.port != other.port != 0
        assert accepts_connections(server, server.port)


async def test_a_stopped_server_accepts_no_connections_and_can_restart() -> None:
    server = FakeFalServer()
    await server.start()
    port = server.port
    await server.stop()
    assert not accepts_connections(server, port)
    await server.start()
    assert (server.port, accepts_connections(server, port)) == (port, True)
    await server.stop()


async def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    server = FakeFalServer()
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
    assert not accepts_connections(server, server.port)


async def test_a_port_in_use_is_reported_and_nothing_stays_open() -> None:
    async with FakeFalServer() as server:
        other = FakeFalServer(port=server.port)
        with pytest.raises(PortInUse, match=f"port {server.port} on 127.0.0.1 is taken"):
            await other.start()
        await other.stop()
        assert accepts_connections(server, server.port)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1:0: "),
        ("127.0.0.1", 70000, "invalid port 70000 (0–65535)"),
        ("127.0.0.1", -1, "invalid port -1"),
    ],
)
async def test_an_invalid_address_is_reported(host: str, port: int, message: str) -> None:
    with pytest.raises(FakefalError, match=re.escape(message)):
        await FakeFalServer(host=host, port=port).start()


def test_an_ipv6_address_is_in_brackets() -> None:
    assert FakeFalServer(host="::1", port=8787).url == "http://[::1]:8787"


async def test_stopping_ends_open_streams_immediately_and_silently(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    steps = timeline({"IN_QUEUE": {"forever": True}}, stream={"first": "1h"})
    server = FakeFalServer(scenario(steps), clock="manual")
    await server.start()
    async with aiohttp.ClientSession() as session:
        caller = Caller(session, server)
        id_ = await caller.submit()
        status = caller.open_request("GET", f"{APP}/requests/{id_}/status/stream")
        stream = caller.open_request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"})
        async with status as watched, stream as streamed:
            await watched.content.readuntil(b"\n\n")
            assert len(server._tasks._tasks) == 2
            await within_limit(server.stop())
            for response in (watched, streamed):
                with pytest.raises(aiohttp.ClientError):
                    await response.content.read()
    assert [record.getMessage() for record in caplog.records] == []


async def test_stopping_ends_a_run_that_would_last_for_ever() -> None:
    server = FakeFalServer(scenario(timeline({"IN_PROGRESS": {"forever": True}})), clock="manual")
    await server.start()
    async with aiohttp.ClientSession() as session:
        run = asyncio.create_task(Caller(session, server).run())
        await wait_until(lambda: any(tenant.clock._waiters for tenant in server.engine.tenants))
        await within_limit(server.stop())
        with pytest.raises(aiohttp.ClientError):
            await run


async def test_an_idle_connection_does_not_keep_the_server_from_stopping() -> None:
    async with aiohttp.ClientSession() as session:
        async with FakeFalServer() as server:
            await Caller(session, server).run()
            await within_limit(server.stop())
        assert not accepts_connections(server, server.port)


async def test_connections_can_be_closed_after_each_answer() -> None:
    for keep_alive, expected in ((True, None), (False, "close")):
        async with running_caller(keep_alive=keep_alive) as caller:
            response = await caller.run()
            streamed = await caller.request(
                "POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"}
            )
            assert [each.headers.get("Connection") for each in (response, streamed)] == [
                expected
            ] * 2


# Arguments


async def test_scenarios_are_dicts_files_and_folders_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    for name, times in (("b", 1), ("a", 1)):
        text = f"fakefal: 1\nexchanges: [{{times: {times}, reply: {{text: {name}}}}}]\n"
        (folder / f"{name}.yaml").write_text(text)
    file = tmp_path / "last.json"
    file.write_text('{"fakefal": 1, "exchanges": [{"reply": {"text": "last"}}]}')
    first = scenario(exchange({"text": "first"}, times=1))
    async with running_caller(first, folder, str(file)) as caller:
        assert [await message_of(caller) for _ in range(5)] == ["first", "a", "b", "last", "last"]


@pytest.mark.parametrize("wrong", [{"fakefal": 1, "exchange": []}, "no such file.yaml"])
def test_an_invalid_scenario_is_rejected_before_the_start(wrong: object) -> None:
    with pytest.raises(ScenarioError):
        FakeFalServer(wrong)  # type: ignore[arg-type]


def test_an_invalid_dict_is_named_by_its_number() -> None:
    with pytest.raises(ScenarioError, match=r"scenarios\[1\]"):
        FakeFalServer(scenario(), {"fakefal": 1, "exchange": []})


def test_single_settings_change_those_given_together() -> None:
    server = FakeFalServer(settings=Settings(seed=7, clock="manual"), clock="instant")
    assert (server.settings.seed, server.settings.clock) == (7, "instant")


def test_an_invalid_setting_is_rejected() -> None:
    with pytest.raises(SettingError, match="sundial"):
        FakeFalServer(clock="sundial")
    with pytest.raises(TypeError, match="colour"):
        FakeFalServer(colour="red")


async def test_the_controls_of_a_key_are_those_of_its_callers() -> None:
    async with running_caller() as caller:
        before = caller.server.controls("other:key")
        await caller.run()
        assert len(caller.server.controls(KEY).calls()) == 1
        assert before.calls() == []
        assert caller.server.controls("other:key").tenant is before.tenant


async def test_the_same_calls_get_the_same_bytes_from_every_server() -> None:
    runs = []
    for _ in range(2):
        async with running_caller(seed=3) as caller:
            id_ = await caller.submit()
            answers = [
                await caller.run(),
                await caller.request("GET", f"{APP}/requests/{id_}/status?logs=1"),
                await caller.request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"}),
            ]
            ids = [response.headers["x-fal-request-id"] for response in answers]
            runs.append((ids, [response.body for response in answers]))
    assert runs[0] == runs[1]
