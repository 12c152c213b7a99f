"""Hooks of the session guard: how a refused connection fails its test."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.outcomes import Failed

if TYPE_CHECKING:
    from fakefal.testing.redirect.session_guard import GuardedAttempt, SessionGuard

_NAME = "fakefal-guard"


class RefusedConnection(Failed):
    """A connection to the real fal was refused.

    Not an ``Exception``: clients catch those, and would try again for a minute.
    """


def open_guard(config: pytest.Config, severity: str) -> None:
    """Guard the run; ``severity`` is ``error`` or ``warn``."""
    # Under `fakefal run` and `fakefal env` every connection to fal goes to a fake anyway.
    is_redirected = "FAKEFAL_URL" in os.environ  # noqa: TID251 - set by fakefal for its children
    if not is_redirected and not config.option.collectonly:
        config.pluginmanager.register(GuardPlugin(severity), _NAME)


class GuardPlugin:
    """A plugin that is registered in guarded runs only."""

    def __init__(self, severity: Any) -> None:
        from fakefal.testing.redirect.session_guard import SessionGuard

        self._item: pytest.Item | None = None
        self._patches = ExitStack()
        self._guard: SessionGuard = SessionGuard(severity, self._refuse)
        self._severity = severity

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Guard the tests, and what fixtures of any scope do for them."""
        self._guard.open(self._patches)
        try:
            return (yield)
        finally:
            self._patches.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Remember the test, for the text."""
        self._item = item
        self._guard.pop_attempts()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell a test that failed for another reason of its refused connections."""
        report = yield
        if report.failed and self._severity == "error":
            attempts = self._guard.pop_attempts()
            if attempts and not isinstance(call.excinfo and call.excinfo.value, RefusedConnection):
                report.sections.append(("fakefal", self._describe(attempts)))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail, or warn of, a test whose code caught the exception."""
        result = yield
        attempts = self._guard.pop_attempts()
        if attempts and self._severity == "error":
            pytest.fail(self._describe(attempts), pytrace=False)
        if attempts:
            from fakefal.testing.checks import FakefalWarning

            item.warn(FakefalWarning(self._describe(attempts)))
        return result

    def _refuse(self, attempt: GuardedAttempt) -> RefusedConnection:
        return RefusedConnection(self._describe([attempt]), pytrace=False)

    def _describe(self, attempts: list[GuardedAttempt]) -> str:
        verb = "refused" if self._severity == "error" else "saw"
        item = self._item
        name = getattr(item, "originalname", None) or (item.name if item else "test_…")
        if item is not None and "fakefal" in getattr(item, "fixturenames", ()):
            cure = (
                "the fixture fakefal of this test does not run here yet, or no longer: request it "
                "in the fixture that calls fal, or use fakefal_factory there"
            )
        else:
            cure = (
                f"let the fake answer it: def {name}(fakefal): …, or @pytest.mark.fakefal\n"
                "if the test shall call the real fal: pytest --fakefal-guard=off (ini: "
                "fakefal_guard = off)"
            )
        lines = [f"fakefal {verb} a connection to the real fal: {attempt}" for attempt in attempts]
        return "\n".join((*lines, cure))
