"""An app against a stand-in for fal through the recorder, then against the recording alone."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakefal.cli.recording.replay_check import check_replay
from fakefal.scenario.files.loader import load_file
from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.receiver import Receiver
from tests.blackbox.driving import DRIVERS, environment, run_driver
from tests.blackbox.installing import JS_FOLDER, node_with_clients

pytestmark = pytest.mark.blackbox

KEY = "5f0c8d1e-1111-4222-8333-944455556666:0123456789abcdef0123456789abcdef"
UPSTREAM = Path(__file__).parent / "recorded.yaml"

TOLERANCE_SECONDS = 0.05
"""How far an event may come from where it came when it was recorded; and by 15 % (docs)."""

APPS: dict[str, Callable[[], list[str]]] = {
    "python": lambda: [sys.executable, str(DRIVERS / "recorded_app.py")],
    "js": lambda: [node_with_clients(), str(JS_FOLDER / "recorded_app.mjs")],
}


def run(app: str, fake: FakeFalServer) -> dict[str, Any]:
    """What the app saw of a fake, and what its receiver of webhooks got."""
    jwks = f"{fake.base_url('rest.fal.ai')}/.well-known/jwks.json"
    receiver = Receiver(jwks, time.time)
    with receiver:
        seen = run_driver([*APPS[app](), fake.url, receiver.url], environment(KEY))
        receiver.wait(2)
        seen["arrived"] = sorted(
            [it.request_id, str(it.body), it.problem, it.headers["x-fal-webhook-request-id"]]
            for it in receiver.arrivals
        )
    return seen


def times_of(seen: dict[str, Any]) -> dict[str, list[float]]:
    """The times of the events of streams, taken out of what was seen."""
    return {
        name: it.pop("times") for name, it in seen.items() if isinstance(it, dict) and "times" in it
    }


@pytest.mark.parametrize("app", APPS)
def test_a_recording_replays_what_the_app_saw(app: str, tmp_path: Path) -> None:
    file = tmp_path / "session.yaml"
    with ThreadedServer(FakeFalServer(UPSTREAM)) as upstream:
        recorder = FakeFalServer()
        recorder.record(RecordingConfig(file, upstream.url, secret_environment={"FAL_KEY": KEY}))
        with ThreadedServer(recorder):
            recorded = run(app, recorder)
    assert recorder.recorded is not None
    # The tool lists what a replay answers differently, and the app finds nothing else below.
    for line in check_replay(recorder.recorded):
        assert re.search(r"/requests/…/status(/stream: \[\].|: )logs\[\]\.timestamp", line), line
    assert recorder.recorded.notes == []
    recorded_times = times_of(recorded)
    written = file.read_text(encoding="utf-8")
    assert not any(part in written for part in (KEY, *KEY.split(":")))
    assert load_file(file).scenario.recorded is not None
    assert recorded["arrived"][0][2] == ""

    with ThreadedServer(FakeFalServer(file, clock="instant")) as fake:
        at_once = run(app, fake)
    assert times_of(at_once).keys() == recorded_times.keys()
    assert at_once == recorded

    with ThreadedServer(FakeFalServer(file)) as fake:
        in_time = run(app, fake)
    for name, times in times_of(in_time).items():
        for mine, theirs in zip(times, recorded_times[name], strict=True):
            assert abs(mine - theirs) <= TOLERANCE_SECONDS + 0.15 * theirs, name
    assert in_time == recorded
