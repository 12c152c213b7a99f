"""Lets the recorder reach the real fal from a process whose connections to fal are redirected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_BYPASSED: ContextVar[bool] = ContextVar("fakefal_outward", default=False)


@contextmanager
def bypass_redirect() -> Iterator[None]:
    """Connections opened inside the block are not redirected.

    A context variable, so that tasks started in the block inherit it.
    """
    token = _BYPASSED.set(True)
    try:
        yield
    finally:
        _BYPASSED.reset(token)


def is_redirect_bypassed() -> bool:
    """Whether the current task runs inside ``bypass_redirect``."""
    return _BYPASSED.get()
