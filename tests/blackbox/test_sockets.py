"""Ends of realtime sessions, sockets of an app's own, workflows: fal_client and @fal-ai/client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fal_client
import pytest
from fal_client.client import RealtimeError
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.redirect import redirect
from tests.blackbox.driving import environment, once_json, run_driver
from tests.blackbox.installing import JS_FOLDER, node_with_clients

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("sockets.yaml")
KEY = "sock:ets"
TIMEOUT = "TIMEOUT: no inputs, reconnect when needed!"
UNAUTHORIZED = {"status": "error", "error": "Unauthorized"}
IMAGE = {"images": [{"url": "https://v3.fal.media/files/b/cat.png"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    server = ThreadedServer(FakeFalServer(SCENARIO, clock="instant", keep_alive=False))
    with server as fake, pytest.MonkeyPatch.context() as patch:
        redirect(patch, fake.url, KEY)
        yield server
    reset_clients()


class Person:
    """One face of fal_client; what is asked of it is the same for both."""

    def __init__(self, server: ThreadedServer, *, is_async: bool) -> None:
        self.server = server
        self.is_async = is_async

    def journal(self) -> list[dict[str, Any]]:
        return self.server.call(lambda: self.server.server.controls(KEY).journal())

    def advance(self, by: str) -> None:
        self.server.call(lambda: self.server.server.controls(KEY).advance(by))

    def realtime(self, app: str, *inputs: Any, answers: int = 20, **options: Any) -> list[Any]:
        """Send inputs, call functions; then hear so many answers, or all up to the end."""

        async def run() -> list[Any]:
            async with fal_client.AsyncClient(key=KEY).realtime(app, **options) as line:
                for it in inputs:
                    if callable(it):
                        it()
                    else:
                        await line.send(it)
                return await received_by(line.recv, answers)

        if self.is_async:
            return asyncio.run(run())
        with fal_client.SyncClient(key=KEY).realtime(app, **options) as line:
            for it in inputs:
                if callable(it):
                    it()
                else:
                    line.send(it)
            return asyncio.run(received_by(soonest(line.recv), answers))

    def raw(self, app: str, *steps: Any, **options: Any) -> list[Any]:
        """Send what is not None, hear a frame for each None; the close ends it."""

        async def run() -> list[Any]:
            async with fal_client.AsyncClient(key=KEY).ws_connect(app, **options) as line:
                return await follow(steps, line.send, line.recv)

        if self.is_async:
            return asyncio.run(run())
        with fal_client.SyncClient(key=KEY).ws_connect(app, **options) as line:
            return asyncio.run(follow(steps, soonest(line.send), soonest(line.recv)))


def soonest(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*arguments: Any) -> Any:
        return function(*arguments)

    return call


async def follow(steps: Any, send: Callable[..., Any], recv: Callable[..., Any]) -> list[Any]:
    received: list[Any] = []
    try:
        for step in steps:
            if step is None:
                received.append(await recv())
            else:
                await send(step)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd is not None else 1006
        received.append((code, closed.rcvd.reason if closed.rcvd is not None else ""))
    return received


async def received_by(recv: Callable[..., Any], answers: int) -> list[Any]:
    """What comes up to the end: outputs, errors as text, and None for an orderly close."""
    received: list[Any] = []
    while len(received) < answers:
        try:
            received.append(await recv())
        except RealtimeError as error:
            text = str(error)
            received.append("CONNECTION_CLOSED" if "CONNECTION_CLOSED" in text else text)
            if error.error == "CONNECTION_CLOSED":
                return received
        except Exception as error:
            return [*received, type(error).__name__]
        if received[-1] is None:
            return received
    return received


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def person(request: pytest.FixtureRequest, server: ThreadedServer) -> Person:
    return Person(server, is_async=request.param)


def sent(what: str) -> dict[str, str]:
    return {"said": what}


ENDS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    # How each end of a session surfaces: in fal_client, and in @fal-ai/client.
    "normal": ([sent("normal"), None], {"errors": [], "close": [1000, ""]}),
    "going away": (
        [sent("going away"), None],
        {"errors": [[1001, "Error closing the connection: "]], "close": [1001, ""]},
    ),
    "timeout": ([sent("timeout"), TIMEOUT, None], {"errors": [], "close": [1000, ""]}),
    "fail": (
        ["INTERNAL_ERROR: Runner disconnected", None],
        {"errors": [[400, "INTERNAL_ERROR: Runner disconnected"]], "close": [1000, ""]},
    ),
    "code": (
        [sent("code"), "CONNECTION_CLOSED"],
        {"errors": [[4001, "Error closing the connection: enough"]], "close": [4001, "enough"]},
    ),
    "trouble": (
        ["CONNECTION_CLOSED"],
        {"errors": [[1011, "Error closing the connection: "]], "close": [1011, ""]},
    ),
    "reset": (
        ["CONNECTION_CLOSED"],
        {"errors": [[1006, "Error closing the connection: "]], "close": [1006, ""]},
    ),
    "drop": (
        ["CONNECTION_CLOSED"],
        {"errors": [[1006, "Error closing the connection: "]], "close": [1006, ""]},
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_each_end_of_a_session_surfaces_in_python(person: Person, end: str) -> None:
    assert person.realtime("acme/ends", {"prompt": end}) == ENDS[end][0]


@pytest.mark.parametrize("end", ENDS)
def test_each_end_of_a_session_surfaces_in_javascript(seen: Any, end: str) -> None:
    outputs = [it for it in ENDS[end][0] if isinstance(it, dict)]
    assert seen[end] == {"results": outputs, **ENDS[end][1]}


def test_a_frame_that_makes_no_sense_raises_in_the_clients(person: Person, seen: Any) -> None:
    assert person.realtime("acme/ends", {"prompt": "garbage"}) == ["FormatError"]
    assert seen["garbage"]["errors"] == [[400, "Unrecognized type byte: 0xc1"]]


def test_frames_of_a_reply_take_the_place_of_its_output(person: Person) -> None:
    received = person.realtime("acme/ends", {"prompt": "text"}, answers=3)
    assert received == [{"note": "out of band"}, {"type": "text", "payload": "hello"}, sent("text")]


def test_a_locked_account_is_refused_at_the_handshake(person: Person, seen: Any) -> None:
    with pytest.raises(InvalidStatus) as caught:
        person.realtime("acme/locked", {"prompt": "a"})
    assert caught.value.response.status_code == 403
    assert seen["locked"]["errors"][0] == [500, "Unknown error"]


def test_a_token_that_is_refused_after_the_upgrade(person: Person, seen: Any) -> None:
    assert person.realtime("acme/late") == [UNAUTHORIZED, None]
    assert seen["late"] == {"results": [], "errors": [], "close": [1000, ""]}


def test_a_server_streaming_app_answers_one_input_and_ends(person: Person, seen: Any) -> None:
    steps = [{"step": number} for number in (1, 2, 3)]
    assert person.realtime("acme/steps", {"prompt": "a"}) == [*steps, TIMEOUT, None]
    assert seen["steps"] == {"results": steps, "errors": [], "close": [1000, ""]}


def collected(person: Person) -> int:
    return len([it for it in person.journal() if it.get("note") == "collected"])


def test_a_client_streaming_app_answers_when_no_input_comes(person: Person) -> None:
    before = collected(person)

    def wait() -> None:
        for _ in range(2000):
            if collected(person) == before + 3:
                break
        person.advance("10s")

    received = person.realtime("acme/sum", {"a": 1}, {"a": 2}, {"a": 3}, wait)
    assert received == [{"heard": 3}, TIMEOUT, None]


def test_an_app_may_answer_an_input_with_nothing_or_with_much(person: Person, seen: Any) -> None:
    received = person.realtime("acme/talk", {"prompt": "quiet"}, {"prompt": "a"}, answers=2)
    assert received == [sent("a"), sent("a!")] == seen["talk"]["results"]


def test_realtime_on_a_path_of_its_own(person: Person, seen: Any) -> None:
    assert person.realtime("acme/own", {"prompt": "a"}, answers=1, path="/path") == [sent("a")]
    assert seen["path"]["results"] == [sent("a")]


# Sockets of an app's own


@pytest.mark.parametrize("options", [{}, {"use_jwt": False}, {"max_buffering": 3}])
def test_a_socket_follows_its_script(person: Person, options: dict[str, Any]) -> None:
    ask, bye = json.dumps({"type": "ask", "q": "why"}), json.dumps({"type": "bye"})
    received = person.raw(
        *("acme/chat", None, "ping", None, ask, None, None, None),
        *(b"\xff\xfe", bye, None),
        path="/ws",
        **options,
    )
    assert received == [
        '{"hello":"stranger"}',
        "pong",
        "you asked: why",
        b"\x00\x01\x02",
        b"\x81\xa1n\x01",
        (4000, "bye"),
    ]
    lint = [it["note"] for it in person.journal() if it["kind"] == "lint"]
    assert "a message was ignored: nothing in the script answers it" in lint


def test_a_message_may_break_the_connection(person: Person) -> None:
    assert person.raw("acme/chat", None, '{"type": "break"}', None, path="ws")[1] == (1006, "")


@pytest.mark.parametrize(("app", "status"), [("acme/closed/ws", 403), ("acme/nothing/ws", 404)])
def test_a_socket_may_be_refused(person: Person, app: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        person.raw(app)
    assert caught.value.response.status_code == status


def test_a_socket_is_a_call_in_the_journal(person: Person) -> None:
    person.raw("acme/chat", None, path="/ws")
    calls = [it for it in person.journal() if it["kind"] == "call" and it["via"] == "socket"]
    assert calls[-1]["exchange"] == "chat"
    assert calls[-1]["status"] == 101


# Workflows, with fal_client


def test_a_workflow_streams_what_its_nodes_come_to(server: ThreadedServer) -> None:
    events = list(fal_client.SyncClient(key=KEY).stream("workflows/acme/story", {"prompt": "cat"}))
    assert [it["type"] for it in events] == [
        *("submit", "completion", "submit", "completion"),
        "output",
    ]
    assert events[0]["app_id"] == "fal-ai/any-llm"
    assert events[1]["output"]["output"] == "A cat."
    assert events[-1] == {"type": "output", "output": IMAGE}


def test_a_workflow_is_queued_and_run_like_a_model(server: ThreadedServer) -> None:
    client = fal_client.SyncClient(key=KEY)
    assert client.subscribe("workflows/acme/story", {"prompt": "cat"}) == IMAGE
    assert client.run("workflows/acme/story", {"prompt": "cat"}) == IMAGE
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        client.subscribe("workflows/acme/broken", {})
    assert caught.value.status_code == 422


# JavaScript


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> Any:
        with ThreadedServer(FakeFalServer(SCENARIO, clock="instant")) as fake:
            node = [node_with_clients(), "--experimental-websocket", "--no-warnings"]
            driver = str(JS_FOLDER / "sockets.mjs")
            return run_driver([*node, driver, fake.url, KEY], environment("not used"))

    return once_json(tmp_path_factory, "sockets-js", make)


def test_js_streams_a_workflow(seen: Any) -> None:
    assert [it["type"] for it in seen["story"]["heard"]][-1] == "output"
    assert seen["story"]["done"] == {"type": "output", "output": IMAGE}
    assert seen["subscribed"] == IMAGE


def test_js_streams_a_failing_node(seen: Any) -> None:
    assert [it["type"] for it in seen["broken"]["heard"]] == [
        *("submit", "completion", "submit"),
        "error",
    ]
    error = seen["broken"]["done"]
    assert (error["node_id"], error["error"]["status"]) == ("draw", 422)
    assert error["error"]["body"]["detail"][0]["type"] == "content_policy_violation"
    assert seen["refused"] == {"status": 422, "type": "content_policy_violation"}
