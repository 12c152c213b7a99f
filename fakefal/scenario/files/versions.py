"""Versions of the scenario format, and the upgrade of older files."""

from __future__ import annotations

from collections.abc import Callable

from fakefal.protocol.core.call import Json

CURRENT = 1
"""The version that this release writes."""

UPGRADES: dict[int, Callable[[Json], Json]] = {}
"""For each older version, a function that converts its data to the next version."""


def upgrade(data: Json) -> Json:
    """Convert data to the current version; data of an unknown version is returned unchanged."""
    while isinstance(data, dict):
        version = data.get("fakefal")
        if not isinstance(version, int) or isinstance(version, bool) or version not in UPGRADES:
            break
        data = UPGRADES[version](data)
    return data
