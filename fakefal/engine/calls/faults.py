"""What goes wrong with which request of a tenant: whose turn it is."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.hosts import host_group
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.protocol.errors.fault import CALL_OPERATIONS, Cut, Fault, Operation
from fakefal.scenario.compiled.environment import Account, CompiledEnvironment

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import FaultSequence

READ_OPERATIONS = frozenset(("status", "status_stream", "result", "cancel"))
"""Operations on a request that is already there."""

_HOST_DOWN = Fault("host down", is_performed=False, cut=Cut("reset", "before"))


class FaultInjector:
    """Counts the requests of a tenant, and says what each meets.

    In this order: the account, the app, the faults of every request, the faults of the reply,
    chaos. At most ``bound`` turns are remembered; those unused for longest begin anew.
    """

    def __init__(
        self, environment: CompiledEnvironment | None, key: str, max_counts: int = 10_000
    ) -> None:
        self.accepted_calls = 0
        self._max_counts = max_counts
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self.set_environment(environment, key)

    def set_environment(self, environment: CompiledEnvironment | None, key: str) -> None:
        """Take over another world; what was counted stays counted."""
        self.environment = environment
        self.account = Account() if environment is None else environment.account_of(key)

    def host_fault(self, host: str) -> Fault | None:
        """The trouble of a request to a host that is down; of its names, the backup is another."""
        environment = self.environment
        return (
            _HOST_DOWN
            if environment is not None and host_group(host) in environment.down_hosts
            else None
        )

    def next_fault(
        self, operation: Operation, endpoint: EndpointId | None = None, subject: str = ""
    ) -> Fault | None:
        """What a request meets, whichever exchange answers it; the request counts.

        ``subject`` is the request id that it is about, or will have.
        """
        environment = self.environment
        if environment is None:
            return None
        if (access_fault := self._access_fault(environment, operation, endpoint)) is not None:
            return access_fault
        sequence = environment.faults.get(operation)
        if sequence is not None:
            fault = self.next_in_sequence(sequence, endpoint, operation)
            if fault is not None:
                return fault
        if environment.chaos is not None:
            number = self._count("chaos", operation, subject)
            chaos_fault = environment.chaos.draw(operation, subject, number)
            if chaos_fault is not None:
                return chaos_fault.bind(endpoint)
        return None

    def next_in_sequence(
        self, sequence: FaultSequence, endpoint: EndpointId | None, *owner: object
    ) -> Fault | None:
        """The next of some faults; each owner (a reply, a job) has its own turns."""
        return sequence.at(self._count(*owner)).bind(endpoint)

    def reset_part(self, part: str, name: str = "") -> None:
        """Start over with a part that is set again: with the calls that an account accepts before
        it is locked, or with the faults of every request of an operation."""
        if part in ("account", "accounts"):
            self.accepted_calls = 0
        elif part == "faults":
            self._counts.pop((name,), None)

    def _count(self, *owner: object) -> int:
        number = self._counts.pop(owner, 0)
        self._counts[owner] = number + 1
        if len(self._counts) > self._max_counts:
            self._counts.popitem(last=False)
        return number

    def _access_fault(
        self, environment: CompiledEnvironment, operation: Operation, endpoint: EndpointId | None
    ) -> Fault | None:
        account = self.account
        is_read = operation in READ_OPERATIONS and account.reads_allowed
        is_locked = account.rejection is not None and self.accepted_calls >= account.accepted_calls
        if is_locked and not is_read and operation != "download":
            assert account.rejection is not None
            return _rejection(account.rejection, endpoint)
        is_call = operation in CALL_OPERATIONS or operation == "connect"
        if (
            is_call
            and endpoint is not None
            and environment.apps
            and environment.app_of(endpoint).is_removed
        ):
            return _rejection(CATALOG["unknown_app"], endpoint)
        return None


def _rejection(spec: ErrorSpec, endpoint: EndpointId | None) -> Fault:
    app, path = ("", "") if endpoint is None else (endpoint.app, f"/{endpoint.path}")
    return Fault(
        spec.name.replace("_", "-"),
        outcome=outcome_of(spec, app=app, path=path),
        is_performed=False,
    )
