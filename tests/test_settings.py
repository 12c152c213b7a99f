from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.settings import Limits, Settings, data_folder


@pytest.mark.parametrize("kind", [Limits, Settings])
def test_settings_cannot_be_changed_once_given(kind: type[Limits] | type[Settings]) -> None:
    given = kind()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(given, dataclasses.fields(kind)[0].name, 1)


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_every_limit_is_a_bound(field: dataclasses.Field[int]) -> None:
    assert getattr(Limits(), field.name) > 0


def test_a_server_told_nothing_is_real_takes_every_key_and_leaves_misses_to_the_scenario() -> None:
    settings = Settings()
    assert (settings.clock, settings.speed, settings.seed) == ("real", 1.0, 0)
    assert settings.keys == frozenset()
    assert settings.unmatched is None
    assert settings.flags == CompatFlags()
    assert settings.limits == Limits()


def test_the_folder_for_data_is_the_users_unless_the_environment_names_another(
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
