from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from fakefal.testing.scripting.caller import caller_location, short_path


def test_the_location_is_the_line_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    frame = inspect.currentframe()
    assert frame is not None
    assert caller_location() == f"test_caller.py:{frame.f_lineno}"


def test_paths_outside_the_working_directory_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert short_path(str(tmp_path / "a" / "b.py")) == str(Path("a") / "b.py")
    assert short_path(__file__) == __file__
