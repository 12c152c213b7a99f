"""Shared by all tests: pytest within pytest, no deadlines for property tests, and a clean exit."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)  # a busy machine must not fail a test
settings.load_profile("no-deadline")

pytest_plugins = ["pytester"]

_SLOW_FOLDERS = ("apps", "attack", "beside", "cli", "container", "guard", "js", "scaling")
_SLOW_FILES = ("test_determinism.py", "test_documents.py", "test_guide_to_run.py")
"""Tests that start processes; `make quick` leaves them out, and those that run pytest in pytest."""

_MATRIX = ("test_greenlets.py", "test_matrix.py", "test_processes.py", "test_pytest_socket.py")

_MARK = "FAKEFAL_TESTS_OF"
_PROC = Path("/proc")
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests by what they use, so that no list of names goes stale."""
    for item in items:
        folder, file = item.path.relative_to(_HERE).parts[0], item.path.name
        runs_pytest = "pytester" in getattr(item, "fixturenames", ())
        if folder in _SLOW_FOLDERS or file in _SLOW_FILES or runs_pytest:
            item.add_marker(pytest.mark.slow)
        if folder == "beside" and file in _MATRIX:
            item.add_marker(pytest.mark.matrix)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for the local CA that belongs to the run; the user's own CA stays untouched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKEFAL_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail when the tests of this process end and a process or a temporary file of theirs lives.

    Each process that a test starts inherits a variable, by which it is found in ``/proc`` even
    after its parent has gone. Temporary files are made in a folder that must be empty at the end.
    """
    scratch = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_MARK, str(os.getpid()))
        patch.setenv("TMPDIR", str(scratch))
        patch.setattr(tempfile, "tempdir", None)
        yield
    assert [*_processes_of(os.getpid())] == []
    assert sorted(str(path.relative_to(scratch)) for path in scratch.rglob("*")) == []


def _processes_of(pid: int) -> Iterator[str]:
    """The command lines of processes that were started by the tests of a process."""
    marked = f"{_MARK}={pid}".encode()
    for folder in _PROC.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            if marked in variables and state != "Z" and folder.name != str(pid):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                yield f"{folder.name}: {command.decode(errors='replace')}"
        except OSError:  # it has ended meanwhile, or belongs to another user
            continue
