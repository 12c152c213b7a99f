"""Tests that record: what the real fal answers is kept beside the test, and replayed from then on.

A test that records gets a server of its own, which asks fal what the test asks it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.protocol.core import credentials
from fakefal.protocol.core.call import Call, Via
from fakefal.recorder.capture.modes import Decision, Mode, age_warning, decide, read_age, usual_mode
from fakefal.scenario.values.seeded import digest
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.config.settings import Told
from fakefal.testing.redirect.patches import Patches, environment
from fakefal.testing.redirect.redirect import Redirection

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant
    from fakefal.recorder.capture.captures import Capture
    from fakefal.recorder.distil.distil import Distilled

_KEYS = ("FAL_KEY", "FAL_KEY_ID", "FAL_API_KEY", "FAL_AI_API_KEY")
_MOST_NOTES = 20
_NAME_LENGTH = 120
_UNFIT = re.compile(r"[^\w\[\]=,+@-]+")


def usual_path(test_file: Path, names: Iterable[str]) -> Path:
    """Where a test is recorded that names no file: ``recordings/<module>/<test>.yaml`` beside it.

    ``names`` are those of its class, if it has one, and its own. What no file name can hold is
    replaced, and a digest tells such names apart.
    """
    name = "-".join(names)
    fit = _UNFIT.sub("-", name)[:_NAME_LENGTH]
    if fit != name:
        fit = f"{fit}-{digest(name).hex()[:8]}"
    return test_file.parent / "recordings" / test_file.stem / f"{fit}.yaml"


class Tape:
    """The recording of one test: its file, and what is done with it.

    ``mode`` is what holds for this test, ``warnings`` are what is to be said when it ends.
    """

    def __init__(self, told: Told, path: Path, mode: Mode, known: set[Path]) -> None:
        values = told.values
        self.path = path
        self.mode: Mode = "new" if path in known and mode in ("once", "all") else mode
        self.warnings: list[str] = []
        self.server: ThreadedFakeFal | None = None
        self.redirection: Redirection | None = None
        self.tenant: Tenant | None = None
        self.recorded: Distilled | None = None
        self._upstream: str | None = values.get("upstream") or None
        self._patterns = tuple(values.get("redact") or ())
        self._has_media = bool(values.get("media", True))
        self._max_age = read_age(values.get("max_age") or "90d")
        self._command = told.command
        self._is_marked = told.is_marked
        self.decision = self._decide()
        self._known = known

    @property
    def records(self) -> bool:
        """Whether fal is asked."""
        return self.decision.records

    def _decide(self) -> Decision:
        if self.mode == "none" and not self.path.exists():
            if self._is_marked:
                raise FakefalError(f"{self.path} is not there — {self._hint()}")
            return Decision(None, False)
        decision = decide(self.path, self.mode)
        if decision.loaded is not None:
            if warning := age_warning(decision.loaded, real_now, self._max_age):
                self.warnings.append(warning.replace("--mode all", "--fakefal-record=all"))
        elif self.path.exists() and "\nrecorded:" not in self.path.read_text(encoding="utf-8"):
            raise FakefalError(
                f"{self.path} is no recording (it has no recorded: at its top) and would be "
                "overwritten — name another file, or use mode new, which adds to it"
            )
        return decision

    def _hint(self) -> str:
        return f"record it once, and commit it: {self._command}"

    def told_of_misses(self, text: str) -> str:
        """What misses of a test come from that has no recording; empty if it has one."""
        if self.records or self.decision.loaded is not None:
            return text
        return f"{text}\n{self.path} is not there — {self._hint()}"

    # While it records

    def start(self, *, is_second: bool) -> tuple[ThreadedFakeFal, Redirection]:
        """Start the server, and what leads to it; ``is_second`` if scenarios answer first.

        Raises FakefalError.
        """
        from fakefal._version import __version__
        from fakefal.server.recording import RecordingWish  # most tests record nothing

        wish = RecordingWish(
            self.path,
            self._upstream,
            self._patterns,
            environment(),
            misses_only=self.decision.loaded is not None,
            media=self._has_media,
            version=__version__,
            is_lazy=True,
            heard=self._note,
        )
        fake = FakeFal(unmatched="fail", clock="instant", keep_alive=False)
        try:
            fake.record(wish)
        except FakefalError as error:
            raise FakefalError(_in_flags(error)) from None
        if is_second:
            fake.answer_first()
        self.server = ThreadedFakeFal(fake)
        self.server.start()
        self.redirection = Redirection(self.server)
        return self.server, self.redirection

    def give_key(self, patches: Patches, key: str, real: str | None) -> None:
        """Have the user's own key used; ``key`` is for an upstream that is not fal, if there is
        none, and ``real`` is FAL_KEY before fakes changed it."""
        given = environment()
        if real is not None:
            patches.variable("FAL_KEY", real)
            given["FAL_KEY"] = real
        if any(given.get(name) for name in _KEYS):
            return
        if self._upstream:
            patches.variable("FAL_KEY", key)
        else:
            self.warnings.append("FAL_KEY is not set, so fal refuses what is not public")

    def stop(self, *, is_whole: bool) -> str:
        """Write the file and stop the server; gives what kept it from being written.

        Of a test that did not pass, what it recorded is kept, but is not the whole conversation.
        """
        server, self.server = self.server, None
        if server is None:
            return ""
        if not is_whole:
            server.fake.break_off()
        try:
            server.stop()
        except FakefalError as error:
            return _in_flags(error)
        self.recorded = server.fake.recorded
        if self.recorded is not None:
            self._known.add(self.path)
            self.warnings += [
                f"not recorded in {self.path.name}: {note}"
                for note in self.recorded.notes[:_MOST_NOTES]
            ]
        return ""

    @property
    def told(self) -> str:
        """What was recorded, as a line; empty if nothing was."""
        if self.recorded is None:
            return ""
        exchanges = self.recorded.data["exchanges"]
        calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
        return f"recorded {calls} call{'s' * (calls != 1)} in {self.path}"

    def _note(self, capture: Capture) -> None:
        """Have the test's ``calls`` and ``polls`` tell what upstream was asked."""
        from fakefal.recorder.distil.request_groups import sort

        tenant = self.tenant
        if tenant is None:
            return
        found = sort([capture])
        job = next(iter(found.jobs.values()), None)
        status = capture.heard.status
        if job is not None and job.statuses:
            tenant.journal.write(tenant.clock.now(), "status", None, job.id, status)
            return
        begun: list[tuple[Any, Via]] = [(it.endpoint, it.via) for it in found.direct]
        begun += [(endpoint, "queue") for endpoint, _ in found.refused]
        if job is not None and job.submit is not None:
            begun.append((job.endpoint, "queue"))
        for endpoint, via in begun:
            request_id = capture.heard.header("x-fal-request-id") or (job.id if job else "")
            call = _call(capture, endpoint, via)
            tenant.journal.write(tenant.clock.now(), "call", call, request_id, status, "recorded")


