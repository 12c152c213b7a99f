"""What a run came to: collected from the fake while it is still there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fakefal._version import __version__
from fakefal.engine.core.journal import Entry, Miss
from fakefal.engine.engine import Engine
from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.guard.escapes import Escape

_MOST = 10_000


@dataclass(slots=True)
class Refusal:
    """A host that is not fal's and was not let through, and how often it was asked for."""

    target: str
    count: int = 1

    def body(self) -> dict[str, Any]:
        """The refusal as JSON."""
        return {"target": self.target, "count": self.count}


@dataclass(slots=True)
class Outcome:
    """What a run came to. ``code`` is that of ``fakefal run``, ``command_code`` the command's.

    ``calls`` are by the way they came. ``unused`` are exchanges that answered nothing, each with
    the place where it is written. ``guard`` says what of the command was kept from the real fal.
    """

    command: tuple[str, ...]
    code: int = 0
    command_code: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    journal: list[dict[str, Any]] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    unused: list[tuple[str, str]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)
    guard: dict[str, str] = field(default_factory=dict)
    left: bool = False
    seconds: float = 0.0

    def note(self, entry: Entry) -> None:
        """Count a line of any tenant's journal."""
        if entry.kind == "call":
            via = entry.call.via if entry.call is not None else ""
            self.calls[via] += 1
            if len(self.journal) < _MOST:
                self.journal.append(_call(entry))
        if entry.miss is not None and len(self.misses) < _MOST:
            self.misses.append(entry.miss)

    def collect(self, engine: Engine) -> None:
        """Note what is known at the end alone; call it in the loop's thread."""
        answered = {entry for tenant in engine.tenants for entry in tenant.answering.used}
        for entry in engine.base.entries:
            which = self.used if entry in answered else self.unused
            which.append((entry.label, entry.place))
        for tenant in engine.tenants:
            if tenant.has_webhooks:
                self.webhooks.extend(WebhookControls(tenant).told())

    @property
    def total(self) -> int:
        """How many calls came."""
        return sum(self.calls.values())

    def body(self) -> dict[str, Any]:
        """The whole as JSON; keys of fal's are not in it."""
        return {
            "fakefal": __version__,
            "command": list(self.command),
            "exit_code": self.code,
            "command_exit_code": self.command_code,
            "seconds": round(self.seconds, 3),
            "calls": {"total": self.total, "by": dict(self.calls), "list": self.journal},
            "misses": [
                {
                    "endpoint": miss.call.endpoint.text,
                    "via": miss.call.via,
                    "input": miss.call.input,
                    "text": str(miss),
                    "nearest": [str(near) for near in miss.nearest],
                }
                for miss in self.misses
            ],
            "unused": [
                {"exchange": label.strip('"'), "place": place} for label, place in self.unused
            ],
            "webhooks": self.webhooks,
            "refused": [it.body() for it in self.refused],
            "escapes": [it.body() for it in self.escapes],
            "guard": self.guard,
        }


def _call(entry: Entry) -> dict[str, Any]:
    found = entry.body()
    found.pop("headers", None)
    found.pop("number", None)
    found.pop("kind", None)
    return found
