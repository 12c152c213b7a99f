"""``fakefal run``: any command, with its fal clients talking to a fake of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fakefal.cli.certificates import certificates_for
from fakefal.cli.child import CannotStart, Ended, open_files, run_command
from fakefal.cli.escape_guard import Guard
from fakefal.cli.report_files import check_report, write_report
from fakefal.cli.run_report import Outcome, Refusal
from fakefal.cli.server_options import make_fake, server_options
from fakefal.cli.summary import escapes, summary
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.clock import Clock
from fakefal.guard.environment import Reach, changed, redirecting
from fakefal.guard.hooks import hooks_for_all
from fakefal.proxy.parent_proxy import upstream_of
from fakefal.server.rlimits import allow_many
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal

MISSED = 3
"""Exit code of ``--strict`` when the command succeeded and a call met no exchange."""

ESCAPED = 4
"""Exit code when the command succeeded and something tried to reach the real fal."""


class WithCommand(click.Command):
    """Takes what follows ``--`` as it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            args, ctx.params["command"] = args[:at], tuple(args[at + 1 :])
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARGUMENTS]..."]


guard_option = click.option(
    "--guard",
    type=click.Choice(["all", "hooks"]),
    default="all",
    show_default=True,
    help="hooks: no private hosts file for programs other than Python and Node.",
)
"""How programs that the command starts are kept from the real fal; of ``record`` as well."""


@click.command(cls=WithCommand)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@server_options
@click.option("--strict", is_flag=True, help="Fail if a call met no exchange.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    callback=lambda _, __, files: tuple(map(check_report, files)),
    help="Write what happened: FILE.json as JSON, FILE.xml as JUnit. Repeatable.",
)
@click.option("--quiet", is_flag=True, help="No summary, unless the run fails by it.")
@click.option("--key", metavar="KEY", help="The key that programs find, in place of their own.")
@guard_option
@click.pass_obj
def run(
    terminal: Terminal,
    /,
    scenarios: tuple[str, ...],
    strict: bool,
    reports: tuple[Path, ...],
    quiet: bool,
    key: str | None,
    guard: str,
    command: tuple[str, ...] = (),
    **options: Any,
) -> int:
    """Run a command whose fal clients, unmodified, talk to a fake on a free port.

    SCENARIO is a YAML or JSON file, or a folder of them. Without one, any-llm calls get generated
    answers. The exit code is the command's; 128 + N if signal N killed it. An attempt to reach the
    real fal is refused and makes it 4 at least, --strict with a miss 3.
    """
    if not command:
        raise click.UsageError("there is nothing to run — write it after --, as in: -- npm test")
    fake = make_fake(scenarios, **options)
    outcome = Outcome(command)
    fake.engine.listen(outcome.note)
    watch = Clock()
    began = watch.now()
    try:
        run_beside(fake, outcome, key, uses_names=guard == "all")
    except CannotStart as error:
        terminal.complain(str(error))
        outcome.code = outcome.command_code = error.code
    else:
        outcome.seconds = watch.now() - began
        outcome.code = _code(outcome, strict=strict)
        if not quiet or outcome.code != outcome.command_code:
            terminal.complain("\n".join(summary(outcome)))
        elif outcome.escapes:
            terminal.complain("\n".join(escapes(outcome)))
    for path in reports:
        write_report(path, outcome)
    return outcome.code


def run_beside(fake: FakeFal, outcome: Outcome, key: str | None, *, uses_names: bool) -> None:
    """Run the command beside the fake, and note what it came to."""
    environment = dict(os.environ)  # noqa: TID251 (the command gets ours, changed)
    fake.gate.upstream = upstream_of(environment)
    server = ThreadedFakeFal(fake)
    limit = open_files()
    allow_many()  # for the fake; the command is given the limit that we were given
    with tempfile.TemporaryDirectory(prefix="fakefal-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # the command may have become another user
        with server:
            guard = Guard(folder, fake.gate.authority, server.wait)
            if uses_names:
                guard.start()
            reach = _reach(fake, folder, guard, key, environment)
            env = changed(environment, redirecting(reach, environment))
            ended = run_command(outcome.command, env, guard.view, open_files=limit)
            _note(outcome, ended, guard)
            server.call(lambda: outcome.collect(fake.engine))
            outcome.refused = [
                Refusal(f"{it.host}:{it.port}", it.times)
                for it in fake.gate.visits.list()
                if it.what == "refused"
            ]
    outcome.unsent = fake.unsent


def _note(outcome: Outcome, ended: Ended, guard: Guard) -> None:
    outcome.command_code = outcome.code = ended.code
    outcome.left = ended.left
    outcome.escapes = guard.stop()
    outcome.guard = guard.told(ended)


def _reach(
    fake: FakeFal, folder: Path, guard: Guard, key: str | None, environment: Mapping[str, str]
) -> Reach:
    """How the command reaches the fake."""
    python, preload = hooks_for_all(folder)
    bundle, added = certificates_for(folder, fake.ca_path, fake.bundle_path, environment)
    return Reach(
        url=fake.proxy_url,
        bundle=bundle,
        added=added,
        preload=preload,
        python=python,
        escapes=guard.escapes_file,
        key=key,
        everything=fake.offline,
    )


def _code(outcome: Outcome, *, strict: bool) -> int:
    """The exit code of the run: a command that failed keeps its own."""
    if outcome.command_code:
        return outcome.command_code
    if outcome.escapes:
        return ESCAPED
    return MISSED if strict and outcome.misses else 0
