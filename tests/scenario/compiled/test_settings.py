"""The defaults of settings."""

from __future__ import annotations

from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.compiled.prices import PriceList
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiled.webhooks import CompiledJwks


def test_by_default_nothing_goes_wrong_and_outputs_are_generated() -> None:
    assert EffectiveSettings() == EffectiveSettings(
        0, "generate", CompatFlags(), None, {}, CompiledJwks(), PriceList()
    )
