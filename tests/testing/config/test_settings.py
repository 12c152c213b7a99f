from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.testing.config.settings import SETTINGS, TestSettings, read_marker, read_options


def test_a_mark_is_values_and_scenarios() -> None:
    told = {"fakefal": 1}
    values, wrong = read_marker(
        ("a.yaml",), {"scenario": [Path("b.yaml"), told], "clock": "manual"}
    )
    assert values == {"clock": "manual", "scenario": ["a.yaml", Path("b.yaml"), told]}
    assert wrong == []
    assert read_marker((), {}) == ({}, [])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"clok": "manual"}, "it takes no clok — did you mean clock? (one of clock, scenario, "),
        ({"nothing": 1}, "it takes no nothing — one of clock, "),
        ({"clock": "manul"}, "clock='manul' — did you mean manual? (one of instant, manual, real)"),
        ({"strict": "yes"}, "strict='yes' — True or False"),
        ({"options": "x"}, "options='x' — a dict"),
        ({"unused": True}, "unused=True — one of error, warn, ignore"),
        ({"scenario": 7}, "scenario=7 — a path beside the test, a dict, or a list of them"),
    ],
)
def test_what_is_wrong_with_a_mark_is_told_with_what_would_be_right(
    values: dict[str, Any], told: str
) -> None:
    (wrong,) = read_marker((), values)[1]
    assert wrong.startswith(told)


def test_options_are_lines() -> None:
    lines = ["subpath = refuse-405", "validate=false", "webhook_retries = 10"]
    options = {"subpath": "refuse-405", "validate": False, "webhook_retries": 10}
    assert read_options(lines) == (options, [])
    assert read_options(["subpath"])[1] == [
        '"subpath" — write name = value, such as subpath = refuse-405'
    ]


def test_strict_makes_everything_an_error() -> None:
    values = {setting.name: setting.default for setting in SETTINGS}
    assert [TestSettings(values).severity(name) for name in ("misses", "unused")] == [
        "error",
        "warn",
    ]
    assert TestSettings(values | {"strict": True}).severity("unused") == "error"


def test_names_follow_one_pattern() -> None:
    for setting in SETTINGS:
        assert setting.ini == f"fakefal_{setting.name}"
        assert setting.option.startswith("--fakefal-")
        assert setting.description
