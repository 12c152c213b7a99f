"""Projects of users: their tests, run by a pytest of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import trustme  # noqa: F401 - see below

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.testing.recording import KEY, UPSTREAM

# At a test's end pytester removes the modules from sys.modules that the test was first to import.
# cryptography cannot be imported twice in a process, so it is imported here.

RunTests = Callable[..., pytest.RunResult]
"""Runs the tests of a source text, with the options of a command line."""

INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
fakefal_unused = ignore
fakefal_uncollected = ignore
fakefal_undelivered = ignore
fakefal_refused = ignore
"""


@pytest.fixture
def run_tests(pytester: pytest.Pytester) -> RunTests:
    """A project as strict as ours (a warning is an error), run in a process of its own."""
    pytester.makeini(INI)

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *options)

    return run


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("FAL_KEY", KEY)


@pytest.fixture
def upstream(own_environment: None) -> Iterator[ThreadedServer]:
    server = ThreadedServer(FakeFalServer(UPSTREAM))
    server.start()
    yield server
    server.stop()
