"""Marks what is said to upstream, so that who redirects connections to fal lets it through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_BYPASSED: ContextVar[bool] = ContextVar("fakefal_outward", default=False)


@contextmanager
def bypass_redirect() -> Iterator[None]:
    """What is begun in the block goes to upstream, tasks and connections that it makes too."""
    token = _BYPASSED.set(True)
    try:
        yield
    finally:
        _BYPASSED.reset(token)


def is_redirect_bypassed() -> bool:
    """Whether the present caller speaks to upstream."""
    return _BYPASSED.get()
