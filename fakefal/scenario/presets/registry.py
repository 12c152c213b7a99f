"""Finding presets by name, and what they stand for."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.errors.catalog import known_names
from fakefal.scenario.presets.preset import Part, Preset
from fakefal.scenario.presets.reply import REPLY_PRESETS
from fakefal.scenario.presets.scenario import TENANT_PRESETS

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*REPLY_PRESETS, *TENANT_PRESETS)}
"""Every preset by its name."""


def preset_names(part: Part) -> list[str]:
    """The presets that one part of a scenario may name."""
    return [preset.name for preset in PRESETS.values() if preset.part == part]


def reply_presets() -> list[str]:
    """What ``preset`` of a reply may be: presets, and the names of the error catalogue."""
    return [*preset_names("reply"), *(name.replace("_", "-") for name in known_names())]


OUTCOMES = frozenset({"text", "reasoning", "error", "output", "fail", "kind"})
"""The fields of a reply that say how a call ends; presets and replies bring one end at most."""


def reply_data(names: list[str]) -> dict[str, Any]:
    """What presets of a reply stand for, taken together; the later goes before the earlier."""
    data: dict[str, Any] = {}
    for name in names:
        preset = PRESETS.get(name)
        more = {"fail": name} if preset is None or preset.part != "reply" else preset.data
        if OUTCOMES & more.keys():
            data = {key: value for key, value in data.items() if key not in OUTCOMES}
        merge(data, more)
    return data


def merge(data: dict[str, Any], more: dict[str, Any]) -> None:
    """Add fields to others; mappings are merged, all else takes the place of what was there."""
    for key, value in more.items():
        before = data.get(key)
        both = isinstance(value, dict) and isinstance(before, dict)
        data[key] = {**before, **value} if both and before is not None else value
