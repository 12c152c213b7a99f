"""The time that the expressions of all exchanges together may take for one call."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter  # noqa: TID251 (of searches, never of replies)
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import regex

CALL_SECONDS: Final = 0.05
"""What all searches for one call may take. Meanwhile the server answers nobody else."""

_spent: ContextVar[list[float] | None] = ContextVar("seconds_spent", default=None)


class CallBudget:
    """A context in which all searches share ``CALL_SECONDS``."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _spent.set([0.0])

    def __exit__(self, *_: object) -> None:
        _spent.reset(self._token)


def search(expression: regex.Pattern[str], text: str, seconds: float) -> bool:
    """Whether an expression is found within ``seconds`` and the rest of the call's budget.

    Raises TimeoutError.
    """
    spent = _spent.get()
    if spent is None:
        return expression.search(text, timeout=seconds) is not None
    left = min(seconds, CALL_SECONDS - spent[0])
    if left <= 0:
        raise TimeoutError
    started_at = perf_counter()
    try:
        return expression.search(text, timeout=left) is not None
    finally:
        spent[0] += perf_counter() - started_at
