"""Validation of ``kind``, ``files`` and ``media``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_data
from fakefal.scenario.model.reply import Reply


def reply(**fields: Any) -> Reply:
    return Reply.model_validate(fields)


def test_media_is_a_word_or_a_mapping() -> None:
    assert (
        reply(kind="image", media="expired").media
        == reply(kind="image", media={"how": "expired"}).media
    )
    spec = reply(kind="image", media={"how": "slow", "expires": "90s"}).media
    assert spec is not None
    assert (spec.how, spec.expires) == ("slow", 90.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "chunks", "text": "One. Two."},
        {"kind": "text", "text": "One."},
        {"media": "expired"},
        {"output": {"a": {"file": "x.png"}}, "media": "slow"},
        {"kind": "images", "files": ["a.png", "b.png"]},
    ],
)
def test_valid_combinations(fields: dict[str, Any]) -> None:
    assert reply(**fields).model_fields_set == set(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "images", "text": "x"}, "text and kind cannot be used together"),
        ({"kind": "text", "output": {}}, "output and kind cannot be used together"),
        ({"kind": "video", "fail": "nginx_502"}, "fail and kind cannot be used together"),
        ({"files": ["a.png"]}, "files requires a kind that has files"),
        ({"kind": "text", "files": ["a.png"]}, "files requires a kind that has files"),
        ({"kind": "video", "files": ["a.mp4", "b.mp4"]}, "video has one file"),
        ({"output": {"a": 1}, "media": "slow"}, "media is for replies with files"),
        ({"text": "x", "media": "slow"}, "media is for replies with files"),
        ({"media": "sloww"}, "did you mean"),
        ({"kind": "pictures"}, "unknown value"),
    ],
)
def test_invalid_combinations_are_rejected(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load_data({"fakefal": 1, "exchanges": [{"reply": fields}]})
