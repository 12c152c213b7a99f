"""Where a command writes: lines for people, in colour where that shows."""

from __future__ import annotations

import io
from typing import IO

import click


class Terminal:
    """Standard output and error of one run of a command."""

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self.out = out
        self.err = err
        self._is_open = True

    @classmethod
    def silent(cls) -> Terminal:
        """One that nobody reads."""
        return cls(io.StringIO(), io.StringIO())

    def write_line(self, text: str = "") -> None:
        """A line of output; colours are left out where they do not show.

        A reader who has gone (a closed pipe), or a full disk, silences the command and does not end
        it: a server goes on serving.
        """
        if not self._is_open:
            return
        try:
            click.echo(text, file=self.out)
            self.out.flush()
        except BrokenPipeError:
            self._is_open = False
        except OSError as error:
            self._is_open = False
            self.write_error(f"no more is written: {error.strerror or error}")

    def write_error(self, text: str) -> None:
        """Lines about what is wrong; lost if nobody is left to read them."""
        try:
            click.echo(text, file=self.err)
        except OSError:
            return
