"""What the journal says of an answer that something happens to."""

from __future__ import annotations

import pytest

from fakefal.protocol.errors import failure
from fakefal.protocol.trouble import CALL_OPERATIONS, OPERATIONS, Cut, Trouble


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
