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
from fakefal.recorder.capture.modes import (
    Decision,
    Mode,
    age_warning,
    choose_action,
    default_mode,
    parse_age,
)
from fakefal.scenario.values.seeded import digest
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.config.settings import TestSettings
from fakefal.testing.redirect.patches import Patches, environment
from fakefal.testing.redirect.redirect import Redirection

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant
    from fakefal.recorder.capture.captures import Capture
    from fakefal.recorder.distil.distil import DistilResult

_KEY_VARIABLES = ("FAL_KEY", "FAL_KEY_ID", "FAL_API_KEY", "FAL_AI_API_KEY")
_MAX_NOTES = 20
_MAX_NAME_LENGTH = 120
_UNSAFE_CHARACTERS = re.compile(r"[^\w\[\]=,+@-]+")


def default_path(test_file: Path, names: Iterable[str]) -> Path:
    """Where a test is recorded that names no file: ``recordings/<module>/<test>.yaml`` beside it.

    ``names`` are those of its class, if it has one, and its own. What no file name can hold is
    replaced, and a digest tells such names apart.
    """
    name = "-".join(names)
    file_name = _UNSAFE_CHARACTERS.sub("-", name)[:_MAX_NAME_LENGTH]
    if file_name != name:
        file_name = f"{file_name}-{digest(name).hex()[:8]}"
    return test_file.parent / "recordings" / test_file.stem / f"{file_name}.yaml"


class TestRecording:
    """The recording of one test: its file, and what is done with it.

    ``mode`` is what holds for this test, ``warnings`` are what is to be said when it ends.
    """

    def __init__(
        self, settings: TestSettings, path: Path, mode: Mode, recorded_files: set[Path]
    ) -> None:
        values = settings.values
        self.path = path
        self.mode: Mode = "new" if path in recorded_files and mode in ("once", "all") else mode
        self.warnings: list[str] = []
        self.server: ThreadedServer | None = None
        self.redirection: Redirection | None = None
        self.tenant: Tenant | None = None
        self.distilled: DistilResult | None = None
        self._upstream: str | None = values.get("upstream") or None
        self._patterns = tuple(values.get("redact") or ())
        self._has_media = bool(values.get("media", True))
        self._max_age = parse_age(values.get("max_age") or "90d")
        self._record_command = settings.record_command
        self._is_explicit = settings.is_explicit
        self.decision = self._decide()
        self._recorded_files = recorded_files

    @property
    def is_recording(self) -> bool:
        """Whether fal is asked."""
        return self.decision.should_record

    def _decide(self) -> Decision:
        if self.mode == "none" and not self.path.exists():
            if self._is_explicit:
                raise FakefalError(f"{self.path} is not there — {self._hint()}")
            return Decision(None, False)
        decision = choose_action(self.path, self.mode)
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
        return f"record it once, and commit it: {self._record_command}"

    def explain_misses(self, text: str) -> str:
        """What misses of a test come from that has no recording; empty if it has one."""
        if self.is_recording or self.decision.loaded is not None:
            return text
        return f"{text}\n{self.path} is not there — {self._hint()}"

    # While it records

    def start(self, *, is_fallback: bool) -> tuple[ThreadedServer, Redirection]:
        """Start the server, and what leads to it; ``is_second`` if scenarios answer first.

        Raises FakefalError.
        """
        from fakefal._version import __version__
        from fakefal.server.recording import RecordingConfig  # most tests record nothing

        options = RecordingConfig(
            self.path,
            self._upstream,
            self._patterns,
            environment(),
            misses_only=self.decision.loaded is not None,
            fetch_media=self._has_media,
            version=__version__,
            skip_empty=True,
            on_capture=self._journal_capture,
        )
        server = FakeFalServer(unmatched="fail", clock="instant", keep_alive=False)
        try:
            server.record(options)
        except FakefalError as error:
            raise FakefalError(_with_plugin_flags(error)) from None
        if is_fallback:
            server.record_misses_only()
        self.server = ThreadedServer(server)
        self.server.start()
        self.redirection = Redirection(self.server)
        return self.server, self.redirection

    def set_key(self, patches: Patches, key: str, real_key: str | None) -> None:
        """Have the user's own key used; ``key`` is for an upstream that is not fal, if there is
        none, and ``real`` is FAL_KEY before fakes changed it."""
        variables = environment()
        if real_key is not None:
            patches.variable("FAL_KEY", real_key)
            variables["FAL_KEY"] = real_key
        if any(variables.get(name) for name in _KEY_VARIABLES):
            return
        if self._upstream:
            patches.variable("FAL_KEY", key)
        else:
            self.warnings.append("FAL_KEY is not set, so fal refuses what is not public")

    def stop(self, *, is_complete: bool) -> str:
        """Write the file and stop the server; gives what kept it from being written.

        Of a test that did not pass, what it recorded is kept, but is not the whole conversation.
        """
        server, self.server = self.server, None
        if server is None:
            return ""
        if not is_complete:
            server.server.mark_recording_incomplete()
        try:
            server.stop()
        except FakefalError as error:
            return _with_plugin_flags(error)
        self.distilled = server.server.recorded
        if self.distilled is not None:
            self._recorded_files.add(self.path)
            self.warnings += [
                f"not recorded in {self.path.name}: {note}"
                for note in self.distilled.notes[:_MAX_NOTES]
            ]
        return ""

    @property
    def summary(self) -> str:
        """What was recorded, as a line; empty if nothing was."""
        if self.distilled is None:
            return ""
        exchanges = self.distilled.scenario["exchanges"]
        calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
        return f"recorded {calls} call{'s' * (calls != 1)} in {self.path}"

    def _journal_capture(self, capture: Capture) -> None:
        """Have the test's ``calls`` and ``polls`` tell what upstream was asked."""
        from fakefal.recorder.distil.request_groups import group_captures

        tenant = self.tenant
        if tenant is None:
            return
        groups = group_captures([capture])
        job = next(iter(groups.jobs.values()), None)
        status = capture.response.status
        if job is not None and job.statuses:
            tenant.journal.write(tenant.clock.now(), "status", None, job.id, status)
            return
        started_calls: list[tuple[Any, Via]] = [
            (direct_call.endpoint, direct_call.via) for direct_call in groups.direct
        ]
        started_calls += [(endpoint, "queue") for endpoint, _ in groups.refused]
        if job is not None and job.submit is not None:
            started_calls.append((job.endpoint, "queue"))
        for endpoint, via in started_calls:
            request_id = capture.response.header("x-fal-request-id") or (job.id if job else "")
            call = _call_of(capture, endpoint, via)
            tenant.journal.write(tenant.clock.now(), "call", call, request_id, status, "recorded")


