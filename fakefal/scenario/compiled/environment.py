"""What holds beyond single exchanges, made ready: accounts, apps, hosts, faults, chaos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.protocol.errors.fault import Operation
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import CompiledFault, FaultsByOperation
    from fakefal.scenario.compiled.reply import CancelMode
    from fakefal.scenario.model.sockets import RealtimeApp


@dataclass(frozen=True, slots=True)
class Account:
    """How an account stands. ``refusal`` None refuses nothing; ``after`` calls are accepted."""

    rejection: ErrorSpec | None = None
    accepted_calls: int = 0
    reads_allowed: bool = True
    concurrency: float = math.inf


@dataclass(frozen=True, slots=True)
class App:
    """How an app is served."""

    is_removed: bool = False
    runners: float = math.inf
    foreign_queue_length: int = 0
    """Requests of others that wait in its queue."""
    request_seconds: float = math.inf
    cancel: CancelMode | None = None
    realtime: RealtimeApp | None = None
    price: tuple[float, str] | None = None
    """Dollars, and what they are for."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """Faults by chance, which follows from the seed and the request."""

    rate: float
    seed: int
    faults: tuple[CompiledFault, ...]
    operations: frozenset[Operation]

    def draw(self, operation: Operation, subject: str, number: int) -> CompiledFault | None:
        """The fault that a request meets, if any: the ``number``-th of its kind for a subject."""
        if operation not in self.operations:
            return None
        hash_bytes = digest("chaos", str(self.seed), operation, subject, str(number))
        if int.from_bytes(hash_bytes[:7], "big") >= self.rate * (1 << 56):
            return None
        return self.faults[int.from_bytes(hash_bytes[7:9], "big") % len(self.faults)]


DEFAULT_APP = App()
DEFAULT_ACCOUNT = Account()


@dataclass(frozen=True, slots=True)
class CompiledEnvironment:
    """All of it. ``accounts`` and ``apps`` are patterns in order, the first that fits counts."""

    accounts: Sequence[tuple[str, Account]] = ()
    apps: Sequence[tuple[str, App]] = ()
    down_hosts: frozenset[str] = frozenset()
    faults: FaultsByOperation = field(default_factory=dict)
    chaos: Chaos | None = None

    def account_of(self, key: str) -> Account:
        """How the account of a key stands."""
        return next(
            (account for name, account in self.accounts if matches_glob(name, key)), DEFAULT_ACCOUNT
        )

    def app_of(self, endpoint: EndpointId) -> App:
        """How an endpoint is served; a pattern may name it, or the app it belongs to."""
        for pattern, app in self.apps:
            if matches_glob(pattern, endpoint.app) or matches_glob(pattern, endpoint.text):
                return app
        return DEFAULT_APP


@lru_cache(maxsize=1024)
def matches_glob(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with ``*`` and ``?`` says."""
    from fakefal.scenario.matching.matchers import glob  # most servers have no patterns

    return glob(pattern).fullmatch(text) is not None
