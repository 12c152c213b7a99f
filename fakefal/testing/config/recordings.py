"""Recordings of tests: responses of the real fal, stored beside the test and replayed later.

A test that records gets a dedicated server, which forwards its calls to fal.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakefal.credentials.names import is_secret
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
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
from fakefal.testing.redirect.environ import current_environment, set_variable
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
    """The recording of a test that names no file: ``recordings/<module>/<test>.yaml`` beside it.

    ``names`` are those of the test's classes and its own. Characters that file names cannot hold
    are replaced, and a digest is added to tell such names apart.
    """
    name = "-".join(names)
    file_name = _UNSAFE_CHARACTERS.sub("-", name)[:_MAX_NAME_LENGTH]
    if file_name != name:
        file_name = f"{file_name}-{digest(name).hex()[:8]}"
    return test_file.parent / "recordings" / test_file.stem / f"{file_name}.yaml"


class TestRecording:
    """The recording of one test: replayed, recorded, or both.

    ``recorded_files`` were written by this run: another test adds to them instead of replacing
    them. ``warnings`` become warnings at the test's end. Raises FakefalError for a file that
    cannot be used.
    """

    __test__ = False  # pytest collects classes whose names begin with Test

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
        """Whether calls go to the real fal."""
        return self.decision.should_record

    def _decide(self) -> Decision:
        if self.mode == "none" and not self.path.exists():
            if self._is_explicit:
                raise FakefalError(f"{self.path} does not exist — {self._hint()}")
            return Decision(None, False)
        decision = choose_action(self.path, self.mode)
        if decision.loaded is not None:
            if warning := age_warning(decision.loaded, real_now, self._max_age):
                self.warnings.append(warning.replace("--mode all", "--fakefal-record=all"))
        elif self.path.exists() and "\nrecorded:" not in self.path.read_text(encoding="utf-8"):
            raise FakefalError(
                f"{self.path} is not a recording (no top-level recorded:) and would be "
                "overwritten — name another file, or use mode new, which adds to the file"
            )
        return decision

    def _hint(self) -> str:
        return f"record it once, and commit it: {self._record_command}"

    def explain_misses(self, text: str) -> str:
        """The text of unmatched calls, with a hint if the recording does not exist."""
        if self.is_recording or self.decision.loaded is not None:
            return text
        return f"{text}\n{self.path} does not exist — {self._hint()}"

    def start(self, *, is_fallback: bool) -> tuple[ThreadedServer, Redirection]:
        """Start the recording server; with ``is_fallback`` only for calls without an exchange.

        Raises FakefalError for invalid options.
        """
        from fakefal._version import __version__
        from fakefal.server.recording import RecordingConfig

        config = RecordingConfig(
            self.path,
            self._upstream,
            self._patterns,
            current_environment(),
            misses_only=self.decision.loaded is not None,
            fetch_media=self._has_media,
            version=__version__,
            skip_empty=True,
            on_capture=self._journal_capture,
        )
        server = FakeFalServer(unmatched="fail", clock="instant", keep_alive=False)
        try:
            server.record(config)
        except FakefalError as error:
            raise FakefalError(_with_plugin_flags(error)) from None
        if is_fallback:
            server.record_misses_only()
        self.server = ThreadedServer(server)
        self.server.start()
        self.redirection = Redirection(self.server)
        return self.server, self.redirection

    def set_key(self, patches: ExitStack, key: str, real_key: str | None) -> None:
        """Set FAL_KEY to the user's own key.

        ``real_key`` is its value before an outer fake replaced it; None if there is no such fake.
        ``key`` is used if the user has no key and an upstream that is not fal.
        """
        variables = current_environment()
        if real_key is not None:
            set_variable(patches, "FAL_KEY", real_key)
            variables["FAL_KEY"] = real_key
        if any(variables.get(name) for name in _KEY_VARIABLES):
            return
        if self._upstream:
            set_variable(patches, "FAL_KEY", key)
        else:
            self.warnings.append("FAL_KEY is not set: fal rejects calls to non-public apps")

    def stop(self, *, is_complete: bool) -> str:
        """Stop the server and write the file; returns why it could not be written, or "".

        The recording of a test that did not pass is written with ``complete: false``.
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
        """One line: ``recorded 2 calls in x.yaml``; empty if nothing was recorded."""
        if self.distilled is None:
            return ""
        exchanges = self.distilled.scenario["exchanges"]
        calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
        return f"recorded {calls} call{'s' * (calls != 1)} in {self.path}"

    def _journal_capture(self, capture: Capture) -> None:
        """Add a recorded request to the test's journal, for ``calls`` and ``polls``."""
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
    """The recording of a test, or None; removes its file from the test's scenarios.

    Where CI is set, tests only replay unless ``--fakefal-record`` says otherwise. Raises
    FakefalError.
    """
    mode: Any = settings.forced_mode or settings.values.get("record") or ""
    if not mode:
        return None
    if not settings.forced_mode and default_mode(current_environment()) == "none":
        mode = "none"
    path = settings.recording_path
    if path is None:
        paths = [scenario for scenario, _ in settings.scenarios if not isinstance(scenario, dict)]
        if not paths:
            raise FakefalError('record needs a file — scenario="recordings/x.yaml"')
        path = Path(paths[0])
    settings.scenarios = [
        (scenario, is_own)
        for scenario, is_own in settings.scenarios
        if isinstance(scenario, dict) or Path(scenario) != path
    ]
    return TestRecording(settings, path, mode, recorded_files)


def command_for(nodeid: str) -> str:
    """The command line that records one test, quoted for a shell."""
    return f"pytest {shlex.quote(nodeid)} --fakefal-record=once"


def _call_of(capture: Capture, endpoint: Any, via: Via) -> Call:
    try:
        body = capture.request.json()
    except ValueError:
        body = None
    headers = {
        name.lower(): value for name, value in capture.request.headers if not is_secret(name, value)
    }
    return Call(endpoint, via, body, headers)


def _with_plugin_flags(error: FakefalError) -> str:
    """The recorder's error text, with the plugin's names of the options."""
    text = str(error)
    for name in ("redact", "upstream"):
        text = text.replace(f"--{name} ", f"--fakefal-{name} ")
    return text
