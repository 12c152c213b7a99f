"""Realtime sockets with fal_client, sync and async, and with @fal-ai/client on Node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fal_client
import pytest
from fal_client.client import RealtimeError
from websockets.exceptions import InvalidStatus

from fakefal.engine.controls import Controls
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.redirect import redirect
from tests.blackbox.driving import Seen, environment, once_json, run_driver
from tests.blackbox.installing import JS_FOLDER, node_with_clients

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("realtime.yaml")
KEY = "real:time"
TIMEOUT = "TIMEOUT: no inputs, reconnect when needed!"


class Talker:
    """One face of fal_client; what is asked of it is the same for both."""

    def __init__(self, server: ThreadedServer, *, is_async: bool) -> None:
        self.server = server
        self.is_async = is_async

    def controls(self, ask: Callable[[Controls], Any]) -> Any:
        return self.server.call(lambda: ask(self.server.server.controls(KEY)))

    def run_driver(self, *steps: Any, app: str = "acme/live", **options: Any) -> list[Any]:
        """Send dicts, text as it is, and call functions; each answer, or the error at the end."""
        if self.is_async:
            return asyncio.run(self._async(steps, app, options))
        return self._sync(steps, app, options)

    def _sync(self, steps: Any, app: str, options: dict[str, Any]) -> list[Any]:
        received: list[Any] = []
        with fal_client.SyncClient(key=KEY).realtime(app, **options) as line:
            try:
                for step in steps:
                    if callable(step):
                        step()
                    elif isinstance(step, str):
                        line._ws.send(step)
                    else:
                        if step:
                            line.send(step)
                        received.append(line.recv())
            except RealtimeError as error:
                received.append(str(error).partition(" (")[0])
                if error.error != "CONNECTION_CLOSED":
                    received.append(line.recv())
        return received

    async def _async(self, steps: Any, app: str, options: dict[str, Any]) -> list[Any]:
        received: list[Any] = []
        async with fal_client.AsyncClient(key=KEY).realtime(app, **options) as line:
            try:
                for step in steps:
                    if callable(step):
                        step()
                    elif isinstance(step, str):
                        await line._ws.send(step)
                    else:
                        if step:
                            await line.send(step)
                        received.append(await line.recv())
            except RealtimeError as error:
                received.append(str(error).partition(" (")[0])
                if error.error != "CONNECTION_CLOSED":
                    received.append(await line.recv())
        return received


def serving(is_async: bool, **options: Any) -> Iterator[Talker]:
    server = ThreadedServer(
        FakeFalServer(SCENARIO, clock="instant", keep_alive=False, options=options)
    )
    with server as fake, pytest.MonkeyPatch.context() as patch:
        redirect(patch, fake.url, KEY)
        yield Talker(server, is_async=is_async)
    reset_clients()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def person(request: pytest.FixtureRequest) -> Iterator[Talker]:
    yield from serving(request.param)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def strict_person(request: pytest.FixtureRequest) -> Iterator[Talker]:
    yield from serving(request.param, realtime_text="error")


def answer(prompt: str, request_id: str = "none") -> dict[str, Any]:
    return {"said": prompt, "request_id": request_id, "number": 1.5}


@pytest.mark.parametrize("options", [{}, {"use_jwt": False}, {"max_buffering": 60}])
def test_inputs_are_answered_in_order(person: Talker, options: dict[str, Any]) -> None:
    inputs = [{"prompt": "a", "request_id": "mine"}, {"prompt": "b"}]
    assert person.run_driver(*inputs, **options) == [answer("a", "mine"), answer("b")]
    calls = person.controls(lambda it: it.journal())
    assert [line["via"] for line in calls if line["kind"] == "call"] == ["realtime"] * 2


def test_the_regular_end_is_a_timeout_and_then_none(person: Talker) -> None:
    def wait() -> None:
        person.controls(lambda it: it.advance("60s"))

    assert person.run_driver({"prompt": "a"}, wait, {}) == [answer("a"), TIMEOUT, None]


def test_a_failure_is_a_realtime_error_and_then_none(person: Talker) -> None:
    assert person.run_driver({"prompt": "fail"}) == ["INTERNAL_ERROR: Runner disconnected", None]


def test_an_abnormal_end_is_an_error_of_its_own(person: Talker) -> None:
    (error,) = person.run_driver({"prompt": "break"})
    assert error.startswith("CONNECTION_CLOSED: no close frame received or sent")


def test_a_text_frame_is_ignored_and_noted(person: Talker) -> None:
    assert person.run_driver("text", {"prompt": "a"}) == [answer("a")]
    lint = [it for it in person.controls(lambda it: it.journal()) if it["kind"] == "lint"]
    assert "a text frame was ignored" in lint[0]["note"]


def test_a_text_frame_is_an_error_if_the_option_says_so(strict_person: Talker) -> None:
    assert strict_person.run_driver("text", {}) == ["INTERNAL_ERROR: 'bytes'", None]


def test_a_picture_can_be_fetched(person: Talker) -> None:
    (output,) = person.run_driver({"prompt": "a"}, app="fal-ai/flux/dev")
    assert output["images"][0]["url"].startswith(person.server.server.url)


def test_a_wrong_token_is_refused_before_the_upgrade(
    person: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def later(self: Any, *_: Any, **__: Any) -> str:
        return "wrong"

    monkeypatch.setattr(fal_client.SyncClient, "_get_realtime_token", lambda *_, **__: "wrong")
    monkeypatch.setattr(fal_client.AsyncClient, "_get_realtime_token", later)
    with pytest.raises(InvalidStatus) as caught:
        person.run_driver({"prompt": "a"})
    assert caught.value.response.status_code == 401


def test_the_sdk_connects_with_its_key(sdk: Seen) -> None:
    hello = "Hello from fal-ai/any-llm: naïve café, 船"
    assert sdk["realtime"]["outputs"] == [hello, hello]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> Any:
        loud = {"realtime_text": "error"}
        with (
            ThreadedServer(FakeFalServer(SCENARIO, clock="instant")) as fake,
            ThreadedServer(FakeFalServer(SCENARIO, clock="instant", options=loud)) as strict,
        ):
            driver = str(JS_FOLDER / "realtime.mjs")
            node = [node_with_clients(), "--experimental-websocket", "--no-warnings"]
            return run_driver([*node, driver, fake.url, strict.url, KEY], environment("not used"))

    return once_json(tmp_path_factory, "realtime-js", make)


def test_js_gets_its_results(seen: Any) -> None:
    assert seen["first"] == {"result": answer("one", "mine")}
    assert seen["second"] == {"result": answer("two")}


def test_js_reconnects_after_a_timeout(seen: Any) -> None:
    assert seen["afterTimeout"] == {"result": answer("again")}
    assert seen["opened"] == ["fal.run/acme/live/realtime"] * 2
    assert seen["closed"][0] == 1000


def test_js_receives_a_failure(seen: Any) -> None:
    assert seen["failed"] == {"status": 400, "text": "INTERNAL_ERROR: Runner disconnected"}
    assert seen["codes"][0] == 1000


def test_js_receives_an_abnormal_end(seen: Any) -> None:
    assert seen["broken"][0]["status"] == 1006
    assert seen["codes"][1] == 1006


def test_js_receives_a_wrong_token(seen: Any) -> None:
    assert seen["wrongToken"] == {"status": 500, "text": "Unknown error"}


def test_a_text_frame_of_js_is_ignored_and_noted(seen: Any) -> None:
    assert "a text frame was ignored" in seen["noted"]


def test_a_text_frame_of_js_ends_the_session_if_the_option_says_so(seen: Any) -> None:
    assert seen["textError"] == {"status": 400, "text": "INTERNAL_ERROR: 'bytes'"}
