"""What the journal says of an answer that something happens to."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import CALL_OPERATIONS, OPERATIONS, Cut, Fault, FaultAbort


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Fault("ok"), 200),
        (Fault("502", outcome=failed_outcome(502, {})), 502),
        (Fault("418", status=418), 418),
        (Fault("reset", cut=Cut("reset", "before")), 0),
        (Fault("cut", cut=Cut("reset", "body")), 200),
        (Fault("garbage", raw_response=b"x"), 0),
    ],
)
def test_the_code_is_what_the_caller_sees(trouble: Fault, code: int) -> None:
    assert trouble.journal_status == code


def test_calls_are_begun_by_operations() -> None:
    assert set(OPERATIONS) > CALL_OPERATIONS


def test_who_is_not_served_gets_the_trouble_alone() -> None:
    trouble = Fault("reset", is_performed=False)
    interrupted = FaultAbort(trouble, "id-1")
    assert (interrupted.fault, interrupted.request_id) == (trouble, "id-1")
    assert str(interrupted) == "reset"
