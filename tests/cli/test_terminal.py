from __future__ import annotations

import errno
import io

import click
import pytest

from fakefal.cli.terminal import Terminal


class Failing(io.StringIO):
    """An output that fails on write."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error
        self.tried = 0

    def write(self, text: str) -> int:
        self.tried += 1
        raise self.error


class Late(io.StringIO):
    """An output that counts flushes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def flush(self) -> None:
        self.seen.append(self.getvalue())


def test_lines_and_errors_go_to_different_streams() -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out, err)
    terminal.write_line("one")
    terminal.write_line()
    terminal.write_error("two")
    assert (out.getvalue(), err.getvalue()) == ("one\n\n", "two\n")


def test_every_line_is_flushed() -> None:
    out = Late()
    Terminal(out, io.StringIO()).write_line("one")
    assert out.seen[-1] == "one\n"


def test_colours_are_removed_unless_the_output_is_a_terminal() -> None:
    out = io.StringIO()
    Terminal(out, io.StringIO()).write_line(click.style("green", fg="green"))
    assert out.getvalue() == "green\n"


def test_a_closed_pipe_silences_the_output() -> None:
    out, err = Failing(BrokenPipeError(errno.EPIPE, "Broken pipe")), io.StringIO()
    terminal = Terminal(out, err)
    terminal.write_line("one")
    terminal.write_line("two")
    assert (out.tried, err.getvalue()) == (1, "")


def test_a_full_disk_is_reported_once() -> None:
    out, err = Failing(OSError(errno.ENOSPC, "No space left on device")), io.StringIO()
    terminal = Terminal(out, err)
    terminal.write_line("one")
    terminal.write_line("two")
    assert out.tried == 1
    assert err.getvalue() == "output stopped: No space left on device\n"


@pytest.mark.parametrize("code", [errno.EPIPE, errno.ENOSPC])
def test_an_error_that_cannot_be_written_is_ignored(code: int) -> None:
    err = Failing(OSError(code, "gone"))
    Terminal(io.StringIO(), err).write_error("one")
    assert err.tried == 1
