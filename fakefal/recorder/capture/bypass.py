"""Marks what is said to upstream, so that who redirects connections to fal lets it through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_OUTWARD: ContextVar[bool] = ContextVar("fakefal_outward", default=False)


@contextmanager
def outward() -> Iterator[None]:
    """What is begun in the block goes to upstream, tasks and connections that it makes too."""
    token = _OUTWARD.set(True)
    try:
        yield
    finally:
        _OUTWARD.reset(token)


def is_outward() -> bool:
    """Whether the present caller speaks to upstream."""
    return _OUTWARD.get()
