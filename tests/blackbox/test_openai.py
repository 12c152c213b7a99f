"""The openai packages, unmodified, against the OpenAI-compatible endpoints of openrouter/router."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import DRIVERS, Seen, environment, once, run_driver, seen_by
from tests.blackbox.installing import JS_FOLDER, node_with_clients, openai_python

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("openai.yaml")
PYTHON = ("3.54.0", "2.54.0")
JS = ("7.57.0", "6.49.0")
CLIENTS = [*(f"python-{it}-{mode}" for it in PYTHON for mode in ("sync", "async"))]
CLIENTS += [f"js-{it}" for it in JS]


@pytest.fixture(scope="module")
def openai_server() -> Iterator[ThreadedServer]:
    server = ThreadedServer(FakeFalServer(SCENARIO))
    with server:
        yield server


@pytest.fixture(scope="module", params=CLIENTS)
def seen(
    request: pytest.FixtureRequest,
    openai_server: ThreadedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    name: str = request.param
    kind, version, *mode = name.split("-")
    url = openai_server.server.url

    def python() -> dict[str, Seen]:
        driver = str(DRIVERS / "openai_client.py")
        command = [openai_python(version), driver, url, mode[0], f"{name}:x"]
        return {name: seen_by(openai_server, f"{name}:x", run_driver(command, environment("none")))}

    def js() -> dict[str, Seen]:
        command = [node_with_clients(), str(JS_FOLDER / "openai.mjs"), url, "js"]
        flows = run_driver(command, environment("none"))
        return {
            f"js-{it}": seen_by(openai_server, f"js-{it}:x", of_it) for it, of_it in flows.items()
        }

    if kind == "js":
        return once(tmp_path_factory, "openai-js", js)[name]
    return once(tmp_path_factory, f"openai-{name}", python)[name]


EXPECTED: dict[str, Any] = {
    "plain": {
        "text": "Ship it.",
        "role": "assistant",
        "finish": "stop",
        "usage": [4, 7, 11, 8e-05],
        "model": "openai/gpt-4o",
        "object": "chat.completion",
        "reasoning": "Short is better.",
    },
    "streamed": {
        "pieces": ["", "", "", "Ship", " it.", None],
        "reasoning": ["Short", " is", " better.", None, None, None],
        "finish": [None, None, None, None, None, "stop"],
        "usage": [2, 7, 9, 7.5e-05],
        "ids": 1,
        "object": "chat.completion.chunk",
    },
    "streamed_with_usage": {
        "text": "naïve 船",
        "count": 9,
        "choices": 0,
        "usage": [2, 4, 6, 4.5e-05],
        "others": 0,
    },
    "costs": [[1, 3, 4, 0.007], [40, 227, 267, 0.0005795]],
    "tools": {
        "calls": [
            [True, "get_weather", '{"city":"Paris","days":2}'],
            [False, "now", "{}"],
        ],
        "finish": "tool_calls",
        "content": None,
        "then": "Sunny in Paris.",
    },
    "tool_demanded": ["city", "days"],
    "parsed": ["Ada", 36, True],
    "choices": {
        "scripted": ["Ship it.", "Ship it."],
        "indices": [0, 1, 2],
        "different": 3,
    },
    "recorded": {
        "id": "chatcmpl-1",
        "text": "From a recording.",
        "streamed": "From a recording.",
        "usage": 7,
        "responses": "From a recording.",
    },
    "soft_error": ["error", "failed", "upstream said no"],
    "respond": {
        "text": "Ship it.",
        "kinds": ["reasoning", "message"],
        "status": "completed",
        "usage": [7, 7, 8.75e-05],
        "instructions": "Be short.",
        "temperature": 1,
    },
    "respond_streamed": {
        "types": [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            *["response.reasoning_summary_text.delta"] * 3,
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            *["response.output_text.delta"] * 2,
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
        "numbers": True,
        "text": "Ship it.",
        "final": "Ship it.",
        "usage": 7,
    },
    "respond_tools": {
        "calls": [["get_weather", '{"city":"Rome","days":2}'], ["now", "{}"]],
        "done": 2,
        "last": "response.completed",
    },
    "respond_parsed": ["Ada", 36],
    "embed": {
        "sizes": [1536, 8],
        "same": True,
        "unit": 1,
        "nearer": True,
        "scripted": [0.5, -0.25],
        "first": [-0.021997, -0.027928],
        "usage": [5, 5],
    },
    "retried": "third time lucky",
    "as_bearer": "Ship it.",
}

ERRORS: dict[str, list[Any]] = {
    "400": ["BadRequestError", 400, "downstream_service_error"],
    "403": ["PermissionDeniedError", 403, None],
    "409": ["ConflictError", 409, "conflict_error"],
    "418": ["APIError", 418, None],
    "422": ["UnprocessableEntityError", 422, "content_policy_violation"],
    "429": ["RateLimitError", 429, "concurrent_requests_limit"],
    "500": ["InternalServerError", 500, "internal_server_error"],
    "502": ["InternalServerError", 502, None],
    "503": ["InternalServerError", 503, None],
    "nobody": ["NotFoundError", 404, "not_found_error"],
    "reset": ["APIConnectionError", None, None],
    "bad input": ["BadRequestError", 400, "invalid_request_error"],
    "no such path": ["NotFoundError", 404, None],
    "broken": ["APIError", None, None, "one", " two"],
    "unfinished": ["no error", None, None, "one", " two"],
    "of responses": ["UnprocessableEntityError", 422, "content_policy_violation"],
    "of embeddings": ["BadRequestError", 400, "invalid_request_error"],
    "no key": ["AuthenticationError", 401, None],
    "hang": ["APITimeoutError", None, None],
}
OTHERWISE = {"APIStatusError": "APIError", "APIConnectionTimeoutError": "APITimeoutError"}
"""Classes that go by another name in one of the packages."""


@pytest.mark.parametrize("name", EXPECTED)
def test_an_openai_client_reads_what_was_scripted(seen: Seen, name: str) -> None:
    assert seen[name]["report"] == EXPECTED[name]


def test_tool_calls_come_in_deltas_that_joined_are_the_call(seen: Seen) -> None:
    report = seen["tools_streamed"]["report"]
    assert report["calls"] == [["get_weather", '{"city":"Paris","days":2}'], ["now", "{}"]]
    assert (report["role"], report["finish"]) == ("assistant", "tool_calls")
    assert report["deltas"] > 2


@pytest.mark.parametrize("name", ERRORS)
def test_a_failure_is_raised_as_the_class_of_its_status(seen: Seen, name: str) -> None:
    class_, status, kind, *pieces = seen["errors"]["report"][name]
    wanted_class, wanted_status, wanted_kind, *wanted_pieces = ERRORS[name]
    assert OTHERWISE.get(class_, class_) == wanted_class
    assert (status, pieces) == (wanted_status, wanted_pieces)
    if name != "429":  # the packages look for the type in other places of fal's own shape
        assert kind == wanted_kind


def test_a_stream_that_is_cut_fails_after_what_came(seen: Seen) -> None:
    class_, _, _, *pieces = seen["cut"]["report"]
    assert class_ != "no error"
    assert pieces == ["one", " two"]


def test_a_key_sent_as_bearer_is_taken_and_noted(seen: Seen) -> None:
    (note,) = [it["note"] for it in seen.journal if it["kind"] == "lint"]
    assert note == "fal rejects an API key sent as Bearer: send Authorization: Key …"


def test_the_journal_says_how_each_call_came(seen: Seen) -> None:
    calls = [it for it in seen.journal if it["kind"] == "call"]
    assert {it["via"] for it in calls} == {"run", "stream"}
    assert all(it["endpoint"].startswith("openrouter/router/openai/v1/") for it in calls)
