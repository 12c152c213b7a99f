"""Versions of the scenario format, and how an older file becomes a current one."""

from __future__ import annotations

from collections.abc import Callable

from fakefal.protocol.core.call import Json

CURRENT = 1
"""The version that this fakefal writes."""

UPGRADES: dict[int, Callable[[Json], Json]] = {}
"""For each older version, how its data becomes that of the next one."""


def upgrade(data: Json) -> Json:
    """Data of any known version as data of the current one; others are returned as they are."""
    while isinstance(data, dict):
        version = data.get("fakefal")
        if not isinstance(version, int) or isinstance(version, bool) or version not in UPGRADES:
            break
        data = UPGRADES[version](data)
    return data
