from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.writer import Writer
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.cli.commands.test_record import APP, UPSTREAM, record
from tests.cli.running import fakefal
from tests.recorder.sessions import distil_captures, make_run


def written(path: Path, answer: object) -> Path:
    Writer(path, Redactor()).write(distil_captures(make_run(body=answer)))
    return path


def test_differences_are_printed_and_set_the_exit_code(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{n}.yaml", {"n": n}) for n in (1, 2))
    ran = fakefal("diff", one, two)
    assert ran == (1, 'acme/app (run) {"prompt":"x"}: output.n: 1 → 2\n', "1 difference\n")
    assert fakefal("diff", one, one) == (0, "no differences\n", "")


def test_what_is_redacted_is_not_printed(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{n}.yaml", f"acct_{n}") for n in (1, 2))
    ran = fakefal("diff", one, two, "--redact", "acct_[0-9]+")
    assert (ran.code, ran.out.count("[redacted]")) == (1, 2)
    assert "acct_" not in ran.out


def test_exactly_one_thing_to_compare_with_is_required(tmp_path: Path) -> None:
    one = written(tmp_path / "1.yaml", 1)
    for arguments in ((one,), (one, one, "--", "true")):
        ran = fakefal("diff", *arguments)
        assert ran.code == 2
        assert "pass another recording, or a command after --" in ran.err


@pytest.mark.blackbox
def test_a_recording_is_compared_with_upstream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    path = tmp_path / "a.yaml"
    with ThreadedServer(FakeFalServer(UPSTREAM, clock="instant")) as fake:
        assert record(path, "--mode", "all", "--upstream", fake.url).code == 0
    monkeypatch.setenv("FAL_KEY", "fakefal:diff-key-0123456789")
    today = {"fakefal": 1, "exchanges": [{"reply": {"text": "Ship that."}}]}
    with ThreadedServer(FakeFalServer(today, clock="instant")) as fake:
        command = (sys.executable, "-c", APP, "tagline")
        ran = fakefal("diff", path, "--upstream", fake.url, "--", *command)
    assert ran.code == 1
    assert ran.out == 'fal-ai/any-llm (queue) {"prompt":"tagline"}: text: Ship it. → Ship that.\n'
