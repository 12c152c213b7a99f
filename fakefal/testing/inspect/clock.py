"""``fakefal.clock``: the time of one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fakefal.engine.controls import Controls
from fakefal.engine.next_event import step
from fakefal.errors import FakefalError, SettingError
from fakefal.scenario.values.durations import parse_duration
from fakefal.testing.inspect.webhooks import wait_for_condition

if TYPE_CHECKING:
    from fakefal.testing.fixture import FakeFal

_MAX_EVENTS = 100_000
_LOOP_YIELDS = 5


class FreezeScope:
    """A clock that stands still; leaving the block makes it go on as before."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __enter__(self) -> FakeClock:
        return self._clock

    def __exit__(self, *_: object) -> None:
        self._clock.resume()


class FakeClock:
    """The clock of one test."""

    def __init__(self, fake: FakeFal) -> None:
        self._fake = fake

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return float(self._read()["now"])

    @property
    def iso(self) -> str:
        """The instant as log entries have it: ``2026-01-01T00:00:00.000000Z``."""
        return str(self._read()["iso"])

    @property
    def kind(self) -> str:
        """``instant``, ``manual``, ``real`` or ``scaled``."""
        return str(self._read()["kind"])

    def advance(self, duration: float | str) -> None:
        """Move time ahead by ``"90s"`` or seconds; raises SettingError for what is no duration."""
        self._fake.server.call(lambda: self._fake.controls.advance(duration))

    def freeze(self) -> FreezeScope:
        """Stand still from now on, whatever the clock: only ``advance`` and ``run_until`` move it.

        For the rest of the test, or for a block: ``with fakefal.clock.freeze(): …``.
        """
        self._fake.server.call(lambda: self._fake.controls.tenant.clock.freeze())
        return FreezeScope(self)

    def resume(self) -> None:
        """Go on as before ``freeze``."""
        self._fake.server.call(lambda: self._fake.controls.tenant.clock.resume())

    def run_until(
        self, condition: Callable[[], Any], *, at_most: float | str = "30d", timeout: float = 10.0
    ) -> None:
        """Move time from event to event until something holds: ``run_until(job.completed)``.

        Events are the steps of jobs, waits of answers and streams, and webhooks, which are posted
        on the way; ``patience`` is how many real seconds their receivers may take. Raises
        FakefalError when nothing is left that time could bring about, or after ``at_most``.
        """
        limit = self.now + _seconds(at_most)
        server = self._fake.server
        for _ in range(_MAX_EVENTS):
            server.submit(_run_due(self._fake.controls, timeout)).result()
            if condition():
                return
            reason_blocked = server.call(lambda: step(self._fake.controls.tenant, limit))
            if reason_blocked:
                raise FakefalError(f"{condition!r} does not come true: {reason_blocked}")
        raise FakefalError(f"{condition!r} has not come true after {_MAX_EVENTS} events")

    @contextmanager
    def patch_sleep(self, *modules: str) -> Iterator[None]:
        """Inside the block the sleeps of ``fal_client`` move this clock instead of waiting.

        ``modules`` are others whose ``time.sleep`` and ``asyncio.sleep`` are taken as well, with
        all that is below them: ``takes_sleeps("myapp")``.
        """
        from fakefal.testing.redirect.sleeps import SleepPatch

        patch = SleepPatch(("fal_client", "fal", *modules), self.advance)
        patch.open()
        try:
            yield
        finally:
            patch.close()

    def _read(self) -> dict[str, Any]:
        return self._fake.server.call(self._fake.controls.clock)


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
