"""Compiled faults, and the sequences in which the requests of an operation get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.fault import Fault, Operation


@dataclass(frozen=True, slots=True)
class CompiledFault:
    """A fault, or none (``HEALTHY``).

    ``outcome_for`` is set for an error whose text contains the app or the path that was called. It
    takes no part in comparisons: it follows from ``fault``, and two closures are never equal.
    """

    fault: Fault | None
    outcome_for: Callable[[EndpointId | None], Outcome] | None = field(default=None, compare=False)

    def bind(self, endpoint: EndpointId | None) -> Fault | None:
        """The fault of a request to an endpoint, with the endpoint in the error's text."""
        if self.outcome_for is None or self.fault is None:
            return self.fault
        return replace(self.fault, outcome=self.outcome_for(endpoint))


HEALTHY = CompiledFault(None)


@dataclass(frozen=True, slots=True)
class FaultSequence:
    """Faults in the order of requests; every request after the last one gets ``tail``."""

    faults: tuple[CompiledFault, ...]
    tail: CompiledFault = HEALTHY

    def at(self, number: int) -> CompiledFault:
        """The fault of the request that comes after ``number`` others."""
        return self.faults[number] if number < len(self.faults) else self.tail


FaultsByOperation = dict[Operation, FaultSequence]
