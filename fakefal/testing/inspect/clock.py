"""``fakefal.clock``: the time of one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.next_event import step
from fakefal.errors import FakefalError, SettingError, hide_frame
from fakefal.scenario.values.durations import parse_duration
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.webhooks import wait_for_condition
from fakefal.testing.redirect.client_clock import ClientClock

__tracebackhide__ = hide_frame

_MAX_EVENTS = 100_000
_LOOP_YIELDS = 5
"""Tasks that an event has woken need a few turns of the loop until they wait again."""


class FreezeScope:
    """The block of ``with clock.freeze():``; its end resumes the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __enter__(self) -> FakeClock:
        return self._clock

    def __exit__(self, *_: object) -> None:
        self._clock.resume()


class FakeClock:
    """Reads and moves the time of one tenant."""

    def __init__(self, server: ThreadedServer, controls: Controls) -> None:
        self._server = server
        self._controls = controls
        self.client_clock = ClientClock(server, controls.tenant)

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return float(self._read()["now"])

    @property
    def iso(self) -> str:
        """The time in the format of log entries: ``2026-01-01T00:00:00.000000Z``."""
        return str(self._read()["iso"])

    @property
    def kind(self) -> str:
        """``instant``, ``manual``, ``real`` or ``scaled``."""
        return str(self._read()["kind"])

    def advance(self, duration: float | str) -> None:
        """Move time ahead by ``"90s"`` or seconds; raises SettingError for an invalid duration."""
        self._server.call(lambda: self._controls.advance(duration))

    def freeze(self) -> FreezeScope:
        """Stop any kind of clock: only ``advance`` and ``run_until`` move it.

        For the rest of the test, or for a block: ``with fakefal.clock.freeze(): …``.
        """
        self._server.call(lambda: self._controls.tenant.clock.freeze())
        return FreezeScope(self)

    def resume(self) -> None:
        """End ``freeze``: the clock continues from the time where it stands."""
        self._server.call(lambda: self._controls.tenant.clock.resume())

    def run_until(
        self, condition: Callable[[], Any], *, at_most: float | str = "30d", timeout: float = 10.0
    ) -> None:
        """Move time from event to event until a condition is met: ``run_until(job.completed)``.

        Events are steps of jobs, waits of responses and streams, and webhooks, which are sent on
        the way; ``timeout`` is how many real seconds a receiver may take. Raises FakefalError when
        no event is left, or the next one is later than ``at_most`` from now.
        """
        limit = self.now + _seconds(at_most)
        for _ in range(_MAX_EVENTS):
            self._server.run(_run_due(self._controls, timeout))
            if condition():
                return
            reason_blocked = self._server.call(lambda: step(self._controls.tenant, limit))
            if reason_blocked:
                raise FakefalError(f"condition not met: {condition!r}: {reason_blocked}")
        raise FakefalError(f"condition not met after {_MAX_EVENTS} events: {condition!r}")

    def patch_sleep(self, *modules: str) -> AbstractContextManager[None]:
        """Inside the block the sleeps of ``fal_client`` move this clock instead of waiting.

        ``modules`` names more modules whose ``time.sleep`` and ``asyncio.sleep`` are patched,
        with their submodules: ``patch_sleep("myapp")``. Raises FakefalError for a name that is no
        module.
        """
        from fakefal.testing.redirect.sleeps import check_modules

        check_modules(modules)
        return self._patch_sleep(modules)

    @contextmanager
    def _patch_sleep(self, modules: tuple[str, ...]) -> Iterator[None]:
        from fakefal.testing.redirect.sleeps import patch_sleeps

        self.client_clock.moves_manual += 1
        try:
            with patch_sleeps(("fal_client", "fal", *modules), self.advance):
                yield
        finally:
            self.client_clock.moves_manual -= 1

    def _read(self) -> dict[str, Any]:
        return self._server.call(self._controls.clock)


async def _run_due(controls: Controls, timeout: float) -> None:
    tenant = controls.tenant
    for _ in range(_LOOP_YIELDS):
        await tenant.clock.yield_to_loop()
    if tenant.has_webhooks:
        webhooks = tenant.webhooks
        await wait_for_condition(webhooks, lambda: not webhooks.is_due, timeout)


def _seconds(duration: float | str) -> float:
    try:
        return parse_duration(duration)
    except ValueError as error:
        raise SettingError(f"{error} — write 90s, 300ms, or a number of seconds") from None
