"""Mistakes in frames beyond their shape; their wording stands in ``mistakes.txt``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_data
from tests.building import exchange, scenario


def mistakes(reply: dict[str, Any], via: Any = "socket") -> list[str]:
    when = {} if via is None else {"via": via}
    try:
        load_data(scenario(exchange(reply, when=when)))
    except ScenarioError as error:
        return [mistake.message for mistake in error.problems]
    return []


@pytest.mark.parametrize("end", ["reset", "drop", "hang", {"close": 1000}])
def test_what_follows_an_end_is_never_sent(end: Any) -> None:
    (what,) = mistakes({"frames": [end, {"text": "a"}, {"text": "b"}]})
    assert what.endswith("are never sent")
    assert not mistakes({"frames": [{"text": "a"}, end]})


@pytest.mark.parametrize(
    ("reply", "via"),
    [
        ({"frames": []}, "queue"),
        ({"frames": []}, ["run", "stream"]),
        ({"on_message": [{"frames": []}]}, ["ws", "realtime"]),
        ({"text": "a", "realtime": {"end": True}}, "socket"),
    ],
)
def test_what_no_call_of_the_exchange_comes_to(reply: dict[str, Any], via: Any) -> None:
    (what,) = mistakes(reply, via)
    assert "does nothing here: the exchange answers" in what


@pytest.mark.parametrize("via", [None, "socket", ["socket", "queue"], ["ws", "socket"]])
def test_what_some_call_comes_to_is_right(via: Any) -> None:
    assert not mistakes({"frames": [{"receive": "a"}]}, via)


def test_receive_is_for_sockets_of_an_apps_own() -> None:
    (what,) = mistakes({"frames": [{"receive": "a"}]}, "realtime")
    assert what.startswith("receive is for sockets of an app's own")
    (what,) = mistakes({"on_message": [{"frames": [{"receive": "a"}]}]})
    assert what.startswith("receive waits for a message")


@pytest.mark.parametrize("value", [1 << 64, {"a": [-(1 << 63) - 1]}])
def test_numbers_that_msgpack_does_not_have(value: Any) -> None:
    assert mistakes({"frames": [{"msgpack": value}]}) == [
        "msgpack has no integer of more than 64 bits"
    ]
    assert not mistakes({"frames": [{"msgpack": (1 << 64) - 1}]})


def test_patterns_and_templates_of_frames_are_looked_at() -> None:
    assert len(mistakes({"frames": [{"receive": {"$nope": 1}}, {"json": ["{{ a"]}]})) == 2
    assert len(mistakes({"on_message": [{"input": {"$x": 1}, "frames": [{"text": "{%"}]}]})) == 2


def test_faults_of_sockets_that_do_nothing() -> None:
    assert mistakes({"frames": [], "faults": {"run": ["reset"]}})
    assert mistakes({"text": "a", "faults": {"connect": ["reset"]}}, "queue")
    assert mistakes({"text": "a", "faults": {"submit": [{"close": "after", "code": 1000}]}}, None)
    assert not mistakes({"text": "a", "faults": {"run": [{"close": "after", "code": 1000}]}}, "ws")
    assert not mistakes({"frames": [], "faults": {"connect": ["403"]}})
