"""``fakefal record``: a real client through it, once and again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakefal.scenario.files.loader import load_file
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import environment
from tests.cli.running import GOOD, Ran, fakefal

KEY = "5f0c8d1e-1111-4222-8333-944455556666:0123456789abcdef0123456789abcdef"
UPSTREAM = {"fakefal": 1, "exchanges": [{"reply": {"text": "Ship it."}}]}
APP = """
import sys, fal_client
for prompt in sys.argv[1:]:
    try:
        print(fal_client.subscribe("fal-ai/any-llm", {"prompt": prompt})["output"])
    except fal_client.FalClientError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadedServer(FakeFalServer(UPSTREAM, clock="instant")) as fake:
        yield fake.url


def record(
    path: Path, *options: str, prompts: tuple[str, ...] = ("tagline",), app: str = APP
) -> Ran:
    """``fakefal record`` in a new process, as its environment redirects the child."""
    inherited = {**environment(KEY), "FAKEFAL_HOME": os.environ["FAKEFAL_HOME"]}
    inherited.pop("HTTPS_PROXY")
    command = [sys.executable, "-m", "fakefal", "record", "-o", str(path), *options]
    done = subprocess.run(
        [*command, "--", sys.executable, "-c", app, *prompts],
        env=inherited,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.blackbox
def test_a_recording_is_replayed_without_upstream(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "session.yaml"
    first = record(path, "--mode", "once", "--upstream", upstream)
    assert (first.code, first.out) == (0, "Ship it.\n")
    assert first.err == f"fakefal: recorded 1 call as 1 exchange in {path}\n"
    header = load_file(path).scenario.recorded
    assert header is not None
    assert (header.complete, header.calls, header.exit_code) == (True, 1, None)
    assert KEY not in path.read_text(encoding="utf-8")

    again = record(path, "--mode", "once", "--upstream", "http://127.0.0.1:9")
    assert (again.code, again.out) == (0, "Ship it.\n")
    assert again.err.startswith(f"fakefal: replaying {path}, recorded on {header.at[:10]} from ")
    assert "record it again with --mode all" in again.err
    missed = record(path, "--mode", "none", prompts=("tagline", "slogan"))
    assert (missed.code, missed.out) == (3, "Ship it.\nFalClientHTTPError\n")
    assert "no exchange for fal-ai/any-llm (queue); nearest:" in missed.err

    more = record(path, "--mode", "new", "--upstream", upstream, prompts=("tagline", "slogan"))
    assert (more.code, more.out) == (0, "Ship it.\nShip it.\n")
    assert len(load_file(path).exchanges) == 2
    assert record(path, "--mode", "none", prompts=("slogan",)).out == "Ship it.\n"


@pytest.mark.blackbox
def test_a_recording_that_is_not_whole_says_so_and_is_made_again(
    upstream: str, tmp_path: Path
) -> None:
    path = tmp_path / "session.yaml"
    to = ("--mode", "once", "--upstream")
    failed = record(path, *to, upstream, app=f"{APP}\nsys.exit(7)")
    assert failed.code == 7
    assert "  not complete: the command exited with 7\n" in failed.err
    header = load_file(path).scenario.recorded
    assert header is not None
    assert (header.complete, header.calls, header.exit_code) == (False, 1, 7)

    unreachable = record(path, *to, "http://127.0.0.1:9")
    assert "not complete: 1 request did not reach http://127.0.0.1:9" in unreachable.err
    assert f"  {path} stays as it was" in unreachable.err
    assert "Ship it." in path.read_text()

    whole = record(path, *to, upstream)
    assert (whole.code, whole.out) == (0, "Ship it.\n")
    assert f"the previous recording is kept as {path}.bak" in whole.err
    before = path.read_text()
    silent = record(path, "--mode", "all", "--upstream", upstream, prompts=())
    assert f"nothing is recorded in {path}: no call was made" in silent.err
    worse = record(path, "--mode", "all", "--upstream", upstream, app=f"{APP}\nsys.exit(7)")
    assert f"{path}.part" in worse.err
    assert path.read_text() == before

    strict = record(path, "--mode", "none", "--strict", prompts=())
    assert (strict.code, strict.out) == (5, "")
    assert 'strict: "fal-ai/any-llm 1" was not called' in strict.err
    old = record(path, "--mode", "none", "--strict", "--max-age", "0s")
    assert (old.code, old.out) == (5, "Ship it.\n")
    assert "days ago" in old.err


def test_a_file_of_somebody_else_is_refused_before_the_command_runs(tmp_path: Path) -> None:
    path, ran = tmp_path / "mine.yaml", tmp_path / "ran"
    path.write_text(GOOD)
    for flags in ((), ("--force",)):
        command = ("--", sys.executable, "-c", f"open({str(ran)!r}, 'w')")
        refused = fakefal("record", "-o", path, "--mode", "all", *flags, *command)
        assert refused.code == 2
        assert "mine.yaml is not a recording made by fakefal, so it is not replaced" in refused.err
    assert path.read_text() == GOOD
    assert not ran.exists()


def test_a_missing_command_is_an_error(tmp_path: Path) -> None:
    ran = fakefal("record", "-o", tmp_path / "a.yaml")
    assert ran.code == 2
    assert "no command — write it after --" in ran.err


def test_mode_none_requires_a_recording(tmp_path: Path) -> None:
    ran = fakefal("record", "-o", tmp_path / "a.yaml", "--mode", "none", "--", "true")
    assert ran.code == 2
    assert "mode none records nothing" in ran.err


def test_an_unknown_command_is_an_error(tmp_path: Path) -> None:
    options = ("--mode", "all", "--upstream", "http://127.0.0.1:9", "--guard", "hooks")
    ran = fakefal("record", "-o", tmp_path / "a.yaml", *options, "--", "no-such-command-anywhere")
    assert ran.code == 127
