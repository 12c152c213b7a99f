"""What is looked at when a test ends."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from fakefal.errors import FakefalError, MissesFound
from fakefal.testing.config.settings import Told
from fakefal.testing.fixture import Fake

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
    names = [name for name in _HEADS if told.rule(name) != "ignore"]
    leftovers = fake.leftovers

    def look() -> tuple[int, dict[str, list[str]] | None]:
        """All in one visit to the server's thread; None if webhooks are to be waited for."""
        missed = fake.controls.missed()
        if fake.controls.tenant.has_webhooks:
            return missed, None
        return missed, {name: getattr(leftovers, name)() for name in names}

    missed, lines = fake.server.call(look)
    if lines is None:
        with suppress(FakefalError):  # what is still on its way is told as undelivered
            fake.webhooks.settle(patience=_SETTLE_SECONDS)
        lines = {name: getattr(leftovers, name)() for name in names}
    if missed and told.rule("misses") != "ignore" and not fake.is_recording:
        try:
            fake.assert_no_misses()
        except MissesFound as error:
            text = str(error) if fake.tape is None else fake.tape.told_of_misses(str(error))
            found.add(told.rule("misses"), text)
    for name in names:
        if lines[name]:
            text = "\n".join((f"{_HEADS[name]}:", *(f"  {line}" for line in lines[name])))
            found.add(told.rule(name), text)
    return found
