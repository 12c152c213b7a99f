from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.capture.modes import Mode, age_warning, choose_action, default_mode, parse_age
from fakefal.scenario.files.loader import load_file

DAY = 86_400.0
AT = 1_790_000_000.0


def recording(path: Path, *, complete: bool = True, at: str = "2026-09-21T14:13:20Z") -> Path:
    told = "" if complete else ", complete: false"
    path.write_text(f"fakefal: 1\nrecorded: {{at: '{at}', source: here{told}}}\n")
    return path


@pytest.mark.parametrize(
    ("mode", "exists", "answers", "records"),
    [
        ("none", True, True, False),
        ("once", True, True, False),
        ("once", False, False, True),
        ("new", True, True, True),
        ("new", False, False, True),
        ("all", True, False, True),
        ("all", False, False, True),
    ],
)
def test_what_a_mode_means(
    mode: Mode, exists: bool, answers: bool, records: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    if exists:
        recording(path)
    found = choose_action(path, mode)
    assert (found.loaded is not None, found.should_record) == (answers, records)


def test_nothing_to_replay_is_told(tmp_path: Path) -> None:
    with pytest.raises(FakefalError, match="mode none records nothing — record it once"):
        choose_action(tmp_path / "a.yaml", "none")


def test_a_recording_that_was_broken_off_is_made_again(tmp_path: Path) -> None:
    assert choose_action(recording(tmp_path / "a.yaml", complete=False), "once").should_record


@pytest.mark.parametrize(
    ("told", "mode"), [("true", "none"), ("1", "none"), ("", "once"), ("false", "once")]
)
def test_ci_only_replays(told: str, mode: Mode) -> None:
    assert default_mode({"CI": told}) == mode
    assert default_mode({}) == "once"


def test_an_old_recording_is_said_to_be(tmp_path: Path) -> None:
    loaded = load_file(recording(tmp_path / "a.yaml"))
    assert age_warning(loaded, lambda: AT + 89 * DAY) == ""
    told = age_warning(loaded, lambda: AT + 91 * DAY)
    assert "a.yaml was recorded 91 days ago, and 90 are old — record it again" in told
    assert age_warning(loaded, lambda: AT + 2 * DAY, DAY) != ""
    written = tmp_path / "b.yaml"
    written.write_text("fakefal: 1\n")
    assert age_warning(load_file(written), lambda: AT * 9) == ""


def test_what_is_no_instant_or_age_is_told(tmp_path: Path) -> None:
    loaded = load_file(recording(tmp_path / "a.yaml", at="yesterday"))
    with pytest.raises(FakefalError, match=r'recorded\.at: "yesterday" is no instant'):
        age_warning(loaded, lambda: AT)
    with pytest.raises(FakefalError, match='"soon" is no duration — write 90d'):
        parse_age("soon")
    assert parse_age("12h") == DAY / 2