def open_recording(settings: TestSettings, recorded_files: set[Path]) -> TestRecording | None:
    """The tape of a test, if it has one; ``known`` are files that were recorded in this run.

    In CI nothing is recorded unless the command line says so. Raises FakefalError.
    """
    mode: Any = settings.forced_mode or settings.values.get("record") or ""
    if not mode:
        return None
    if not settings.forced_mode and default_mode(environment()) == "none":
        mode = "none"
    path = settings.recording_path
    if path is None:
        paths = [scenario for scenario, _ in settings.scenarios if not isinstance(scenario, dict)]
        if not paths:
            raise FakefalError('record wants a file — scenario="recordings/x.yaml"')
        path = Path(paths[0])
    settings.scenarios = [
        (scenario, is_own)
        for scenario, is_own in settings.scenarios
        if isinstance(scenario, dict) or Path(scenario) != path
    ]
    return TestRecording(settings, path, mode, recorded_files)


def command_for(nodeid: str) -> str:
    """The command that records a test."""
    return f"pytest {shlex.quote(nodeid)} --fakefal-record=once"


def _call_of(capture: Capture, endpoint: Any, via: Via) -> Call:
    try:
        body = capture.request.json()
    except ValueError:
        body = None
    headers = {
        name.lower(): value
        for name, value in capture.request.headers
        if name.lower() not in credentials.SECRET_HEADERS
    }
    return Call(endpoint, via, body, headers)


def _with_plugin_flags(error: FakefalError) -> str:
    """What a recorder says, with the plugin's names of its options."""
    text = str(error)
    for name in ("redact", "upstream"):
        text = text.replace(f"--{name} ", f"--fakefal-{name} ")
    return text
