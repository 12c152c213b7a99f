"""A fake for programs without pytest: started, redirected to, checked and stopped."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.factory import Factory
from fakefal.testing.fixture import FakeFal


class running_factory(AbstractContextManager[Factory]):
    """A server in a thread of its own, and what makes fakes on it.

    No generator: one that was left open would be closed when the interpreter ends, and wait then
    for a thread that is no more.
    """

    def __init__(self) -> None:
        self._server = ThreadedServer(
            FakeFalServer(unmatched="fail", clock="instant", keep_alive=False)
        )
        self._factory = Factory(self._server)

    def __enter__(self) -> Factory:
        self._server.start()
        return self._factory

    def __exit__(self, *_: object) -> None:
        try:
            self._factory.close()
        finally:
            self._server.stop()


class running_fake(AbstractContextManager[FakeFal]):
    """What the fixture ``fakefal`` is to tests, for any code: the fake of the block.

    ``with faking("x.yaml", clock="manual") as fake:`` takes what the marker takes. What this
    process says to fal reaches it, and at the end it raises and warns of what was left undone.
    """

    def __init__(self, *scenarios: Any, **values: Any) -> None:
        self._scenarios = scenarios
        self._values = values
        self._stack = ExitStack()

    def __enter__(self) -> FakeFal:
        with ExitStack() as stack:
            factory = stack.enter_context(running_factory())
            fake = stack.enter_context(factory(*self._scenarios, **self._values))
            self._stack = stack.pop_all()
        return fake

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
