"""fakefal: a local fake of fal.ai, so that code which calls fal can be tested offline.

The public names are imported on first use (PEP 562): pytest loads the plugin, and with it this
package, in every run of its users, fakefal or not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fakefal._version import __version__ as __version__

if TYPE_CHECKING:
    from fakefal.engine.controls import CallRecord
    from fakefal.errors import (
        FakefalError,
        PortInUse,
        ScenarioError,
        ScenarioProblem,
        UnmatchedCalls,
    )
    from fakefal.scenario.builder import (
        absent,
        all_of,
        any_of,
        anything,
        contains,
        less_than,
        more_than,
        regex,
    )
    from fakefal.server.server import FakeFalServer
    from fakefal.server.thread import ThreadedServer
    from fakefal.settings import Limits, Settings
    from fakefal.testing.checks import FakefalWarning
    from fakefal.testing.factory import UnmetExpectations
    from fakefal.testing.fixture import FakeFal
    from fakefal.testing.redirect.escapes import EscapeBlocked
    from fakefal.testing.scripting.callables import Failure
    from fakefal.testing.session import running_fake
    from fakefal.testing.unittest_mixin import FakeFalMixin

_HOMES = {
    "CallRecord": "fakefal.engine.controls",
    "EscapeBlocked": "fakefal.testing.redirect.escapes",
    "Failure": "fakefal.testing.scripting.callables",
    "FakeFal": "fakefal.testing.fixture",
    "FakeFalMixin": "fakefal.testing.unittest_mixin",
    "FakeFalServer": "fakefal.server.server",
    "FakefalError": "fakefal.errors",
    "FakefalWarning": "fakefal.testing.checks",
    "Limits": "fakefal.settings",
    "PortInUse": "fakefal.errors",
    "ScenarioError": "fakefal.errors",
    "ScenarioProblem": "fakefal.errors",
    "Settings": "fakefal.settings",
    "ThreadedServer": "fakefal.server.thread",
    "UnmatchedCalls": "fakefal.errors",
    "UnmetExpectations": "fakefal.testing.factory",
    "absent": "fakefal.scenario.builder",
    "all_of": "fakefal.scenario.builder",
    "any_of": "fakefal.scenario.builder",
    "anything": "fakefal.scenario.builder",
    "contains": "fakefal.scenario.builder",
    "less_than": "fakefal.scenario.builder",
    "more_than": "fakefal.scenario.builder",
    "regex": "fakefal.scenario.builder",
    "running_fake": "fakefal.testing.session",
}

__all__ = [
    "CallRecord",
    "EscapeBlocked",
    "Failure",
    "FakeFal",
    "FakeFalMixin",
    "FakeFalServer",
    "FakefalError",
    "FakefalWarning",
    "Limits",
    "PortInUse",
    "ScenarioError",
    "ScenarioProblem",
    "Settings",
    "ThreadedServer",
    "UnmatchedCalls",
    "UnmetExpectations",
    "absent",
    "all_of",
    "any_of",
    "anything",
    "contains",
    "less_than",
    "more_than",
    "regex",
    "running_fake",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
