from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from fakefal.cli.recording_options import (
    RecordingOptions,
    record_with,
    recording_summary,
    secret_lines,
)
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.recorder.distil.distil import DistilResult
from fakefal.scenario.files.loader import load_file
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer

RECORDED = "fakefal: 1\nrecorded: {at: '2020-01-01T00:00:00Z', source: here}\n"


def test_the_summary_of_a_recording() -> None:
    exchanges = [{"reply": {}}, {"replies": [{}, {}]}]
    result = DistilResult({"exchanges": exchanges}, {"a": b""}, [f"note {n}" for n in range(25)])
    lines = recording_summary(result, Path("a.yaml"))
    assert lines[0] == "fakefal: recorded 3 calls as 2 exchanges in a.yaml, 1 file"
    assert lines[1] == "  not recorded: note 0"
    assert lines[-1] == "  not recorded: … and 5 more"
    assert recording_summary(None, Path("a.yaml")) == []


def test_an_old_recording_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(RECORDED)
    terminal = Terminal.silent()
    assert RecordingOptions.parse(path, mode="once").decide(terminal).loaded is not None
    assert "days ago" in terminal.err.getvalue()  # type: ignore[attr-defined]


def test_a_server_replaces_a_recording_only_with_a_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(RECORDED)
    with pytest.raises(FakefalError, match="already exists — serve it, or record it again"):
        record_with(FakeFalServer(), Terminal.silent(), RecordingOptions.parse(path, mode="once"))


def test_serve_records_until_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    upstream_scenario = {"fakefal": 1, "exchanges": [{"reply": {"output": 7}}]}
    with ThreadedServer(FakeFalServer(upstream_scenario)) as upstream:
        command = [sys.executable, "-m", "fakefal", "serve", "--port", "0", "--record", str(path)]
        command += ["--mode", "all", "--upstream", upstream.url]
        served = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        assert served.stdout is not None
        url = re.search(r"http://[\d.:]+", served.stdout.readline())
        assert url is not None
        request = urllib.request.Request(
            f"{url[0]}/fal.run/acme/app", b"{}", {"Authorization": "Key a:b"}
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b"7"
        served.send_signal(signal.SIGTERM)
        out, _ = served.communicate(timeout=30)
    assert f"recorded 1 call as 1 exchange in {path}" in out
    assert len(load_file(path).exchanges) == 1


def test_the_places_of_secrets_are_printed_and_no_value() -> None:
    result = DistilResult(
        {"exchanges": []}, redacted=("input.hf_token",), suspects=("input: aB3d…",)
    )
    assert recording_summary(result, Path("a.yaml"))[1:] == [
        "  redacted: input.hf_token",
        "  warning: kept, but may be a secret — add --redact PATTERN: input: aB3d…",
    ]
    many = DistilResult(
        {}, redacted=tuple(map(str, range(300))), suspects=tuple(map(str, range(300)))
    )
    assert "  redacted: … and 100 more" in secret_lines(many)
    assert secret_lines(many)[-1] == "  warning: … and 280 more"
