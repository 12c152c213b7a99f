"""Validation of ``frames``, ``on_message`` and ``realtime``."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fakefal.scenario.files.loader import dump_data, load_data
from fakefal.scenario.model.reply import Reply
from tests.building import exchange, scenario

FRAMES: list[Any] = [
    {"json": None},
    {"text": "hello"},
    {"binary": "AAEC"},
    {"msgpack": {"a": 1}},
    {"wait": "1s"},
    {"receive": {"type": "ask"}},
    {"close": 1000, "reason": "bye"},
]


@pytest.mark.parametrize("frame", [*FRAMES, "reset", "drop", "hang", "garbage"])
def test_every_frame_survives_a_round_trip(frame: Any) -> None:
    loaded = load_data(scenario(exchange({"frames": [frame]}, when={"via": "socket"})))
    again = load_data(dump_data(loaded.scenario))
    assert again.scenario == loaded.scenario
    script = loaded.exchanges[0].reply_for(0).script
    assert script is not None
    assert len(script.frames) == 1


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"text": "a", "json": 1},
        {"reason": "a"},
        {"text": "a", "reason": "b"},
        {"close": 999},
        {"close": 1005},
        {"close": 1006},
        {"close": True},
        {"close": 1000, "reason": "x" * 124},
        {"close": 1000, "reason": "é" * 62},
        {"binary": "not base64"},
        {"wait": "soon"},
        "reste",
        5,
        None,
        [],
    ],
)
def test_invalid_frames_are_rejected(frame: Any) -> None:
    with pytest.raises(ValidationError):
        Reply.model_validate({"frames": [frame]})


@pytest.mark.parametrize("other", [{"text": "a"}, {"output": 1}, {"fail": "reset"}])
def test_frames_cannot_be_combined_with_an_outcome(other: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Reply.model_validate({"frames": [], **other})
