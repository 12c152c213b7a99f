"""Decides which fault, if any, is injected into a request."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.hosts import host_group
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.protocol.errors.fault import CALL_OPERATIONS, Cut, Fault, Operation
from fakefal.scenario.compiled.environment import DEFAULT_APP, Account, App, CompiledEnvironment

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import FaultSequence

READ_OPERATIONS = frozenset(("status", "status_stream", "result", "cancel"))
"""Operations on an existing request."""

_HOST_DOWN = Fault("host down", is_performed=False, cut=Cut("reset", "before"))


class FaultCarrier(Protocol):
    """What takes the fault of a response to the one place that performs it: the request."""

    fault: Fault | None


class FaultInjector:
    """Selects the fault of each request of a tenant, by counting the requests.

    The first of these that has one decides: account, app, faults of all requests, faults of the
    reply, chaos. At most ``max_counts`` counters are kept; the least recently used restart at 0.
    """

    def __init__(
        self, environment: CompiledEnvironment | None, key: str, max_counts: int = 10_000
    ) -> None:
        self.accepted_calls = 0
        self._max_counts = max_counts
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self.set_environment(environment, key)

    def set_environment(self, environment: CompiledEnvironment | None, key: str) -> None:
        """Replace accounts, apps and faults; the counters stay."""
        self.environment = environment
        self.account = Account() if environment is None else environment.account_of(key)

    def app_of(self, endpoint: EndpointId) -> App:
        """The settings of an endpoint's app; ``DEFAULT_APP`` if none are scripted."""
        environment = self.environment
        if environment is None or not environment.apps:
            return DEFAULT_APP
        return environment.app_of(endpoint)

    def limits_runners(self, app: App) -> bool:
        """Whether jobs of an app wait for a runner."""
        return app.runners < math.inf or self.account.concurrency < math.inf

    def host_fault(self, host: str) -> Fault | None:
        """The fault of a request to a host that is down, else None.

        A backup domain is another host (docs/reference/protocol.md#backup-domains).
        """
        environment = self.environment
        is_down = environment is not None and host_group(host) in environment.down_hosts
        return _HOST_DOWN if is_down else None

    def next_fault(
        self, operation: Operation, endpoint: EndpointId | None = None, subject: str = ""
    ) -> Fault | None:
        """The fault of a request that does not depend on the exchange. Counts the request.

        ``subject`` is the id of the request that it is about, or that it gets.
        """
        environment = self.environment
        if environment is None:
            return None
        if (access_fault := self._access_fault(operation, endpoint)) is not None:
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
        """The next fault of a sequence; each ``owner`` (a reply, a job) has its own counter."""
        return sequence.at(self._count(*owner)).bind(endpoint)

    def reset_part(self, part: str, name: str = "") -> None:
        """Reset the counter of a part of the environment that was set again.

        ``account`` and ``accounts``: the calls accepted before it is locked; ``faults``: those of
        the operation ``name``.
        """
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

    def _access_fault(self, operation: Operation, endpoint: EndpointId | None) -> Fault | None:
        """The rejection of a locked account or of a removed app, in this order."""
        account = self.account
        is_read = operation in (*READ_OPERATIONS, "platform") and account.reads_allowed
        is_locked = account.rejection is not None and self.accepted_calls >= account.accepted_calls
        if is_locked and not is_read and operation != "download":
            assert account.rejection is not None
            return _rejection(account.rejection, endpoint)
        is_call = operation in CALL_OPERATIONS or operation == "connect"
        if is_call and endpoint is not None and self.app_of(endpoint).is_removed:
            return _rejection(CATALOG["unknown_app"], endpoint)
        return None


def _rejection(spec: ErrorSpec, endpoint: EndpointId | None) -> Fault:
    app, path = ("", "") if endpoint is None else (endpoint.app, f"/{endpoint.path}")
    return Fault(
        spec.name.replace("_", "-"),
        outcome=outcome_of(spec, app=app, path=path),
        is_performed=False,
    )
