"""A full disk at each operation of the file system: the old file or the new one, never a third."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.writer import Writer
from fakefal.scenario.files.loader import load_file
from tests.recorder.sessions import distil_captures, make_capture, make_request, make_run

PICTURE = (("Content-Type", "image/png"),)
OPERATIONS = ("open", "os.rename", "os.link", "os.remove", "os.mkdir")
MOMENTS = 40


def write(path: Path, text: str) -> None:
    """Replace a recording by one with a file."""
    url = f"/files/b/{text}/x.png"
    run = make_run(0, {"n": 1}, {"text": text, "url": f"https://v3b.fal.media{url}"})
    read = make_request("GET", "v3b.fal.media", url)
    picture = make_capture(1, read, 200, text.encode(), PICTURE)
    Writer(path, Redactor()).finish(distil_captures(run, picture, folder="a.files"))


def fail_at_each_operation(root: Path) -> None:
    """Write recordings, the n-th of which finds a full disk at its n-th operation."""
    state: dict[str, Any] = {"left": -1, "folder": ""}

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event not in OPERATIONS or state["left"] < 0:
            return
        is_read = event == "open" and isinstance(args[2], int) and not args[2] & os.O_ACCMODE
        if is_read or not any(state["folder"] in str(arg) for arg in args):
            return
        state["left"] -= 1
        if state["left"] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(watch)
    for moment in range(1, MOMENTS + 1):
        path = root / f"r{moment}" / "a.yaml"
        write(path, "old")
        state["folder"], state["left"] = str(path.parent), moment
        try:
            write(path, "new")
            outcome = "written"
        except FakefalError as error:
            outcome = str(error)
        finally:
            state["left"] = -1
        path.with_name("outcome").write_text(outcome)


@pytest.mark.skipif(os.name == "nt", reason="the operations have other names there")
def test_a_full_disk_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.recorder.output import "
    code += "test_disk_failures as it; it.fail_at_each_operation(Path(sys.argv[1]))"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, timeout=120)
    failed = 0
    for moment in range(1, MOMENTS + 1):
        folder = tmp_path / f"r{moment}"
        outcome = (folder / "outcome").read_text()
        text = (folder / "a.yaml").read_text()
        load_file(folder / "a.yaml")  # with its file
        assert ("text: new" in text) is not ("text: old" in text)
        if outcome == "written":
            assert "text: new" in text
        else:
            failed += 1
            assert "cannot be written: No space left on device" in outcome
            assert "text: old" in text, (moment, outcome)
    assert failed > 3


def test_a_file_that_is_too_large_for_the_disk_is_not_half_written(tmp_path: Path) -> None:
    """A limit of the file size fails in the middle of a write, as a full disk does."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "a.yaml"
    write(path, "old")
    before = path.read_bytes()
    code = "import resource, signal, sys; from pathlib import Path; "
    code += "from tests.recorder.output import test_disk_failures as it; "
    code += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)); "
    code += "it.write(Path(sys.argv[1]), 'new')"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(path)],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert resource is not None
    assert "cannot be written: File too large" in done.stderr
    assert path.read_bytes() == before
    assert len(load_file(path).assets) == 1
