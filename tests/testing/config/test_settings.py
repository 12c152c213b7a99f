from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.testing.config.settings import SETTINGS, TestSettings, read_marker, read_options


def test_a_marker_becomes_values_and_scenarios() -> None:
    scenario = {"fakefal": 1}
    values, wrong = read_marker(
        ("a.yaml",), {"scenario": [Path("b.yaml"), scenario], "clock": "manual"}
    )
    assert values == {"clock": "manual", "scenario": ["a.yaml", Path("b.yaml"), scenario]}
    assert wrong == []
    assert read_marker((), {}) == ({}, [])


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"clok": "manual"},
            "unknown argument clok — did you mean clock? (one of clock, scenario, ",
        ),
        ({"nothing": 1}, "unknown argument nothing — one of clock, "),
        ({"clock": "manul"}, "clock='manul' — did you mean manual? (one of instant, manual, real)"),
        ({"strict": "yes"}, "strict='yes' — True or False"),
        ({"options": "x"}, "options='x' — a dict"),
        ({"unused": True}, "unused=True — one of error, warn, ignore"),
        ({"scenario": 7}, "scenario=7 — a path beside the test, a dict, or a list of them"),
    ],
)
def test_invalid_arguments_of_a_marker_are_reported_with_a_suggestion(
    values: dict[str, Any], problem: str
) -> None:
    (wrong,) = read_marker((), values)[1]
    assert wrong.startswith(problem)


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
