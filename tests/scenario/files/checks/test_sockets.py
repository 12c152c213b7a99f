"""Checks of WebSocket replies; ``problems.txt`` has their exact texts."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_data
from tests.building import exchange, scenario


def messages(reply: dict[str, Any], via: Any = "socket") -> list[str]:
    when = {} if via is None else {"via": via}
    try:
        load_data(scenario(exchange(reply, when=when)))
    except ScenarioError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize("end", ["reset", "drop", "hang", {"close": 1000}])
def test_frames_after_an_end_are_never_sent(end: Any) -> None:
    (message,) = messages({"frames": [end, {"text": "a"}, {"text": "b"}]})
    assert message.endswith("are never sent")
    assert not messages({"frames": [{"text": "a"}, end]})


@pytest.mark.parametrize(
    ("reply", "via"),
    [
        ({"frames": []}, "queue"),
        ({"frames": []}, ["run", "stream"]),
        ({"on_message": [{"frames": []}]}, ["ws", "realtime"]),
        ({"text": "a", "realtime": {"end": True}}, "socket"),
    ],
)
def test_fields_that_no_call_of_an_exchange_uses(reply: dict[str, Any], via: Any) -> None:
    (message,) = messages(reply, via)
    assert "has no effect here: the via of the exchange is" in message


@pytest.mark.parametrize("via", [None, "socket", ["socket", "queue"], ["ws", "socket"]])
def test_fields_that_some_call_uses_are_valid(via: Any) -> None:
    assert not messages({"frames": [{"receive": "a"}]}, via)


def test_receive_requires_a_socket_of_the_app_itself() -> None:
    (message,) = messages({"frames": [{"receive": "a"}]}, "realtime")
    assert message.startswith("receive requires via: socket")
    (message,) = messages({"on_message": [{"frames": [{"receive": "a"}]}]})
    assert message.startswith("receive cannot be used in on_message")


@pytest.mark.parametrize("value", [1 << 64, {"a": [-(1 << 63) - 1]}])
def test_numbers_that_msgpack_does_not_have_are_reported(value: Any) -> None:
    assert messages({"frames": [{"msgpack": value}]}) == [
        "msgpack has no integers of more than 64 bits"
    ]
    assert not messages({"frames": [{"msgpack": (1 << 64) - 1}]})


def test_patterns_and_templates_of_frames_are_checked() -> None:
    assert len(messages({"frames": [{"receive": {"$nope": 1}}, {"json": ["{{ a"]}]})) == 2
    assert len(messages({"on_message": [{"input": {"$x": 1}, "frames": [{"text": "{%"}]}]})) == 2


def test_faults_of_sockets_without_effect_are_reported() -> None:
    assert messages({"frames": [], "faults": {"run": ["reset"]}})
    assert messages({"text": "a", "faults": {"connect": ["reset"]}}, "queue")
    assert messages({"text": "a", "faults": {"submit": [{"close": "after", "code": 1000}]}}, None)
    assert not messages({"text": "a", "faults": {"run": [{"close": "after", "code": 1000}]}}, "ws")
    assert not messages({"frames": [], "faults": {"connect": ["403"]}})
