"""Standard output and error of a command."""

from __future__ import annotations

import io
import os
from typing import IO

import click

# no-color.org: any value that is not empty. None lets click decide by the kind of output.
_COLOUR = False if os.environ.get("NO_COLOR") else None  # noqa: TID251 (the user's terminal)


class Terminal:
    """Writes lines to standard output and error."""

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self.out = out
        self.err = err
        self.has_colours = out.isatty() and _COLOUR is None
        """Whether lines may have colours; from others they are removed."""
        self._is_open = True

    @classmethod
    def silent(cls) -> Terminal:
        """A terminal whose output is discarded."""
        return cls(io.StringIO(), io.StringIO())

    def write_line(self, text: str = "") -> None:
        """Write a line.

        After a write error (a closed pipe, a full disk) output is discarded, so that a server
        continues to serve.
        """
        if not self._is_open:
            return
        try:
            if self.has_colours:
                click.echo(text, file=self.out)
            else:
                self.out.write(f"{click.unstyle(text)}\n")
            self.out.flush()
        except BrokenPipeError:
            self._is_open = False
        except OSError as error:
            self._is_open = False
            self.write_error(f"output stopped: {error.strerror or error}")

    def write_error(self, text: str) -> None:
        """Write lines to standard error; write errors are ignored."""
        try:
            click.echo(text, file=self.err, color=_COLOUR)
        except OSError:
            return


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """``1 miss``, ``2 misses``."""
    plural = plural or (f"{noun}es" if noun.endswith("s") else f"{noun}s")
    return f"{number} {noun if number == 1 else plural}"