def tape_of(told: Told, known: set[Path]) -> Tape | None:
    """The tape of a test, if it has one; ``known`` are files that were recorded in this run.

    In CI nothing is recorded unless the command line says so. Raises FakefalError.
    """
    mode: Any = told.forced or told.values.get("record") or ""
    if not mode:
        return None
    if not told.forced and usual_mode(environment()) == "none":
        mode = "none"
    path = told.recording
    if path is None:
        named = [it for it, _ in told.scenarios if not isinstance(it, dict)]
        if not named:
            raise FakefalError('record wants a file — scenario="recordings/x.yaml"')
        path = Path(named[0])
    told.scenarios = [
        (it, own) for it, own in told.scenarios if isinstance(it, dict) or Path(it) != path
    ]
    return Tape(told, path, mode, known)


def command_for(nodeid: str) -> str:
    """The command that records a test."""
    return f"pytest {shlex.quote(nodeid)} --fakefal-record=once"


def _call(capture: Capture, endpoint: Any, via: Via) -> Call:
    try:
        given = capture.asked.json()
    except ValueError:
        given = None
    kept = {
        name.lower(): value
        for name, value in capture.asked.headers
        if name.lower() not in credentials.HEADERS
    }
    return Call(endpoint, via, given, kept)


def _in_flags(error: FakefalError) -> str:
    """What a recorder says, with the plugin's names of its options."""
    text = str(error)
    for name in ("redact", "upstream"):
        text = text.replace(f"--{name} ", f"--fakefal-{name} ")
    return text
