"""Options as they are written."""

from __future__ import annotations

from fakefal.scenario.option_models import Options
from tests.scenario.kinds import kinds


def test_a_switch_is_no_text() -> None:
    assert len(kinds(Options, {"validate": "yes"})) == 1


def test_validate_is_validate_in_files() -> None:
    options = Options.model_validate({"validate": False})
    assert options.model_dump(by_alias=True, exclude_unset=True) == {"validate": False}


def test_a_profile_is_a_known_one() -> None:
    assert kinds(Options, {"profile": "2031-01"}) == ["profile"]
