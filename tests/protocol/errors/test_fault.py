"""Faults: the status for the journal, and aborts."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import CALL_OPERATIONS, OPERATIONS, Cut, Fault, FaultAbort


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("ok"), 200),
        (Fault("502", outcome=failed_outcome(502, {})), 502),
        (Fault("418", status=418), 418),
        (Fault("reset", cut=Cut("reset", "before")), 0),
        (Fault("cut", cut=Cut("reset", "body")), 200),
        (Fault("garbage", raw_response=b"x"), 0),
    ],
)
def test_the_journal_status_is_what_the_caller_gets(fault: Fault, code: int) -> None:
    assert fault.journal_status == code


def test_call_operations_are_operations() -> None:
    assert set(OPERATIONS) > CALL_OPERATIONS


def test_an_abort_carries_the_fault_and_the_request_id() -> None:
    fault = Fault("reset", is_performed=False)
    abort = FaultAbort(fault, "id-1")
    assert (abort.fault, abort.request_id) == (fault, "id-1")
    assert str(abort) == "reset"
