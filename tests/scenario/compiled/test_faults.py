"""Sequences of faults, and errors whose text depends on the endpoint."""

from __future__ import annotations

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import Fault
from fakefal.scenario.compiled.faults import HEALTHY, CompiledFault, FaultSequence

RESET, HANG = CompiledFault(Fault("reset")), CompiledFault(Fault("hang"))


def test_the_tail_follows_after_the_last_fault() -> None:
    sequence = FaultSequence((RESET, HANG))
    assert [sequence.at(number) for number in range(4)] == [RESET, HANG, HEALTHY, HEALTHY]
    sequence = FaultSequence((RESET,), HANG)
    assert [sequence.at(number) for number in range(3)] == [RESET, HANG, HANG]


def test_an_outcome_may_depend_on_the_endpoint() -> None:
    def outcome_for(endpoint: EndpointId | None) -> Outcome:
        return failed_outcome(404, {"detail": "" if endpoint is None else endpoint.app})

    fault = CompiledFault(Fault("unknown"), outcome_for).bind(parse_endpoint("me/mine"))
    assert fault is not None
    assert fault.outcome is not None
    assert fault.outcome.body == {"detail": "me/mine"}
    assert CompiledFault(Fault("unknown"), outcome_for) == CompiledFault(Fault("unknown"))


def test_no_fault_stays_none() -> None:
    assert HEALTHY.bind(None) is None
    assert RESET.bind(None) == Fault("reset")
