from __future__ import annotations

import asyncio
import logging
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


async def said(caller: Caller) -> str:
    return str((await caller.run()).json["output"])


def takes_connections(fake: FakeFalServer, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((fake.host, port)) == 0


# Starting and stopping


async def test_port_0_takes_a_free_port_and_tells_it() -> None:
    async with FakeFalServer() as fake, FakeFalServer() as other:
        assert fake.url == f"http://127.0.0.1:{fake.port}"
        assert fake.base_url("fal.run") == f"{fake.url}/fal.run"
        assert 0 != fake.port != other.port != 0
        assert takes_connections(fake, fake.port)


async def test_a_stopped_fake_takes_no_connections_and_can_be_started_again() -> None:
    fake = FakeFalServer()
    await fake.start()
    port = fake.port
    await fake.stop()
    assert not takes_connections(fake, port)
    await fake.start()
    assert (fake.port, takes_connections(fake, port)) == (port, True)
    await fake.stop()


async def test_stopping_twice_or_before_the_start_is_no_trouble() -> None:
    fake = FakeFalServer()
    await fake.stop()
    await fake.start()
    await fake.stop()
    await fake.stop()
    assert not takes_connections(fake, fake.port)


async def test_a_taken_port_is_told_and_leaves_nothing_open() -> None:
    async with FakeFalServer() as fake:
        other = FakeFalServer(port=fake.port)
        with pytest.raises(PortInUse, match=f"port {fake.port} on 127.0.0.1 is taken"):
            await other.start()
        await other.stop()
        assert takes_connections(fake, fake.port)


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1:0: "),
        ("127.0.0.1", 70000, "70000 is no port — one of 0 to 65535"),
        ("127.0.0.1", -1, "-1 is no port"),
    ],
)
async def test_an_address_that_cannot_be_listened_on_is_told(
    host: str, port: int, told: str
) -> None:
    with pytest.raises(FakefalError, match=told):
        await FakeFalServer(host=host, port=port).start()


def test_an_address_of_ip_6_stands_in_brackets() -> None:
    assert FakeFalServer(host="::1", port=8787).url == "http://[::1]:8787"


async def test_stopping_ends_open_streams_at_once_and_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    steps = timeline({"IN_QUEUE": {"forever": True}}, stream={"first": "1h"})
    fake = FakeFalServer(scenario(steps), clock="manual")
    await fake.start()
    async with aiohttp.ClientSession() as session:
        caller = Caller(session, fake)
        id_ = await caller.submit()
        status = caller.open_request("GET", f"{APP}/requests/{id_}/status/stream")
        stream = caller.open_request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"})
        async with status as watched, stream as streamed:
            await watched.content.readuntil(b"\n\n")
            assert len(fake._tasks._tasks) == 2
            await within_limit(fake.stop())
            for response in (watched, streamed):
                with pytest.raises(aiohttp.ClientError):
                    await response.content.read()
    assert [record.getMessage() for record in caplog.records] == []


async def test_stopping_ends_a_run_that_would_last_for_ever() -> None:
    fake = FakeFalServer(scenario(timeline({"IN_PROGRESS": {"forever": True}})), clock="manual")
    await fake.start()
    async with aiohttp.ClientSession() as session:
        run = asyncio.create_task(Caller(session, fake).run())
        await wait_until(lambda: any(tenant.clock._waiters for tenant in fake.engine.tenants))
        await within_limit(fake.stop())
        with pytest.raises(aiohttp.ClientError):
            await run


async def test_an_idle_connection_does_not_keep_the_server_from_stopping() -> None:
    async with aiohttp.ClientSession() as session:
        async with FakeFalServer() as fake:
            await Caller(session, fake).run()
            await within_limit(fake.stop())
        assert not takes_connections(fake, fake.port)


async def test_connections_can_be_closed_after_each_answer() -> None:
    for keep_alive, expected in ((True, None), (False, "close")):
        async with running_caller(keep_alive=keep_alive) as caller:
            heard = await caller.run()
            streamed = await caller.request(
                "POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"}
            )
            assert [it.headers.get("Connection") for it in (heard, streamed)] == [expected] * 2


# What it is told


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
        assert [await said(caller) for _ in range(5)] == ["first", "a", "b", "last", "last"]


@pytest.mark.parametrize("wrong", [{"fakefal": 1, "exchange": []}, "no such file.yaml"])
def test_a_scenario_that_cannot_be_used_is_refused_before_the_start(wrong: object) -> None:
    with pytest.raises(ScenarioError):
        FakeFalServer(wrong)  # type: ignore[arg-type]


def test_a_wrong_dict_is_named_by_its_number() -> None:
    with pytest.raises(ScenarioError, match=r"scenarios\[1\]"):
        FakeFalServer(scenario(), {"fakefal": 1, "exchange": []})


def test_single_settings_change_those_given_together() -> None:
    fake = FakeFalServer(settings=Settings(seed=7, clock="manual"), clock="instant")
    assert (fake.settings.seed, fake.settings.clock) == (7, "instant")


def test_a_setting_that_cannot_be_is_refused() -> None:
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
    heard = []
    for _ in range(2):
        async with running_caller(seed=3) as caller:
            id_ = await caller.submit()
            answers = [
                await caller.run(),
                await caller.request("GET", f"{APP}/requests/{id_}/status?logs=1"),
                await caller.request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"}),
            ]
            ids = [it.headers["x-fal-request-id"] for it in answers]
            heard.append((ids, [it.body for it in answers]))
    assert heard[0] == heard[1]
