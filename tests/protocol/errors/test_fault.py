"""What the journal says of an answer that something happens to."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import failure
from fakefal.protocol.errors.fault import CALL_OPERATIONS, OPERATIONS, Cut, Interrupted, Trouble


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble("ok"), 200),
        (Trouble("502", refusal=failure(502, {})), 502),
        (Trouble("418", status=418), 418),
        (Trouble("reset", cut=Cut("reset", "before")), 0),
        (Trouble("cut", cut=Cut("reset", "body")), 200),
        (Trouble("garbage", raw=b"x"), 0),
    ],
)
def test_the_code_is_what_the_caller_sees(trouble: Trouble, code: int) -> None:
    assert trouble.code == code


def test_calls_are_begun_by_operations() -> None:
    assert set(OPERATIONS) > CALL_OPERATIONS


def test_who_is_not_served_gets_the_trouble_alone() -> None:
    trouble = Trouble("reset", is_performed=False)
    interrupted = Interrupted(trouble, "id-1")
    assert (interrupted.trouble, interrupted.request_id) == (trouble, "id-1")
    assert str(interrupted) == "reset"
