"""Runs the command line in this process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from fakefal.cli.main import main

ROOT = Path(__file__).parents[2]

GOOD = """\
fakefal: 1
exchanges:
  - when: {endpoint: fal-ai/any-llm}
    reply: {text: Ship it.}
"""

BAD = """\
fakefal: 1
exchanges:
  - when: {endpoint: fal-ai/any-llm}
    reply: {texd: Ship it.}
"""


class Ran(NamedTuple):
    """Exit code and outputs of a command."""

    code: int
    out: str
    err: str


def fakefal(*argv: str | Path) -> Ran:
    """Run ``fakefal`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    code = main([str(argument) for argument in argv], out, err)
    return Ran(code, out.getvalue(), err.getvalue())
