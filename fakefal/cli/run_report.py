"""The report of a run, collected from the server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fakefal._version import __version__
from fakefal.engine.core.journal import JournalEntry, Miss
from fakefal.engine.engine import Engine
from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.guard.escapes import Escape

_MAX_ENTRIES = 10_000


@dataclass(slots=True)
class BlockedHost:
    """A host other than fal's that the proxy blocked, and how often."""

    target: str
    count: int = 1

    def body(self) -> dict[str, Any]:
        """JSON for the report file."""
        return {"target": self.target, "count": self.count}


@dataclass(slots=True)
class RunReport:
    """The report of a run. ``code`` is the exit code of ``fakefal run``, ``command_code`` the
    command's.

    ``calls`` are counted by transport. ``used`` and ``unused`` are the label and location of each
    exchange. ``guard`` describes how each kind of program was kept from the real fal.
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
    unsent_webhooks: list[str] = field(default_factory=list)
    blocked_hosts: list[BlockedHost] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)
    guard: dict[str, str] = field(default_factory=dict)
    refused_by_limits: dict[str, int] = field(default_factory=dict)
    running_processes: tuple[str, ...] = ()
    seconds: float = 0.0

    def on_journal_entry(self, entry: JournalEntry) -> None:
        """Count an entry of any tenant's journal."""
        if entry.kind == "call":
            via = entry.call.via if entry.call is not None else ""
            self.calls[via] += 1
            if len(self.journal) < _MAX_ENTRIES:
                self.journal.append(_call_body(entry))
        if entry.miss is not None and len(self.misses) < _MAX_ENTRIES:
            self.misses.append(entry.miss)

    def collect(self, engine: Engine) -> None:
        """Add what is known at the end of the run; call it in the event loop's thread."""
        used_exchanges = {
            exchange for tenant in engine.tenants for exchange in tenant.resolver.use_counts
        }
        for exchange in engine.base_index.exchanges:
            group = self.used if exchange in used_exchanges else self.unused
            group.append((exchange.label, exchange.location))
        self.refused_by_limits = dict(sorted(engine.bounds.refused.items()))
        for tenant in engine.tenants:
            if tenant.has_webhooks:
                self.webhooks.extend(WebhookControls(tenant.webhooks).deliveries())

    @property
    def total(self) -> int:
        """The number of calls."""
        return sum(self.calls.values())

    def body(self) -> dict[str, Any]:
        """JSON for the report file, without API keys."""
        return {
            "fakefal": __version__,
            "command": list(self.command),
            "exit_code": self.code,
            "command_exit_code": self.command_code,
            "seconds": round(self.seconds, 3),
            "calls": {"total": self.total, "by": dict(self.calls), "list": self.journal},
            "misses": [
                {
                    **miss.describe(),
                    "text": str(miss),
                    "nearest": [str(near_miss) for near_miss in miss.nearest],
                }
                for miss in self.misses
            ],
            "unused": [
                {"exchange": label.strip('"'), "location": location}
                for label, location in self.unused
            ],
            "webhooks": self.webhooks,
            "refused_by_limits": self.refused_by_limits,
            "refused": [host.body() for host in self.blocked_hosts],
            "escapes": [escape.body() for escape in self.escapes],
            "guard": self.guard,
        }


def _call_body(entry: JournalEntry) -> dict[str, Any]:
    body = entry.body()
    body.pop("headers", None)
    body.pop("number", None)
    body.pop("kind", None)
    return body
