"""HTTP over WebSocket with ``fal.apps.ws``, and ``fal api`` on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import DRIVERS, environment, once_json, run_driver
from tests.blackbox.installing import fal_sdk_python
from tests.blackbox.test_sockets import KEY, SCENARIO

pytestmark = pytest.mark.blackbox


@pytest.fixture(scope="module")
def sdk_seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> Any:
        with ThreadedServer(FakeFalServer(SCENARIO, clock="instant")) as fake:
            driver = str(DRIVERS / "fal_sockets.py")
            found = run_driver([fal_sdk_python("1.83.0"), driver, fake.url], environment(KEY))
            found["journal"] = fake.controls(KEY).journal()
            return found

    return once_json(tmp_path_factory, "sockets-sdk", make)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The programs of fal's page as they stand: only the environment says where to go."""

    def make() -> Any:
        home = tmp_path_factory.mktemp("home")
        with ThreadedServer(FakeFalServer(SCENARIO, clock="instant", home=home)) as fake:
            env = environment(
                KEY, HTTPS_PROXY=fake.proxy_url, SSL_CERT_FILE=str(fake.bundle_path), NO_PROXY=""
            )
            return run_driver([fal_sdk_python("1.83.0"), str(DRIVERS / "fal_sockets.py")], env)

    return once_json(tmp_path_factory, "sockets-proxied", make)


def test_the_programs_of_fals_page_run_as_they_stand(proxied: Any, sdk_seen: Any) -> None:
    assert proxied == {name: sdk_seen[name] for name in ("pipelined", "streamed")}


def test_pipelined_requests_are_answered_in_order(sdk_seen: Any) -> None:
    answers = sdk_seen["pipelined"]["answers"]
    assert [it["output"] for it in answers] == [
        f"question {number}: naïve 船" for number in range(5)
    ]
    assert all(it["partial"] is False and it["error"] is None for it in answers)


def test_pipelined_streams_come_as_raw_chunks(sdk_seen: Any) -> None:
    for number, text in enumerate(sdk_seen["streamed"]["answers"]):
        events = text.removesuffix("\r\n\r\n").split("\r\n\r\n")
        assert all(event.startswith("event: event\r\ndata: ") for event in events)
        last = json.loads(events[-1].partition("data: ")[2])
        assert last == {
            "output": f"question {number}: naïve 船",
            "reasoning": None,
            "partial": False,
            "error": None,
        }


def test_failures_stand_between_start_and_end_and_the_next_answer_comes(sdk_seen: Any) -> None:
    flagged, unlucky, fine, invalid, no_json, binary = sdk_seen["failures"]["answers"]
    assert [it[0] for it in (flagged, unlucky, fine, invalid, no_json, binary)] == [
        *(422, 502, 200),
        *(422, 422, 200),
    ]
    assert json.loads(flagged[2])["detail"][0]["type"] == "content_policy_violation"
    assert "nginx" in unlucky[2]
    assert "x-fal-request-id" not in unlucky[1]
    assert fine[1]["x-fal-billable-units"] == "1"
    assert json.loads(no_json[2])["detail"][0]["type"] == "json_invalid"


def test_a_connection_that_breaks_leaves_the_answers_before_it(sdk_seen: Any) -> None:
    broken = {"first": "fine: naïve 船", "raised": "ConnectionClosedError"}
    assert sdk_seen["broken"] == broken
    assert sdk_seen["cut"] == {"events": 2, "raised": "ConnectionClosedError"}


def test_frames_reach_the_sdk_as_they_are(sdk_seen: Any) -> None:
    assert sdk_seen["frames"] == {"first": {"hello": "stranger"}}


def test_the_command_line_streams(sdk_seen: Any) -> None:
    printed = {name: "".join(text.split()) for name, text in sdk_seen["command_line"].items()}
    assert printed["fal-ai/any-llm/stream"].startswith('event:eventdata:{"output":"hello:"')
    assert '"partial":false' in printed["fal-ai/any-llm/stream"]
    assert "'output':'hello:naïve船'" in printed["fal-ai/any-llm"]
    assert '{"type":"output"' in printed["workflows/acme/story/stream"]


def test_requests_over_a_socket_are_calls(sdk_seen: Any) -> None:
    calls = [it for it in sdk_seen["journal"] if it["kind"] == "call" and it["via"] == "ws"]
    assert [it["input"].get("prompt") for it in calls[:5]] == [
        f"question {number}" for number in range(5)
    ]
