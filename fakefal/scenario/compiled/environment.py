"""The compiled scenario-wide state: accounts, apps, unreachable hosts, faults, chaos."""

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
    """The state of a key's account.

    After ``accepted_calls`` its calls are rejected with ``rejection``; None rejects none.
    ``concurrency`` is the number of calls that may run at the same time.
    """

    rejection: ErrorSpec | None = None
    accepted_calls: int = 0
    reads_allowed: bool = True
    concurrency: float = math.inf


@dataclass(frozen=True, slots=True)
class App:
    """How the platform runs an app: its runners, its queue, its limits."""

    is_removed: bool = False
    runners: float = math.inf
    foreign_queue_length: int = 0
    """Requests of other users that wait in its queue."""
    request_seconds: float = math.inf
    cancel: CancelMode | None = None
    realtime: RealtimeApp | None = None
    price: tuple[float, str] | None = None
    """US dollars, and the unit they pay for."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """Random faults.

    They derive from the seed and the request, so another order of requests changes nothing.
    """

    rate: float
    seed: int
    faults: tuple[CompiledFault, ...]
    operations: frozenset[Operation]

    def draw(self, operation: Operation, subject: str, number: int) -> CompiledFault | None:
        """The fault of the ``number``-th request of an operation on a subject, such as a job."""
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
    """``accounts`` and ``apps`` are globs in order; the first that matches applies.

    ``down_hosts`` are host groups.
    """

    accounts: Sequence[tuple[str, Account]] = ()
    apps: Sequence[tuple[str, App]] = ()
    down_hosts: frozenset[str] = frozenset()
    faults: FaultsByOperation = field(default_factory=dict)
    chaos: Chaos | None = None

    def account_of(self, key: str) -> Account:
        """The first account whose glob matches the key."""
        return next(
            (account for name, account in self.accounts if matches_glob(name, key)), DEFAULT_ACCOUNT
        )

    def app_of(self, endpoint: EndpointId) -> App:
        """The first app whose glob matches the endpoint id or the app's part of it."""
        for pattern, app in self.apps:
            if matches_glob(pattern, endpoint.app) or matches_glob(pattern, endpoint.text):
                return app
        return DEFAULT_APP


@lru_cache(maxsize=1024)
def matches_glob(pattern: str, text: str) -> bool:
    """``*`` matches any text, ``?`` one character that is not a slash."""
    # Not at the top: most servers have neither accounts nor apps with patterns.
    from fakefal.scenario.matching.globs import Glob

    return Glob(pattern).matches(text)
