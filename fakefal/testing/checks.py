"""What is looked at when a test ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from fakefal.errors import FakefalError, MissesFound
from fakefal.testing.fixture import Fake
from fakefal.testing.settings import Told

_SETTLE_SECONDS = 1.0

_HEADS = {
    "unused": "exchanges were not used",
    "uncollected": "results were paid for and not fetched",
    "undelivered": "webhooks were not delivered",
    "refused": "webhooks went nowhere: their target is neither local nor allowed",
}


class FakefalWarning(UserWarning):
    """What a test left undone."""


@dataclass
class Findings:
    """What a test left undone: texts of errors and of warnings, and what its functions raised."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    raised: list[BaseException] = field(default_factory=list)

    def add(self, rule: str, text: str) -> None:
        """Take a finding for what the rule makes of it."""
        if rule == "error":
            self.errors.append(text)
        elif rule == "warn":
            self.warnings.append(text)


def findings_of(fake: Fake, told: Told, escapes: str, *, has_failed: bool) -> Findings:
    """All that is to be said when a test ends; of one that has failed already only the grave."""
    found = Findings(raised=list(fake.blame.errors))
    if escapes:
        found.errors.append(escapes)
    if has_failed:
        return found
    if told.rule("misses") != "ignore":
        try:
            fake.assert_no_misses()
        except MissesFound as error:
            found.add(told.rule("misses"), str(error))
    leftovers = fake.leftovers
    if told.rule("undelivered") != "ignore" or told.rule("uncollected") != "ignore":
        _settle(fake)
    for name, head in _HEADS.items():
        rule = told.rule(name)
        lines = getattr(leftovers, name)() if rule != "ignore" else []
        if lines:
            found.add(rule, "\n".join((f"{head}:", *(f"  {line}" for line in lines))))
    return found


def _settle(fake: Fake) -> None:
    """Let webhooks that are on their way arrive."""
    if fake.server.call(lambda: fake.controls.tenant.has_webhooks):
        try:
            fake.webhooks.settle(patience=_SETTLE_SECONDS)
        except FakefalError:
            return  # what is still on its way is told as undelivered
