"""Tables of cases in one test: every case is checked, and all failures are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def failures(check: Callable[..., object], cases: Iterable[Any]) -> list[str]:
    """The cases that fail, each with its error; a tuple is passed as several arguments."""
    failed = []
    for case in cases:
        arguments = case if isinstance(case, tuple) else (case,)
        try:
            check(*arguments)
        except (Exception, pytest.fail.Exception) as error:
            failed.append(f"{str(arguments)[:200]}: {type(error).__name__}: {error}"[:1_000])
    return failed
