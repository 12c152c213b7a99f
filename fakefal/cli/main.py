"""The ``fakefal`` command: loads a subcommand, runs it, and prints errors as one line."""

from __future__ import annotations

import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from difflib import get_close_matches
from keyword import iskeyword
from typing import IO

import click

from fakefal._version import __version__
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError

_COMMANDS = {
    "serve": ("fakefal.cli.commands.serve", "Serve a fake fal.ai until stopped."),
    "run": ("fakefal.cli.commands.run", "Run a command with its fal clients redirected to a fake."),
    "record": ("fakefal.cli.commands.record", "Run a command and record its fal traffic."),
    "import": (
        "fakefal.cli.commands.import_command",
        "Convert a HAR, VCR cassette or curl trace to a scenario.",
    ),
    "diff": ("fakefal.cli.commands.diff", "Compare two recordings."),
    "env": (
        "fakefal.cli.commands.env",
        "Print variables that redirect a shell to a server.",
    ),
    "check": ("fakefal.cli.commands.check", "Check scenario files."),
    "init": (
        "fakefal.cli.commands.project.init",
        "Put example scenarios and settings into a project.",
    ),
    "schema": ("fakefal.cli.commands.schema", "Print the JSON Schema of scenario files."),
    "presets": ("fakefal.cli.commands.presets", "List presets, errors and faults."),
    "explain": ("fakefal.cli.commands.explain", "Show a preset, error or fault in detail."),
    "journal": (
        "fakefal.cli.commands.server.journal",
        "Show what happened on a running server, or follow it.",
    ),
    "misses": ("fakefal.cli.commands.server.journal", "List a server's unmatched calls."),
    "webhooks": ("fakefal.cli.commands.webhooks", "List a server's webhooks, or send them again."),
    "health": ("fakefal.cli.commands.health", "Check whether a server is ready."),
    "verify": (
        "fakefal.cli.commands.verify",
        "Compare fal.ai with what was recorded of it.",
    ),
    "ca": ("fakefal.cli.commands.ca", "Show the local CA, or issue certificates from it."),
    "demo": ("fakefal.cli.commands.demo", "Show fakefal with a real client in five seconds."),
}
"""Each command's module and line of help. Modules are imported on use, to start faster."""

EXIT_USER_ERROR = 2
"""Exit code of errors that the user can fix."""


class _CommandGroup(click.Group):
    owns_process = False
    """Whether this process runs nothing but the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            close = get_close_matches(cmd_name, _COMMANDS, n=1)
            suggestion = (
                f'did you mean "{close[0]}"?' if close else f"one of {', '.join(_COMMANDS)}"
            )
            raise click.UsageError(f'unknown command "{cmd_name}" — {suggestion}')
        gc.disable()  # imports create no garbage, and collections take a tenth of their time
        try:
            with self._import_context():
                module = importlib.import_module(_COMMANDS[cmd_name][0])
            command = getattr(module, f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name)
        finally:
            gc.enable()
        return command if isinstance(command, click.Command) else None

    def _import_context(self) -> AbstractContextManager[None]:
        if not self.owns_process:
            return nullcontext()
        from fakefal.cli.trust_roots import unread_roots  # imports ssl, which --version does not

        return unread_roots()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_CommandGroup,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fakefal")
@click.pass_context
def cli(context: click.Context) -> None:
    """A local fake of fal.ai: real clients, the real protocol, scripted answers."""
    if context.invoked_subcommand is None:
        raise click.UsageError(context.get_help())


def main(argv: Sequence[str], out: IO[str] | None = None, err: IO[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 is success, 2 an error of the user."""
    terminal = Terminal(out or sys.stdout, err or sys.stderr)
    try:
        with redirect_stdout(terminal.out):  # click prints help and version to sys.stdout
            code = cli.main(list(argv), "fakefal", standalone_mode=False, obj=terminal)
    except click.ClickException as error:
        terminal.write_error(f"{error.format_message()}{_hint(error)}")
        return EXIT_USER_ERROR
    except FakefalError as error:
        terminal.write_error(str(error))
        return EXIT_USER_ERROR
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:
        terminal.write_error(f"cannot write: {error.strerror or error}")
        return 1
    return code if isinstance(code, int) else 0


def run() -> None:
    """The entry point of the installed command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # Python was started with a closed descriptor (docs of sys.stdout)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (never closed)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every encoding has an arrow
    # As PID 1 (in a container) default signal actions are ignored: pid_namespaces(7).
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _CommandGroup.owns_process = True
    sys.exit(main(sys.argv[1:]))


def _hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None and error.ctx.parent:
        return f" — see {error.ctx.command_path} --help"
    return ""
