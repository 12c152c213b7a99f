from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.completeness import UNSIGNED
from fakefal.recorder.output.archive import Archive, finishes_exchange
from fakefal.recorder.output.ownership import sign
from fakefal.scenario.files.loader import load_file
from tests.recorder.sessions import KEY, JobCaptures, make_capture, make_request, make_run

RUNS = 50
OLD = sign(
    "fakefal: 1\nname: old\nrecorded: {at: '2026-01-01T00:00:00Z', source: x, "
    f"digest: {UNSIGNED}}}\n"
)

CALLS = 4
PICTURE = (("Content-Type", "image/png"),)


def make_archive(path: Path) -> Archive:
    """An archive of a new recording."""
    recording = Recording("https://fal.run", 0.0, is_live=True, ended=False)
    return Archive(path, recording, Redactor(), "0")


async def record_until_killed(path: Path, moment: int, out: int) -> None:
    """Record, and kill this process at the n-th call of the file system."""
    events = 0

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal events
        if event not in ("open", "os.rename", "os.link", "os.remove", "os.mkdir"):
            return
        if any(path.parent.name in str(arg) or "/proc/self/fd" in str(arg) for arg in args):
            events += 1
            if events == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    archive = make_archive(path)
    sys.addaudithook(watch)
    for number in range(CALLS):
        file = f"/files/b/{number}/x.png"
        answer = {"images": [{"url": f"https://v3b.fal.media{file}"}]}
        archive.add(make_run(number, {"n": number}, answer))
        read = make_request("GET", "v3b.fal.media", file)
        archive.add(make_capture(number + 0.5, read, 200, b"png%d" % number, PICTURE))
        await archive.save()
        os.write(out, b"%d " % number)  # the caller gets the response only now
    archive.recording.ended = True
    await archive.close()
    os.write(out, b"end")


def record_and_kill(folder: Path) -> None:
    """Make fifty recordings in forked processes, which share the imports."""
    for moment in range(1, RUNS + 1):
        path = folder / f"recording{moment}" / "a.yaml"
        path.parent.mkdir()
        if moment % 2 == 0:
            path.write_text(OLD)
        out = os.open(path.with_name("saved"), os.O_WRONLY | os.O_CREAT)
        if (child := os.fork()) == 0:
            asyncio.run(record_until_killed(path, moment, out))
            os._exit(0)
        os.close(out)
        os.waitpid(child, 0)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_recording_has_every_finished_exchange_on_disk(tmp_path: Path) -> None:
    """Fifty recordings, the n-th killed at its n-th call of the file system."""
    code = "import sys; from pathlib import Path; from tests.recorder.output import test_archive; "
    code += "test_archive.record_and_kill(Path(sys.argv[1]))"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, timeout=120)
    died = 0
    for moment in range(1, RUNS + 1):
        folder = tmp_path / f"recording{moment}"
        path = folder / "a.yaml"
        saved = (folder / "saved").read_text().split()
        died += "end" not in saved
        grown = path
        if moment % 2 == 0 and "end" not in saved:
            old = load_file(path).scenario
            if old.name == "old":  # it stays until the new one is complete
                grown = folder / "a.yaml.part"
            else:
                assert old.recorded is not None
                assert old.recorded.complete
        finished = [number for number in saved if number != "end"]
        if finished or grown.exists():
            assert len(load_file(grown).exchanges) >= len(finished)
        half = [new for new in folder.rglob(".*.new") if not new.stat().st_size]
        assert half == []
    assert died > RUNS / 2


async def test_an_old_file_stays_until_the_recording_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(OLD)
    archive = make_archive(path)
    archive.add(make_run(body=1))
    await archive.save()
    assert load_file(path).scenario.name == "old"
    part = load_file(tmp_path / "a.yaml.part").scenario
    assert part.recorded is not None
    assert not part.recorded.complete
    archive.recording.ended = True
    await archive.close()
    loaded = load_file(path).scenario
    assert loaded.recorded is not None
    assert loaded.recorded.complete
    assert not (tmp_path / "a.yaml.part").exists()


async def test_files_of_the_previous_recording_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a.files"
    folder.mkdir()
    (folder / "0123456789abcdef.png").write_text("of an older recording")
    (folder / "mine.png").write_text("of somebody else")
    archive = make_archive(tmp_path / "a.yaml")
    archive.add(make_run(body=1))
    await archive.close()
    assert [file.name for file in folder.iterdir()] == ["mine.png"]


async def test_a_secret_in_a_file_is_an_error_at_the_end(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.yaml")
    picture = make_capture(
        1, make_request("GET", "v3b.fal.media", "/files/x.png"), 200, KEY.encode(), ()
    )
    archive.add(make_run(0, None, {"url": "https://v3b.fal.media/files/x.png"}))
    archive.add(picture)
    await archive.save()
    assert "Authorization" in archive.write_error
    with pytest.raises(FakefalError, match="is not written"):
        await archive.close()
    assert not (tmp_path / "a.yaml").exists()


def test_a_result_finishes_an_exchange() -> None:
    job = (
        JobCaptures()
        .add_submit()
        .add_poll(0.1, "IN_QUEUE", 0)
        .add_result(0.2, 1)
        .add_cancel(0.3)
        .add_webhook(0.4, 1)
    )
    assert [finishes_exchange(capture) for capture in job.captures] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert finishes_exchange(make_run(body=1))
    refused = make_capture(0, make_request("POST", "queue.fal.run", "/acme/app", {}), 403, {})
    assert finishes_exchange(refused)
    assert not finishes_exchange(
        make_capture(0, make_request("POST", "rest.fal.ai", "/tokens/"), 200, "t")
    )
