"""What is looked at when a test ends."""

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
    "refused": "webhooks went nowhere: their target is neither local nor allowed",
}


class FakefalWarning(UserWarning):
    """What a test left undone."""


@dataclass
class TestFindings:
    """What a test left undone: texts of errors and of warnings, and what its functions raised."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    callback_errors: list[BaseException] = field(default_factory=list)

    def add(self, severity: str, text: str) -> None:
        """Take a finding for what the rule makes of it."""
        if severity == "error":
            self.errors.append(text)
        elif severity == "warn":
            self.warnings.append(text)


def collect_findings(
    fake: FakeFal, settings: TestSettings, escapes: str, *, has_failed: bool
) -> TestFindings:
    """All that is to be said when a test ends; of one that has failed already only the grave."""
    findings = TestFindings(callback_errors=list(fake.callback_errors.errors))
    if escapes:
        findings.errors.append(escapes)
    if has_failed:
        return findings
    names = [name for name in _HEADINGS if settings.severity(name) != "ignore"]
    checks = fake.end_of_test

    def run_checks() -> tuple[int, dict[str, list[str]] | None]:
        """All in one visit to the server's thread; None if webhooks are to be waited for."""
        miss_count = fake.controls.miss_count()
        if fake.controls.tenant.has_webhooks:
            return miss_count, None
        return miss_count, {name: getattr(checks, name)() for name in names}

    miss_count, lines = fake.server.call(run_checks)
    if lines is None:
        with suppress(FakefalError):  # what is still on its way is told as undelivered
            fake.webhooks.wait_idle(timeout=_WEBHOOK_WAIT_SECONDS)
        lines = {name: getattr(checks, name)() for name in names}
    if miss_count and settings.severity("misses") != "ignore" and not fake.is_recording:
        try:
            fake.assert_no_misses()
        except UnmatchedCalls as error:
            text = (
                str(error) if fake.recording is None else fake.recording.explain_misses(str(error))
            )
            findings.add(settings.severity("misses"), text)
    for name in names:
        if lines[name]:
            text = "\n".join((f"{_HEADINGS[name]}:", *(f"  {line}" for line in lines[name])))
            findings.add(settings.severity(name), text)
    return findings
