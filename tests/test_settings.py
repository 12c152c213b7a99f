from __future__ import annotations

import dataclasses

import pytest

from fakefal.protocol.options import Switches
from fakefal.settings import Limits, Settings


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
    assert settings.switches == Switches()
    assert settings.limits == Limits()
