"""What holds beyond single exchanges, made ready: accounts, apps, hosts, faults, chaos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.errors import ErrorEntry
from fakefal.protocol.errors.fault import Operation
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import Faults, Turn
    from fakefal.scenario.compiled.reply import CancelAnswer
    from fakefal.scenario.model.sockets import RealtimeApp


@dataclass(frozen=True, slots=True)
class Account:
    """How an account stands. ``refusal`` None refuses nothing; ``after`` calls are accepted."""

    refusal: ErrorEntry | None = None
    after: int = 0
    reads_allowed: bool = True
    concurrency: float = math.inf


@dataclass(frozen=True, slots=True)
class App:
    """How an app is served."""

    is_gone: bool = False
    runners: float = math.inf
    strangers: int = 0
    """Requests of others that wait in its queue."""
    request_seconds: float = math.inf
    cancel: CancelAnswer | None = None
    realtime: RealtimeApp | None = None
    price: tuple[float, str] | None = None
    """Dollars, and what they are for."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """Faults by chance, which follows from the seed and the request."""

    rate: float
    seed: int
    turns: tuple[Turn, ...]
    operations: frozenset[Operation]

    def strike(self, operation: Operation, subject: str, number: int) -> Turn | None:
        """The fault that a request meets, if any: the ``number``-th of its kind for a subject."""
        if operation not in self.operations:
            return None
        drawn = digest("chaos", str(self.seed), operation, subject, str(number))
        if int.from_bytes(drawn[:7], "big") >= self.rate * (1 << 56):
            return None
        return self.turns[int.from_bytes(drawn[7:9], "big") % len(self.turns)]


USUAL_APP = App()
USUAL_ACCOUNT = Account()


@dataclass(frozen=True, slots=True)
class World:
    """All of it. ``accounts`` and ``apps`` are patterns in order, the first that fits counts."""

    accounts: Sequence[tuple[str, Account]] = ()
    apps: Sequence[tuple[str, App]] = ()
    down: frozenset[str] = frozenset()
    faults: Faults = field(default_factory=dict)
    chaos: Chaos | None = None

    def account(self, key: str) -> Account:
        """How the account of a key stands."""
        return next((it for name, it in self.accounts if fits(name, key)), USUAL_ACCOUNT)

    def app(self, endpoint: EndpointId) -> App:
        """How an endpoint is served; a pattern may name it, or the app it belongs to."""
        for pattern, app in self.apps:
            if fits(pattern, endpoint.app) or fits(pattern, endpoint.text):
                return app
        return USUAL_APP


@lru_cache(maxsize=1024)
def fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with ``*`` and ``?`` says."""
    from fakefal.scenario.matching.matchers import glob  # most servers have no patterns

    return glob(pattern).fullmatch(text) is not None
