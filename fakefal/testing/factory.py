"""Creates fakes on one server, each with its own tenant, and redirects this process to them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from fakefal.errors import FakefalError, hide_frame
from fakefal.scenario.builder import build_defaults
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import load_data, load_file
from fakefal.server.thread import ThreadedServer
from fakefal.testing.checks import FakefalWarning, TestFindings, collect_findings
from fakefal.testing.config.recordings import open_recording
from fakefal.testing.config.settings import RULES, TestSettings, read_marker
from fakefal.testing.fixture import FakeFal
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.client_clock import ClientClock
from fakefal.testing.redirect.client_modules import ClientModules
from fakefal.testing.redirect.environ import read_variable, set_variable
from fakefal.testing.redirect.redirect import Redirection

__tracebackhide__ = hide_frame


class UnmetExpectations(FakefalError):
    """Findings of a fake's end whose rule is ``error``, such as unmatched calls."""


class Factory:
    """Starts and ends fakes; the newest one gets the calls of this process.

    ``with fakefal_factory(clock="manual") as fake:`` in a fixture of any scope.
    """

    def __init__(self, server: ThreadedServer, defaults: Mapping[str, Any] | None = None) -> None:
        self.server = server
        self.active: list[FakeFal] = []
        self.redirection = Redirection(server)
        self._client_modules = ClientModules(self._client_clock)
        self._defaults = {rule.name: rule.default for rule in RULES} | dict(defaults or {})
        self._patches: dict[str, ExitStack] = {}
        self._recorded_files: set[Path] = set()
        self._real_key = ""
        self._file_cache: dict[Path, tuple[tuple[int, int], LoadedScenario]] = {}
        self._count = 0

    def __call__(self, *scenarios: Any, **values: Any) -> FakeScope:
        """A fake for a ``with`` block; takes the arguments of the marker, and ``key``.

        Raises FakefalError for invalid arguments. The end of the block raises what callback
        functions raised, or UnmetExpectations, and emits a FakefalWarning for each warning.
        """
        key = values.pop("key", None)
        settings, problems = read_marker(scenarios, values)
        if problems:
            raise FakefalError("\n".join(problems))
        files = [(scenario, True) for scenario in settings.pop("scenario", ())]
        if key is None:
            self._count += 1
            key = f"fakefal:made-{self._count}"
        return FakeScope(self, key, TestSettings(self._defaults | settings, files))

    def begin(self, key: str, settings: TestSettings) -> FakeFal:
        """Start a fake; raises FakefalError for invalid scenarios and options."""
        recording = open_recording(settings, self._recorded_files)
        loaded_scenarios, own_files = self._load_all(settings.scenarios)
        if schemas := settings.values.get("schemas"):
            from fakefal.scenario.files.schema_files import load_schemas  # few tests have schemas

            loaded_scenarios.append(load_schemas(schemas))
        options = settings.values.get("options") or {}
        if options:
            build_defaults({"options": options})
        server, redirection = self.server, self.redirection
        if recording is not None:
            if recording.decision.loaded is not None:
                loaded_scenarios.insert(0, recording.decision.loaded)
                own_files.append(recording.decision.loaded.file)
            if recording.is_recording:
                server, redirection = recording.start(is_fallback=bool(loaded_scenarios))
        fake = FakeFal(
            server,
            key,
            clock=settings.values.get("clock", "instant"),
            scenarios=loaded_scenarios,
            options=options,
            own_files=own_files,
            environment=redirection.environment,
            recording=recording,
            client_sleeps=settings.values.get("client_sleeps", "test"),
        )
        patches = self._patches[key] = ExitStack()
        if not self.active:
            self._real_key = read_variable("FAL_KEY")
            self._client_modules.open()
        if recording is not None and recording.is_recording:
            recording.set_key(patches, key, self._real_key if self.active else None)
        else:
            set_variable(patches, "FAL_KEY", key)
        redirection.acquire(
            settings.values.get("urls", "local"), settings.values.get("addresses", "loopback")
        )
        reset_clients()
        self.active.append(fake)
        return fake

    def end(
        self,
        fake: FakeFal,
        settings: TestSettings,
        *,
        has_failed: bool,
        on_failure: Callable[[], None] | None = None,
    ) -> TestFindings:
        """Run the checks of a fake's end, and discard it.

        ``on_failure`` is called before the fake is discarded if a check finds an error.
        """
        escapes = self._redirection_of(fake).pop_escapes() if fake is self._newest() else ""
        findings = TestFindings()
        is_complete = False
        try:
            findings = collect_findings(fake, settings, escapes, has_failed=has_failed)
            is_complete = not (has_failed or findings.errors or findings.callback_errors)
            if on_failure is not None and (findings.errors or findings.callback_errors):
                on_failure()
        finally:
            write_error = self.discard(fake, is_complete=is_complete)
        if write_error:
            findings.errors.append(write_error)
        if fake.recording is not None:
            findings.warnings += fake.recording.warnings
        return findings

    def discard(self, fake: FakeFal, *, is_complete: bool = False) -> str:
        """Undo the redirection, drop the tenant and write the recording.

        Returns why the recording could not be written, or an empty string.
        """
        self.active = [other for other in self.active if other is not fake]
        fake.clock.client_clock.is_closed = True
        if not self.active:
            self._client_modules.close()
        reset_clients()
        self._redirection_of(fake).release()
        self._patches.pop(fake.key).close()
        fake.close()
        return "" if fake.recording is None else fake.recording.stop(is_complete=is_complete)

    def _redirection_of(self, fake: FakeFal) -> Redirection:
        own = fake.recording.redirection if fake.recording is not None else None
        return self.redirection if own is None else own

    def close(self) -> None:
        """Discard all fakes, the newest first."""
        while self.active:
            self.discard(self.active[-1])

    def _client_clock(self) -> ClientClock | None:
        """The clock of the fal clients of this process; None where they sleep in real time."""
        newest = self._newest()
        if newest is None or newest.is_recording or newest.client_sleeps == "real":
            return None
        clock = newest.clock.client_clock
        return clock if clock.is_simulated else None

    def _newest(self) -> FakeFal | None:
        return self.active[-1] if self.active else None

    def _load_all(
        self, scenarios: Iterable[tuple[Any, bool]]
    ) -> tuple[list[LoadedScenario], list[str]]:
        loaded_scenarios, own_files = [], []
        for scenario, is_own in scenarios:
            if isinstance(scenario, dict):
                loaded = load_data(scenario, "scenario")
            else:
                loaded = self._load_cached(Path(scenario))
            loaded_scenarios.append(loaded)
            if is_own:
                own_files.append(loaded.file)
        return loaded_scenarios, own_files

    def _load_cached(self, path: Path) -> LoadedScenario:
        """Read a file, or return what was read before if its time and size are the same."""
        try:
            stat = path.stat()
        except OSError:
            return load_file(path)  # raises with a text for the user
        file_version = (stat.st_mtime_ns, stat.st_size)
        cached = self._file_cache.get(path)
        if cached is None or cached[0] != file_version:
            cached = self._file_cache[path] = (file_version, load_file(path))
        return cached[1]


class FakeScope(AbstractContextManager[FakeFal]):
    """A ``with`` block with a fake."""

    def __init__(self, factory: Factory, key: str, settings: TestSettings) -> None:
        self._factory = factory
        self._key = key
        self._settings = settings
        self._fake: FakeFal | None = None

    def __enter__(self) -> FakeFal:
        self._fake = self._factory.begin(self._key, self._settings)
        return self._fake

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._fake is not None, "the block was not entered"
        findings = self._factory.end(self._fake, self._settings, has_failed=kind is not None)
        if kind is None:
            raise_findings(findings)


def raise_findings(findings: TestFindings) -> None:
    """Raise the first callback error, else warn, and raise UnmetExpectations for errors."""
    if findings.callback_errors:
        raise findings.callback_errors[0]
    for text in findings.warnings:
        warnings.warn(FakefalWarning(text), stacklevel=4)
    if findings.errors:
        raise UnmetExpectations("\n".join(findings.errors))
