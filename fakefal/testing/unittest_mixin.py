"""``FakeFalMixin``: the ``fakefal`` fixture for ``unittest``."""

from __future__ import annotations

import unittest
import warnings
from contextlib import ExitStack
from typing import Any, ClassVar

from fakefal.errors import FakefalError
from fakefal.testing.checks import FakefalWarning
from fakefal.testing.config.settings import RULES, TestSettings, read_marker
from fakefal.testing.factory import Factory
from fakefal.testing.fixture import FakeFal
from fakefal.testing.session import running_factory


class FakeFalMixin:
    """Gives every test of a ``unittest.TestCase`` its own fake: ``self.fakefal``.

    ``class TestTagline(FakeFalMixin, unittest.TestCase):``. ``fakefal_settings`` of the class
    takes the arguments of the marker: ``{"clock": "manual", "scenario": "x.yaml"}``. Works with
    ``IsolatedAsyncioTestCase`` too. The tests of a class share one server.
    """

    fakefal: FakeFal
    fakefal_settings: ClassVar[dict[str, Any]] = {}
    _fakefal_factory: ClassVar[Factory]
    _fakefal_stack: ClassVar[ExitStack]

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server; raises FakefalError for invalid settings."""
        _, problems = read_marker((), cls.fakefal_settings)
        if problems:
            raise FakefalError("\n".join(problems))
        cls._fakefal_stack = ExitStack()
        cls._fakefal_factory = cls._fakefal_stack.enter_context(running_factory())
        try:
            super().setUpClass()  # type: ignore[misc]  # of the TestCase beside it
        except BaseException:
            cls._fakefal_stack.close()
            raise

    @classmethod
    def tearDownClass(cls) -> None:
        """Stop the server."""
        try:
            super().tearDownClass()  # type: ignore[misc]  # of the TestCase beside it
        finally:
            cls._fakefal_stack.close()

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run one test inside its fake."""
        values, _ = read_marker((), self.fakefal_settings)
        settings = TestSettings({rule.name: rule.default for rule in RULES} | values)
        settings.scenarios = [(scenario, True) for scenario in settings.values.pop("scenario", ())]
        factory = self._fakefal_factory
        case: Any = self
        self.fakefal = factory.begin(f"fakefal:{case.id()}", settings)
        case.addCleanup(self._end_fakefal, settings)
        try:
            ended: unittest.TestResult | None = super().run(result)  # type: ignore[misc]  # as above
        finally:
            if self.fakefal in factory.active:  # unittest runs no cleanups of a skipped test
                factory.discard(self.fakefal)
        return ended

    def _end_fakefal(self, settings: TestSettings) -> None:
        case: Any = self
        outcome = getattr(case, "_outcome", None)
        has_failed = outcome is not None and not outcome.success
        findings = self._fakefal_factory.end(self.fakefal, settings, has_failed=has_failed)
        if findings.callback_errors:
            raise findings.callback_errors[0]
        for text in findings.warnings:
            warnings.warn(FakefalWarning(text), stacklevel=2)
        if findings.errors:
            case.fail("\n".join(findings.errors))
