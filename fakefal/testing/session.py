"""A fake for code without pytest: ``with running_fake() as fake:``."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

from fakefal.errors import hide_frame
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.factory import Factory
from fakefal.testing.fixture import FakeFal

__tracebackhide__ = hide_frame


class running_factory(AbstractContextManager[Factory]):
    """A server in its own thread, and a factory of fakes on it.

    A class, because a generator that is left open is closed at interpreter exit, and would then
    wait forever for the server's daemon thread, which no longer runs.
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
    """The ``fakefal`` fixture as a context manager.

    ``with running_fake("x.yaml", clock="manual") as fake:`` takes the arguments of the marker. The
    block redirects this process; its end runs the same checks as the end of a test.
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
