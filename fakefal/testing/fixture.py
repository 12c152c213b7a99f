"""The ``fakefal`` object that a test gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import LoadedScenario
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Scenario
from fakefal.server.thread import ThreadedServer
from fakefal.testing.config.recordings import TestRecording
from fakefal.testing.inspect.assertions import Inspection
from fakefal.testing.inspect.clock import FakeClock
from fakefal.testing.inspect.end_of_test import EndOfTestChecks
from fakefal.testing.inspect.webhooks import FakeWebhooks
from fakefal.testing.scripting.callables import CallbackErrors
from fakefal.testing.scripting.export import export_scenario, write_scenario
from fakefal.testing.scripting.scripting import ScriptedExchange, Scripting


class FakeFal(Scripting, Inspection):
    """A fake fal for one test: its own exchanges, jobs, journal and clock.

    ``url`` is where it listens and ``key`` the key that leads to this test's tenant. ``scenarios``
    are what it begins with, ``own`` the files among them whose exchanges the test must use,
    ``tape`` its recording.
    """

    def __init__(
        self,
        server: ThreadedServer,
        key: str,
        *,
        clock: str = "instant",
        scenarios: Iterable[LoadedScenario] = (),
        options: Mapping[str, Any] | None = None,
        own_files: Iterable[str] = (),
        environment: Callable[[Mapping[str, str] | None], dict[str, str]] | None = None,
        recording: TestRecording | None = None,
    ) -> None:
        self.server = server
        self.recording = recording
        self._environment = environment
        self.key = key
        self.callback_errors = CallbackErrors()
        engine = server.server.engine
        loaded_scenarios = tuple(scenarios)
        self._own_files = tuple(own_files)
        self._begun: list[ScriptedExchange] = []
        self._assets: dict[str, Asset] = {}
        for loaded in loaded_scenarios:
            self._assets.update(loaded.assets)
        self._popped_misses = 0
        self._previous_default: Tenant | None = None

        def create_tenant() -> Controls:
            controls = Controls(
                engine,
                key,
                clock=clock,
                scenarios=loaded_scenarios or None,
                options=options or None,
            )
            self._previous_default = engine.default_tenant
            engine.default_tenant = (
                controls.tenant
            )  # whatever key the code under test uses, it leads here
            return controls

        self.controls = server.call(create_tenant)
        if recording is not None:
            recording.tenant = self.controls.tenant
        self.clock = FakeClock(self)
        self.webhooks = FakeWebhooks(server, self.controls)

    @property
    def url(self) -> str:
        """Where the fake listens: ``http://127.0.0.1:49152``."""
        return self.server.server.url

    def base_url(self, fal_host: str) -> str:
        """A base URL for code that can be told one: ``http://127.0.0.1:49152/queue.fal.run``."""
        return self.server.server.base_url(fal_host)

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
        published_builders = [builder for builder in self._begun if builder.is_published]
        for builder in published_builders:
            if builder.functions:
                functions[builder.index] = list(builder.functions.values())
        return self.server.call(lambda: export_scenario(self.controls.tenant, functions))

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
    def end_of_test(self) -> EndOfTestChecks:
        """What is left undone, as it is checked when the test ends."""
        return EndOfTestChecks(self.server, self.controls.tenant, self._begun, self._own_files)

    @property
    def is_recording(self) -> bool:
        """Whether the real fal answers, and is recorded, where nothing here does."""
        return self.recording is not None and self.recording.is_recording

    def _scripted(self) -> None:
        if self.is_recording:
            self.server.call(self.server.server.record_misses_only)

    def close(self) -> None:
        """Forget the test's tenant; the one that was there before takes its place again."""

        def remove_tenant() -> None:
            engine = self.server.server.engine
            engine.drop(self.key)
            if engine.default_tenant is None and self._previous_default is not None:
                engine.default_tenant = engine.find(self._previous_default.key)

        self.server.call(remove_tenant)
