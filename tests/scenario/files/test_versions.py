"""Versions of the scenario format and their upgrades."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.files.versions import CURRENT, UPGRADES, upgrade
from fakefal.scenario.model.scenario import Scenario


@pytest.mark.parametrize(
    "data",
    [
        {"fakefal": CURRENT, "name": "x"},
        {"fakefal": 99},
        {"fakefal": "1"},
        {"fakefal": True},
        {"fakefal": []},
        {"fakefal": None},
        {},
        [],
        None,
        "text",
    ],
)
def test_data_of_the_current_or_an_unknown_version_is_unchanged(data: Any) -> None:
    assert upgrade(data) == data


def test_there_is_a_step_from_every_older_version_to_the_current_one() -> None:
    assert sorted(UPGRADES) == list(range(1, CURRENT))


def test_the_models_are_those_of_the_current_version() -> None:
    assert Scenario.model_validate({"fakefal": CURRENT}).fakefal == CURRENT
