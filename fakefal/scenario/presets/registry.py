"""All presets by name, and how they are merged."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.errors.catalog import error_names
from fakefal.scenario.presets.preset import Part, Preset
from fakefal.scenario.presets.reply import REPLY_PRESETS
from fakefal.scenario.presets.scenario import SCENARIO_PRESETS

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*REPLY_PRESETS, *SCENARIO_PRESETS)}
"""Names have dashes; a file may write underscores."""


def preset_names(part: Part) -> list[str]:
    """Names of the presets of replies, or of scenarios."""
    return [preset.name for preset in PRESETS.values() if preset.part == part]


def reply_preset_names() -> list[str]:
    """What ``preset`` of a reply accepts: presets, and names of the error catalogue."""
    return [*preset_names("reply"), *(name.replace("_", "-") for name in error_names())]


OUTCOME_FIELDS = frozenset(
    "text reasoning error output base64 file fail kind has_nsfw_concepts".split()
)
"""Fields of which a reply has one at most; a later preset replaces that of an earlier one."""


def merged_presets(names: list[str]) -> dict[str, Any]:
    """The fields of several presets of a reply; later presets override earlier ones."""
    data: dict[str, Any] = {}
    for name in names:
        preset = PRESETS.get(name)
        preset_data = {"fail": name} if preset is None or preset.part != "reply" else preset.data
        if OUTCOME_FIELDS & preset_data.keys():
            data = {key: value for key, value in data.items() if key not in OUTCOME_FIELDS}
        merge(data, preset_data)
    return data


def merge(data: dict[str, Any], updates: dict[str, Any]) -> None:
    """Updates ``data`` in place: mappings are merged one level deep, anything else replaced."""
    for key, value in updates.items():
        current = data.get(key)
        are_mappings = isinstance(value, dict) and isinstance(current, dict)
        data[key] = {**current, **value} if are_mappings and current is not None else value
