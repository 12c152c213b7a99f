"""The lines of calls: what they show, and that those of a moment are written together."""

from __future__ import annotations

import asyncio
import io

import click
import pytest

from fakefal.cli.call_printer import CallPrinter
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import JournalEntry
from tests.building import make_call, make_engine, tenant_of


class Output(io.StringIO):
    """An output that counts its flushes, and may be a terminal."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self.is_terminal = is_terminal
        self.flushes = 0
        self.flushed = asyncio.Event()

    def isatty(self) -> bool:
        return self.is_terminal

    def flush(self) -> None:
        self.flushes += 1
        self.flushed.set()


def entries() -> list[JournalEntry]:
    """Those of two submits and a poll."""
    tenant = tenant_of(make_engine())
    job = tenant.submit(make_call())
    tenant.submit(make_call(webhook=None, input_={"prompt": "other"}))
    tenant.status(job.call.endpoint.app, job.id, with_logs=False)
    return [*tenant.journal]


async def test_the_lines_of_a_moment_are_written_at_once() -> None:
    out = Output()
    printer = CallPrinter(Terminal(out, io.StringIO()))
    for entry in entries():
        printer.print_entry(entry)
    assert (out.getvalue(), out.flushes) == ("", 0)
    await out.flushed.wait()
    lines = out.getvalue().splitlines()
    assert out.flushes == 1
    assert [line.split()[1:3] for line in lines] == [["queue", "fal-ai/any-llm"]] * 2


async def test_what_is_due_is_written_by_flush() -> None:
    out = Output()
    printer = CallPrinter(Terminal(out, io.StringIO()))
    printer.print_entry(entries()[0])
    printer.flush()
    assert out.getvalue().count("\n") == 1
    printer.flush()
    assert out.flushes == 1


@pytest.mark.parametrize("is_terminal", [True, False])
async def test_only_a_terminal_gets_colours(is_terminal: bool) -> None:
    out = Output(is_terminal=is_terminal)
    printer = CallPrinter(Terminal(out, io.StringIO()))
    printer.print_entry(entries()[0])
    printer.flush()
    assert (click.unstyle(out.getvalue()) != out.getvalue()) is is_terminal
