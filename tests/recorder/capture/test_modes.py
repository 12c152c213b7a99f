from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.capture.modes import Mode, age_warning, choose_action, default_mode, parse_age
from fakefal.scenario.files.loader import load_file

DAY = 86_400.0
AT = 1_790_000_000.0


def recording(path: Path, *, complete: bool = True, at: str = "2026-09-21T14:13:20Z") -> Path:
    suffix = "" if complete else ", complete: false"
    path.write_text(f"fakefal: 1\nrecorded: {{at: '{at}', source: here{suffix}}}\n")
    return path


@pytest.mark.parametrize(
    ("mode", "exists", "is_replayed", "is_recorded"),
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
def test_each_mode_replays_or_records(
    mode: Mode, exists: bool, is_replayed: bool, is_recorded: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    if exists:
        recording(path)
    decision = choose_action(path, mode)
    assert (decision.loaded is not None, decision.should_record) == (is_replayed, is_recorded)


def test_mode_none_without_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FakefalError, match="mode none records nothing — record it once"):
        choose_action(tmp_path / "a.yaml", "none")


def test_an_incomplete_recording_is_recorded_again(tmp_path: Path) -> None:
    assert choose_action(recording(tmp_path / "a.yaml", complete=False), "once").should_record


@pytest.mark.parametrize(
    ("ci_value", "mode"), [("true", "none"), ("1", "none"), ("", "once"), ("false", "once")]
)
def test_ci_only_replays(ci_value: str, mode: Mode) -> None:
    assert default_mode({"CI": ci_value}) == mode
    assert default_mode({}) == "once"


def test_an_old_recording_has_a_warning(tmp_path: Path) -> None:
    loaded = load_file(recording(tmp_path / "a.yaml"))
    assert age_warning(loaded, lambda: AT + 89 * DAY) == ""
    warning = age_warning(loaded, lambda: AT + 91 * DAY)
    assert "a.yaml was recorded 91 days ago, more than 90 — record it again" in warning
    assert age_warning(loaded, lambda: AT + 2 * DAY, DAY) != ""
    written = tmp_path / "b.yaml"
    written.write_text("fakefal: 1\n")
    assert age_warning(load_file(written), lambda: AT * 9) == ""


def test_invalid_timestamps_and_ages_are_errors(tmp_path: Path) -> None:
    loaded = load_file(recording(tmp_path / "a.yaml", at="yesterday"))
    with pytest.raises(FakefalError, match=r'recorded\.at: "yesterday" is not a timestamp'):
        age_warning(loaded, lambda: AT)
    with pytest.raises(FakefalError, match='"soon" is not a duration — write 90d'):
        parse_age("soon")
    assert parse_age("12h") == DAY / 2
