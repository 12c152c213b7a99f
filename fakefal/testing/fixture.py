"""The object behind the ``fakefal`` fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.errors import FakefalError, hide_frame
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.matching.texts import close_name
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
from fakefal.testing.scripting.routes import ScriptedRoute
from fakefal.testing.scripting.scripting import ScriptedExchange, Scripting

__tracebackhide__ = hide_frame


class FakeFal(Scripting, Inspection):
    """A fake fal for one test: its own exchanges, jobs, journal and clock.

    ``key`` is the API key of this test's tenant. ``scenarios`` are loaded at the start;
    ``own_files`` are those among them that must be used, or the test ends with an ``unused``
    finding. ``environment`` makes the environment of a child process. ``client_sleeps``: whether
    fal clients sleep on the clock of the ``test``, or in ``real`` time.
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
        client_sleeps: str = "test",
    ) -> None:
        self.server = server
        self.client_sleeps = client_sleeps
        self.recording = recording
        self._environment = environment
        self.key = key
        self.callback_errors = CallbackErrors()
        engine = server.server.engine
        loaded_scenarios = tuple(scenarios)
        self._own_files = tuple(own_files)
        self._builders: list[ScriptedExchange] = []
        self._route_builders: list[ScriptedRoute] = []
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
            # The code under test may use any key: all of them reach this tenant.
            engine.default_tenant = controls.tenant
            return controls

        self.controls = server.call(create_tenant)
        if recording is not None:
            recording.tenant = self.controls.tenant
        self.clock = FakeClock(server, self.controls)
        self.webhooks = FakeWebhooks(server, self.controls)

    def __getattr__(self, name: str) -> Any:
        close = close_name(name, [other for other in dir(self) if other[0] != "_"])
        fix = f"did you mean {close}?" if close else "see docs/pytest.md"
        raise AttributeError(f"the fixture fakefal has no {name} — {fix}")

    @property
    def url(self) -> str:
        """The URL of the server: ``http://127.0.0.1:49152``."""
        return self.server.server.url

    def base_url(self, fal_host: str) -> str:
        """A base URL for a fal host: ``http://127.0.0.1:49152/queue.fal.run``."""
        return self.server.server.base_url(fal_host)

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables that point a program at this fake, added to ``env``.

        ``env`` defaults to the environment of this process. Programs started with ``subprocess``,
        ``asyncio`` or ``multiprocessing`` get them without it. Raises FakefalError for a fake
        that redirects nothing.
        """
        if self._environment is None:
            raise FakefalError("this fake does not redirect its process or child processes")
        return self._environment(env)

    @property
    def scenario(self) -> Scenario:
        """Loaded and scripted exchanges as one scenario; raises FakefalError for functions."""
        functions = {
            builder.index: list(builder.functions.values())
            for builder in self._builders
            if builder.is_published and builder.functions
        }
        return self.server.call(lambda: export_scenario(self.controls.tenant, functions))

    def dump(self, path: str | Path) -> Path:
        """Write ``scenario`` to a YAML file, with the files it refers to beside it.

        Raises FakefalError for another suffix, and for what a file cannot hold, such as functions.
        """
        target = Path(path)
        if target.suffix not in (".yaml", ".yml"):
            raise FakefalError(f"{path}: scenarios are dumped as YAML — use {target.stem}.yaml")
        write_scenario(self.scenario, target, self._assets)
        return target

    @property
    def end_of_test(self) -> EndOfTestChecks:
        """The checks that run when the test ends."""
        return EndOfTestChecks(
            self.server,
            self.controls.tenant,
            self._builders,
            self._own_files,
            self._route_builders,
        )

    @property
    def is_recording(self) -> bool:
        """Whether calls that no exchange matches go to the real fal and are recorded."""
        return self.recording is not None and self.recording.is_recording

    def _on_scripted(self) -> None:
        if self.is_recording:
            self.server.call(self.server.server.record_misses_only)

    def close(self) -> None:
        """Drop the test's tenant; the previous fake's tenant gets the calls again."""

        def remove_tenant() -> None:
            engine = self.server.server.engine
            engine.drop(self.key)
            if engine.default_tenant is None and self._previous_default is not None:
                engine.default_tenant = engine.find(self._previous_default.key)

        self.server.call(remove_tenant)
