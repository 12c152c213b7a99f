"""What goes wrong with which request of a tenant: whose turn it is."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.hosts import way_to
from fakefal.protocol.errors.catalog import CATALOGUE, outcome_of
from fakefal.protocol.errors.errors import ErrorEntry
from fakefal.protocol.errors.fault import CALL_OPERATIONS, Cut, Operation, Trouble
from fakefal.scenario.compiled.environment import Account, World

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import Turns

READS = frozenset(("status", "status_stream", "result", "cancel"))
"""Operations on a request that is already there."""

_UNREACHABLE = Trouble("host down", is_performed=False, cut=Cut("reset", "before"))


class Troubles:
    """Counts the requests of a tenant, and says what each meets.

    In this order: the account, the app, the faults of every request, the faults of the reply,
    chaos. At most ``bound`` turns are remembered; those unused for longest begin anew.
    """

    def __init__(self, world: World | None, key: str, bound: int = 10_000) -> None:
        self.accepted = 0
        self._bound = bound
        self._turns: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self.settle(world, key)

    def settle(self, world: World | None, key: str) -> None:
        """Take over another world; what was counted stays counted."""
        self.world = world
        self.account = Account() if world is None else world.account(key)

    def unreachable(self, name: str) -> Trouble | None:
        """The trouble of a request to a host that is down; of its names, the backup is another."""
        world = self.world
        return _UNREACHABLE if world is not None and way_to(name) in world.down else None

    def meet(
        self, operation: Operation, endpoint: EndpointId | None = None, subject: str = ""
    ) -> Trouble | None:
        """What a request meets, whichever exchange answers it; the request counts.

        ``subject`` is the request id that it is about, or will have.
        """
        world = self.world
        if world is None:
            return None
        if (refused := self._refused(world, operation, endpoint)) is not None:
            return refused
        turns = world.faults.get(operation)
        if turns is not None:
            trouble = self.turn(turns, endpoint, operation)
            if trouble is not None:
                return trouble
        if world.chaos is not None:
            number = self._count("chaos", operation, subject)
            struck = world.chaos.strike(operation, subject, number)
            if struck is not None:
                return struck.meet(endpoint)
        return None

    def turn(self, turns: Turns, endpoint: EndpointId | None, *owner: object) -> Trouble | None:
        """The next of some faults; each owner (a reply, a job) has its own turns."""
        return turns.at(self._count(*owner)).meet(endpoint)

    def begin_anew(self, part: str, name: str = "") -> None:
        """Start over with a part that is set again: with the calls that an account accepts before
        it is locked, or with the faults of every request of an operation."""
        if part in ("account", "accounts"):
            self.accepted = 0
        elif part == "faults":
            self._turns.pop((name,), None)

    def _count(self, *owner: object) -> int:
        number = self._turns.pop(owner, 0)
        self._turns[owner] = number + 1
        if len(self._turns) > self._bound:
            self._turns.popitem(last=False)
        return number

    def _refused(
        self, world: World, operation: Operation, endpoint: EndpointId | None
    ) -> Trouble | None:
        account = self.account
        is_read = operation in READS and account.reads_allowed
        is_locked = account.refusal is not None and self.accepted >= account.after
        if is_locked and not is_read and operation != "download":
            assert account.refusal is not None
            return _refusal(account.refusal, endpoint)
        is_call = operation in CALL_OPERATIONS or operation == "connect"
        if is_call and endpoint is not None and world.apps and world.app(endpoint).is_gone:
            return _refusal(CATALOGUE["unknown_app"], endpoint)
        return None


def _refusal(entry: ErrorEntry, endpoint: EndpointId | None) -> Trouble:
    app, path = ("", "") if endpoint is None else (endpoint.app, f"/{endpoint.path}")
    return Trouble(
        entry.name.replace("_", "-"),
        refusal=outcome_of(entry, app=app, path=path),
        is_performed=False,
    )
