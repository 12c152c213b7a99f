"""The ``fakefal`` object that a test gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import Loaded
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Scenario
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.config.recordings import Tape
from fakefal.testing.inspect.assertions import Asking
from fakefal.testing.inspect.clock import FakeClock
from fakefal.testing.inspect.end_of_test import Leftovers
from fakefal.testing.inspect.webhooks import FakeWebhooks
from fakefal.testing.scripting.callables import Blame
from fakefal.testing.scripting.export import scenario_of, write_scenario
from fakefal.testing.scripting.scripting import Scripted, Scripting


class Fake(Scripting, Asking):
    """A fake fal for one test: its own exchanges, jobs, journal and clock.

    ``url`` is where it listens and ``key`` the key that leads to this test's tenant. ``scenarios``
    are what it begins with, ``own`` the files among them whose exchanges the test must use,
    ``tape`` its recording.
    """

    def __init__(
        self,
        server: ThreadedFakeFal,
        key: str,
        *,
        clock: str = "instant",
        scenarios: Iterable[Loaded] = (),
        options: Mapping[str, Any] | None = None,
        own: Iterable[str] = (),
        environment: Callable[[Mapping[str, str] | None], dict[str, str]] | None = None,
        tape: Tape | None = None,
    ) -> None:
        self.server = server
        self.tape = tape
        self._environment = environment
        self.key = key
        self.blame = Blame()
        engine = server.fake.engine
        loaded = tuple(scenarios)
        self._own = tuple(own)
        self._begun: list[Scripted] = []
        self._assets: dict[str, Asset] = {}
        for one in loaded:
            self._assets.update(one.assets)
        self._taken = 0
        self._before: Tenant | None = None

        def begin() -> Controls:
            controls = Controls(
                engine, key, clock=clock, scenarios=loaded or None, options=options or None
            )
            self._before = engine.home
            engine.home = controls.tenant  # whatever key the code under test uses, it leads here
            return controls

        self.controls = server.call(begin)
        if tape is not None:
            tape.tenant = self.controls.tenant
        self.clock = FakeClock(self)
        self.webhooks = FakeWebhooks(server, self.controls)

    @property
    def url(self) -> str:
        """Where the fake listens: ``http://127.0.0.1:49152``."""
        return self.server.fake.url

    def base_url(self, fal_host: str) -> str:
        """A base URL for code that can be told one: ``http://127.0.0.1:49152/queue.fal.run``."""
        return self.server.fake.base_url(fal_host)

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment that leads programs to this fake, made from this process's or another.

        Programs started with ``subprocess``, ``asyncio`` or ``multiprocessing`` have it already.
        """
        if self._environment is None:
            raise FakefalError("this process is not redirected, and neither are its programs")
        return self._environment(env)

    @property
    def scenario(self) -> Scenario:
        """All that this fake was told, as a scenario; raises FakefalError for functions."""
        functions: dict[int, list[tuple[str, Any]]] = {}
        published = [builder for builder in self._begun if builder.is_published]
        for builder in published:
            if builder.functions:
                functions[builder.index] = list(builder.functions.values())
        return self.server.call(lambda: scenario_of(self.controls.tenant, functions))

    def dump(self, path: str | Path) -> Path:
        """Write all that this fake was told to a scenario file, with the files it refers to.

        Raises FakefalError for what no file can hold, such as functions, and says where it is.
        """
        target = Path(path)
        if target.suffix not in (".yaml", ".yml"):
            raise FakefalError(f"{path}: a dump is YAML — name it {target.stem}.yaml")
        write_scenario(self.scenario, target, self._assets)
        return target

    @property
    def leftovers(self) -> Leftovers:
        """What is left undone, as it is checked when the test ends."""
        return Leftovers(self.server, self.controls.tenant, self._begun, self._own)

    @property
    def is_recording(self) -> bool:
        """Whether the real fal answers, and is recorded, where nothing here does."""
        return self.tape is not None and self.tape.records

    def _scripted(self) -> None:
        if self.is_recording:
            self.server.call(self.server.fake.answer_first)

    def close(self) -> None:
        """Forget the test's tenant; the one that was there before takes its place again."""

        def end() -> None:
            engine = self.server.fake.engine
            engine.drop(self.key)
            if engine.home is None and self._before is not None:
                engine.home = engine.find(self._before.key)

        self.server.call(end)
