"""fakefal: a local fake of fal.ai, so that code which calls fal can be tested offline.

The names below are imported when they are first used, as pytest loads the plugin, and with it this
package, in every run of its users.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakefal.errors import FakefalError, MissesFound, Mistake, PortTaken, ScenarioError
    from fakefal.scenario.builder import (
        absent,
        any_of,
        contains,
        less_than,
        more_than,
        regex,
    )
    from fakefal.server.server import FakeFal
    from fakefal.server.thread import ThreadedFakeFal
    from fakefal.settings import Limits, Settings
    from fakefal.testing.fixture import Fake

__version__ = "0.1.0"

_HOMES = {
    "Fake": "fakefal.testing.fixture",
    "FakeFal": "fakefal.server.server",
    "FakefalError": "fakefal.errors",
    "Limits": "fakefal.settings",
    "MissesFound": "fakefal.errors",
    "Mistake": "fakefal.errors",
    "PortTaken": "fakefal.errors",
    "ScenarioError": "fakefal.errors",
    "Settings": "fakefal.settings",
    "ThreadedFakeFal": "fakefal.server.thread",
    "absent": "fakefal.scenario.builder",
    "any_of": "fakefal.scenario.builder",
    "contains": "fakefal.scenario.builder",
    "less_than": "fakefal.scenario.builder",
    "more_than": "fakefal.scenario.builder",
    "regex": "fakefal.scenario.builder",
}

__all__ = [
    "Fake",
    "FakeFal",
    "FakefalError",
    "Limits",
    "MissesFound",
    "Mistake",
    "PortTaken",
    "ScenarioError",
    "Settings",
    "ThreadedFakeFal",
    "absent",
    "any_of",
    "contains",
    "less_than",
    "more_than",
    "regex",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
