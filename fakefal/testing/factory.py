"""Makes fakes: each with a tenant of its own on one server, this process redirected to it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fakefal.errors import FakefalError
from fakefal.scenario.builder import build_circumstances
from fakefal.scenario.files.loader import Loaded, load_data, load_file
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.checks import FakefalWarning, Findings, findings_of
from fakefal.testing.config.recordings import tape_of
from fakefal.testing.config.settings import RULES, Told, read_mark
from fakefal.testing.fixture import Fake
from fakefal.testing.redirect.patches import Patches, variable
from fakefal.testing.redirect.redirect import Redirection, restore


class Unfinished(FakefalError):
    """What was left undone when a fake ended that is an error."""


class Factory:
    """Begins and ends fakes; the one begun last gets the calls of this process.

    ``with fakefal_factory(clock="manual") as fake:`` in a fixture of any scope.
    """

    def __init__(self, server: ThreadedFakeFal, defaults: Mapping[str, Any] | None = None) -> None:
        self.server = server
        self.active: list[Fake] = []
        self.redirection = Redirection(server)
        self._defaults = {rule.name: rule.default for rule in RULES} | dict(defaults or {})
        self._patches: dict[str, Patches] = {}
        self._recorded: set[Path] = set()
        self._real_key = ""
        self._loaded: dict[Path, tuple[tuple[int, int], Loaded]] = {}
        self._count = 0

    def __call__(self, *scenarios: Any, **values: Any) -> Scope:
        """A fake for a block; values are those of the marker, and ``key``.

        Raises at its end what its functions raised, Unfinished for what is an error, and warns of
        what is a warning. Raises FakefalError at once for values that are wrong.
        """
        key = values.pop("key", None)
        read, wrong = read_mark(scenarios, values)
        if wrong:
            raise FakefalError("\n".join(wrong))
        files = [(scenario, True) for scenario in read.pop("scenario", ())]
        if key is None:
            self._count += 1
            key = f"fakefal:made-{self._count}"
        return Scope(self, key, Told(self._defaults | read, files))

    def begin(self, key: str, told: Told) -> Fake:
        """A fake from now on; raises FakefalError for scenarios and options that are wrong."""
        tape = tape_of(told, self._recorded)
        loaded, own = self._read(told.scenarios)
        options = told.values.get("options") or {}
        if options:
            build_circumstances({"options": options})
        server, redirection = self.server, self.redirection
        if tape is not None:
            if tape.decision.loaded is not None:
                loaded.insert(0, tape.decision.loaded)
                own.append(tape.decision.loaded.file)
            if tape.records:
                server, redirection = tape.start(is_second=bool(loaded))
        fake = Fake(
            server,
            key,
            clock=told.values.get("clock", "instant"),
            scenarios=loaded,
            options=options,
            own=own,
            environment=redirection.environment,
            tape=tape,
        )
        patches = self._patches[key] = Patches()
        if not self.active:
            self._real_key = variable("FAL_KEY")
        if tape is not None and tape.records:
            tape.give_key(patches, key, self._real_key if self.active else None)
        else:
            patches.variable("FAL_KEY", key)
        redirection.enter(told.values.get("urls", "local"))
        restore()
        self.active.append(fake)
        return fake

    def end(
        self,
        fake: Fake,
        told: Told,
        *,
        has_failed: bool,
        on_failure: Callable[[], None] | None = None,
    ) -> Findings:
        """Look at what a fake has left undone, and forget it.

        ``on_failure`` is called before, if there is something that is an error.
        """
        escapes = self._redirection(fake).escapes() if fake is self._last() else ""
        findings = Findings()
        is_whole = False
        try:
            findings = findings_of(fake, told, escapes, has_failed=has_failed)
            is_whole = not (has_failed or findings.errors or findings.raised)
            if on_failure is not None and (findings.errors or findings.raised):
                on_failure()
        finally:
            unwritten = self.forget(fake, is_whole=is_whole)
        if unwritten:
            findings.errors.append(unwritten)
        if fake.tape is not None:
            findings.warnings += fake.tape.warnings
        return findings

    def forget(self, fake: Fake, *, is_whole: bool = False) -> str:
        """Put everything back that a fake needed, and forget its tenant.

        Its recording is written, as what it is: whole or not. Gives what kept it from that.
        """
        self.active = [other for other in self.active if other is not fake]
        restore()
        self._redirection(fake).leave()
        self._patches.pop(fake.key).undo()
        fake.close()
        return "" if fake.tape is None else fake.tape.stop(is_whole=is_whole)

    def _redirection(self, fake: Fake) -> Redirection:
        tape = fake.tape
        return tape.redirection if tape is not None and tape.redirection else self.redirection

    def close(self) -> None:
        """End what is still there."""
        while self.active:
            self.forget(self.active[-1])

    def _last(self) -> Fake | None:
        return self.active[-1] if self.active else None

    def _read(self, scenarios: Iterable[tuple[Any, bool]]) -> tuple[list[Loaded], list[str]]:
        loaded, own = [], []
        for scenario, is_own in scenarios:
            if isinstance(scenario, dict):
                one = load_data(scenario, "scenario")
            else:
                one = self._load(Path(scenario))
            loaded.append(one)
            if is_own:
                own.append(one.file)
        return loaded, own

    def _load(self, path: Path) -> Loaded:
        """A file, read again only when it has changed."""
        try:
            stat = path.stat()
        except OSError:
            return load_file(path)  # which says what is wrong
        mark = (stat.st_mtime_ns, stat.st_size)
        known = self._loaded.get(path)
        if known is None or known[0] != mark:
            known = self._loaded[path] = (mark, load_file(path))
        return known[1]


class Scope(AbstractContextManager[Fake]):
    """The block in which a fake is there."""

    def __init__(self, factory: Factory, key: str, told: Told) -> None:
        self._factory = factory
        self._key = key
        self._told = told
        self._fake: Fake | None = None

    def __enter__(self) -> Fake:
        self._fake = self._factory.begin(self._key, self._told)
        return self._fake

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._fake is not None, "it has not begun"
        findings = self._factory.end(self._fake, self._told, has_failed=kind is not None)
        if kind is None:
            finish(findings)


def finish(findings: Findings) -> None:
    """Raise and warn of what was found."""
    if findings.raised:
        raise findings.raised[0]
    for text in findings.warnings:
        warnings.warn(FakefalWarning(text), stacklevel=4)
    if findings.errors:
        raise Unfinished("\n".join(findings.errors))
