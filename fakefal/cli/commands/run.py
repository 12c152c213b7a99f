"""``fakefal run``: runs a command with its fal clients redirected to a new server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fakefal.cli.certificates import write_certificates
from fakefal.cli.child import CannotStart, ExitInfo, open_files, run_command
from fakefal.cli.escape_guard import EscapeGuard
from fakefal.cli.report_files import check_report, write_report
from fakefal.cli.run_report import BlockedHost, RunReport
from fakefal.cli.server_options import make_server, server_options
from fakefal.cli.summary import escape_lines, summarize
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.clock import Clock
from fakefal.guard.environment import RedirectConfig, apply_changes, redirect_changes
from fakefal.guard.hooks import readable_hooks
from fakefal.proxy.parent_proxy import parent_proxy_of
from fakefal.server.rlimits import raise_open_file_limit
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer

EXIT_MISSES = 3
"""Exit code of ``--strict`` if the command succeeded and a call matched no exchange."""

EXIT_ESCAPES = 4
"""Exit code if the command succeeded and a program tried to reach the real fal."""


class WithCommand(click.Command):
    """A click command with a parameter ``command`` for the arguments after ``--``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            index = args.index("--")
            args, ctx.params["command"] = args[:index], tuple(args[index + 1 :])
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARGUMENTS]..."]


guard_option = click.option(
    "--guard",
    type=click.Choice(["all", "hooks"]),
    default="all",
    show_default=True,
    help="Keep programs from the real fal: hooks guards Python and Node only, all uses a private "
    "hosts file for other programs too.",
)
"""The ``--guard`` option of ``run`` and ``record``."""


@click.command(cls=WithCommand)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@server_options
@click.option("--strict", is_flag=True, help="Fail if a call matched no exchange.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    callback=lambda _, __, files: tuple(map(check_report, files)),
    help="Write a report, to FILE.json as JSON or FILE.xml as JUnit; repeatable.",
)
@click.option("--quiet", is_flag=True, help="Print a summary only if it makes the run fail.")
@click.option("--key", metavar="KEY", help="Set FAL_KEY to this key.")
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
    """Run a command with its unmodified fal clients redirected to a fake on a free port.

    SCENARIO is a YAML or JSON file, or a folder of them. Without one, any-llm calls get generated
    responses. The exit code is the command's, or 128 + N if signal N killed it. If it is 0, an
    attempt to reach the real fal (which is blocked) exits with 4, and a miss under --strict with 3.
    """
    if not command:
        raise click.UsageError("no command — write it after --, as in: -- npm test")
    server = make_server(scenarios, **options)
    report = RunReport(command)
    server.engine.add_listener(report.on_journal_entry)
    clock = Clock()
    start = clock.now()
    try:
        run_with_server(server, report, key, uses_names=guard == "all")
    except CannotStart as error:
        terminal.write_error(str(error))
        report.code = report.command_code = error.code
    else:
        report.seconds = clock.now() - start
        report.code = _exit_code(report, strict=strict)
        if not quiet or report.code != report.command_code:
            terminal.write_error("\n".join(summarize(report)))
        elif report.escapes:
            terminal.write_error("\n".join(escape_lines(report)))
    for path in reports:
        write_report(path, report)
    return report.code


def run_with_server(
    server: FakeFalServer, report: RunReport, key: str | None, *, uses_names: bool
) -> None:
    """Run the report's command while the server runs, and complete the report."""
    environment = dict(os.environ)  # noqa: TID251 (a copy with changes is for the command)
    server.proxy.parent_proxy = parent_proxy_of(environment)
    thread = ThreadedServer(server)
    limit = open_files()
    raise_open_file_limit()  # for the server; the command gets the previous limit
    with tempfile.TemporaryDirectory(prefix="fakefal-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # the command may run as another user
        with thread:
            escape_guard = EscapeGuard(folder, server.proxy.authority, thread.submit)
            if uses_names:
                escape_guard.start()
            redirect_config = _redirect_config(server, folder, escape_guard, key, environment)
            env = apply_changes(environment, redirect_changes(redirect_config, environment))
            exit_info = run_command(
                report.command, env, escape_guard.etc_overrides, open_files=limit
            )
            _record_exit(report, exit_info, escape_guard)
            thread.call(lambda: report.collect(server.engine))
            report.blocked_hosts = [
                BlockedHost(f"{host.host}:{host.port}", host.times)
                for host in server.proxy.log.entries()
                if host.action == "refused"
            ]
    report.unsent_webhooks = server.unsent


def _record_exit(report: RunReport, exit_info: ExitInfo, escape_guard: EscapeGuard) -> None:
    report.command_code = report.code = exit_info.code
    report.running_processes = exit_info.running_processes
    report.escapes = escape_guard.stop()
    report.guard = escape_guard.describe_coverage(exit_info)


def _redirect_config(
    server: FakeFalServer,
    folder: Path,
    escape_guard: EscapeGuard,
    key: str | None,
    environment: Mapping[str, str],
) -> RedirectConfig:
    """The configuration that redirects the command to the server."""
    python, preload = readable_hooks(folder)
    bundle, added = write_certificates(folder, server.ca_path, server.bundle_path, environment)
    return RedirectConfig(
        url=server.proxy_url,
        bundle=bundle,
        extra_certs=added,
        node_preload=preload,
        python_hooks=python,
        escapes_file=escape_guard.escapes_file,
        key=key,
        is_proxy_for_all=server.offline,
    )


def _exit_code(report: RunReport, *, strict: bool) -> int:
    """The exit code of ``fakefal run``."""
    if report.command_code:
        return report.command_code
    if report.escapes:
        return EXIT_ESCAPES
    return EXIT_MISSES if strict and report.misses else 0
