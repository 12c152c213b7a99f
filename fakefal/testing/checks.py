"""Checks that run when a test ends, and what they find."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from fakefal.errors import FakefalError, UnmatchedCalls
from fakefal.testing.config.settings import TestSettings
from fakefal.testing.fixture import FakeFal

_WEBHOOK_WAIT_SECONDS = 1.0

_HEADINGS = {
    "unused": "exchanges were not used",
    "uncollected": "results were paid for and not fetched",
    "undelivered": "webhooks were not delivered",
    "refused": "webhooks were blocked: their target is neither local nor allowed",
}


class FakefalWarning(UserWarning):
    """A finding whose rule is ``warn``, such as a webhook that no receiver accepted."""


@dataclass
class TestFindings:
    """Texts of errors and warnings, and the exceptions that callback functions raised."""

    __test__ = False  # pytest collects classes whose names begin with Test

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    callback_errors: list[BaseException] = field(default_factory=list)

    def add(self, severity: str, text: str) -> None:
        """File a text by severity: ``error``, ``warn``; anything else is dropped."""
        if severity == "error":
            self.errors.append(text)
        elif severity == "warn":
            self.warnings.append(text)


def collect_findings(
    fake: FakeFal, settings: TestSettings, escapes: str, *, has_failed: bool
) -> TestFindings:
    """Run the checks of a test's end; after a failure only escapes and callback errors count."""
    findings = TestFindings(callback_errors=list(fake.callback_errors.errors))
    if escapes:
        findings.errors.append(escapes)
    if has_failed:
        return findings
    findings.errors += fake.end_of_test.without_reply()
    names = [name for name in _HEADINGS if settings.severity(name) != "ignore"]
    checks = fake.end_of_test

    def run_checks() -> tuple[int, dict[str, list[str]] | None]:
        """Run in the server's thread, in one call; None if webhooks must be waited for first."""
        miss_count = fake.controls.miss_count()
        if fake.controls.tenant.has_webhooks:
            return miss_count, None
        return miss_count, {name: getattr(checks, name)() for name in names}

    miss_count, lines = fake.server.call(run_checks)
    if lines is None:
        with suppress(FakefalError):  # what is still being sent is reported as undelivered
            fake.webhooks.wait_idle(timeout=_WEBHOOK_WAIT_SECONDS)
        lines = {name: getattr(checks, name)() for name in names}
    if miss_count and settings.severity("misses") != "ignore" and not fake.is_recording:
        try:
            fake.assert_no_misses()
        except UnmatchedCalls as error:
            text = str(error)
            if fake.recording is not None:
                text = fake.recording.explain_misses(text)
            findings.add(settings.severity("misses"), text)
    for name in names:
        if lines[name]:
            text = "\n".join((f"{_HEADINGS[name]}:", *(f"  {line}" for line in lines[name])))
            findings.add(settings.severity(name), text)
    return findings
