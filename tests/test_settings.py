from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.settings import Limits, Settings, data_folder


@pytest.mark.parametrize("kind", [Limits, Settings])
def test_settings_are_immutable(kind: type[Limits] | type[Settings]) -> None:
    settings = kind()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, dataclasses.fields(kind)[0].name, 1)


def test_every_limit_is_positive() -> None:
    assert {name: limit for name, limit in dataclasses.asdict(Limits()).items() if limit <= 0} == {}


def test_the_defaults_are_the_real_clock_any_key_and_the_scenarios_choice_for_misses() -> None:
    settings = Settings()
    assert (settings.clock, settings.speed, settings.seed) == ("real", 1.0, 0)
    assert settings.keys == frozenset()
    assert settings.unmatched is None
    assert settings.flags == CompatFlags()
    assert settings.limits == Limits()


def test_the_data_folder_is_the_users_unless_the_environment_sets_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKEFAL_HOME", str(tmp_path))
    assert data_folder() == tmp_path
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("FAKEFAL_HOME")
        else:
            monkeypatch.setenv("FAKEFAL_HOME", unset)
        assert data_folder().name == "fakefal"
        assert data_folder().is_absolute()
