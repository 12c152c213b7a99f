"""A fake for programs without pytest: started, redirected to, checked and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.factory import Factory
from fakefal.testing.fixture import Fake


@contextmanager
def serving() -> Iterator[Factory]:
    """A server in a thread of its own, and what makes fakes on it."""
    server = ThreadedFakeFal(FakeFal(unmatched="fail", clock="instant", keep_alive=False))
    server.start()
    factory = Factory(server)
    try:
        yield factory
    finally:
        factory.close()
        server.stop()


@contextmanager
def faking(*scenarios: Any, **values: Any) -> Iterator[Fake]:
    """What the fixture ``fakefal`` is to tests, for any code: the fake of the block.

    ``with faking("x.yaml", clock="manual") as fake:`` takes what the marker takes. What this
    process says to fal reaches it, and at the end it raises and warns of what was left undone.
    """
    with serving() as factory, factory(*scenarios, **values) as fake:
        yield fake
