"""``unittest`` with a fake: a class to derive tests from."""

from __future__ import annotations

import unittest
import warnings
from contextlib import ExitStack
from typing import Any, ClassVar

from fakefal.errors import FakefalError
from fakefal.testing.checks import FakefalWarning
from fakefal.testing.config.settings import RULES, Told, read_mark
from fakefal.testing.factory import Factory
from fakefal.testing.fixture import Fake
from fakefal.testing.session import serving


class FakeFalMixin:
    """Gives every test of a ``unittest.TestCase`` a fake of its own: ``self.fakefal``.

    ``class TestTagline(FakeFalMixin, unittest.TestCase):``. ``fakefal_settings`` of the class is
    what the pytest marker takes: ``{"clock": "manual", "scenario": "x.yaml"}``. Works with
    ``IsolatedAsyncioTestCase`` too. One server serves the class.
    """

    fakefal: Fake
    fakefal_settings: ClassVar[dict[str, Any]] = {}
    _fakefal_factory: ClassVar[Factory]
    _fakefal_stack: ClassVar[ExitStack]

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server; raises FakefalError for settings that are wrong."""
        _, wrong = read_mark((), cls.fakefal_settings)
        if wrong:
            raise FakefalError("\n".join(wrong))
        cls._fakefal_stack = ExitStack()
        cls._fakefal_factory = cls._fakefal_stack.enter_context(serving())
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
        read, _ = read_mark((), self.fakefal_settings)
        told = Told({rule.name: rule.default for rule in RULES} | read)
        told.scenarios = [(scenario, True) for scenario in told.values.pop("scenario", ())]
        factory = self._fakefal_factory
        case: Any = self
        self.fakefal = factory.begin(f"fakefal:{case.id()}", told)
        case.addCleanup(self._end_fakefal, told)
        try:
            done: unittest.TestResult | None = super().run(result)  # type: ignore[misc]  # as above
        finally:
            if self.fakefal in factory.active:  # a skipped test does not come to its cleanups
                factory.forget(self.fakefal)
        return done

    def _end_fakefal(self, told: Told) -> None:
        case: Any = self
        outcome = getattr(case, "_outcome", None)
        has_failed = outcome is not None and not outcome.success
        found = self._fakefal_factory.end(self.fakefal, told, has_failed=has_failed)
        if found.raised:
            raise found.raised[0]
        for text in found.warnings:
            warnings.warn(FakefalWarning(text), stacklevel=2)
        if found.errors:
            case.fail("\n".join(found.errors))
