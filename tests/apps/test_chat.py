"""The chat, tested as its author would, with public names of fakefal only."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal import CallRecord, FakeFal, contains
from tests.apps import chat
from tests.apps.chat import Chat

pytestmark = pytest.mark.fakefal(strict=True)


def run_chat(prompt: str, *, checks_end: bool = True) -> tuple[int, str]:
    out = io.StringIO()
    code = Chat(out, checks_end=checks_end).send(prompt)
    return code, out.getvalue()


def test_text_is_shown_as_it_arrives(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm", via="stream").stream("Ship", " it", ".")
    assert run_chat("a tagline") == (0, "Ship it.\n")
    assert fakefal.calls.one().input == {"prompt": "a tagline"}


def test_the_program_itself(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm", prompt=contains("soap")).text("Clean.")
    done = subprocess.run(
        [sys.executable, str(Path(chat.__file__)), "a tagline for soap"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Clean.\n")


def test_a_reply_can_depend_on_the_prompt(fakefal: FakeFal) -> None:
    def answer(call: CallRecord) -> str:
        return f"You said: {call.input['prompt']}"

    fakefal.on("fal-ai/any-llm").text(answer)
    assert run_chat("hello") == (0, "You said: hello\n")


@pytest.mark.parametrize("preset", ["soft-error", "content-policy"])
def test_failures_end_with_an_exit_code(fakefal: FakeFal, preset: str) -> None:
    fakefal.on("fal-ai/any-llm").preset(preset)
    code, printed = run_chat("x")
    assert code == 1
    assert "!" in printed


def test_a_broken_stream_is_a_failure(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("As far as I know").preset("stream-never-final")
    code, printed = run_chat("x")
    assert (code, printed.splitlines()[-1]) == (1, "! the answer broke off")


def test_the_bug_of_accepting_half_a_text_is_found(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("As far as I know").preset("stream-never-final")
    assert run_chat("x", checks_end=False)[0] == 0
