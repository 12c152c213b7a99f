"""``fakefal serve``: runs a server in the foreground and prints a line for each call."""

from __future__ import annotations

import asyncio
import gc
import signal
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from fakefal._version import __version__
from fakefal.cli.output.parent_program import ready_line, stop_at_end_of_stdin
from fakefal.cli.output.server_log import ServerLog
from fakefal.cli.recording.options import (
    RECORDING_OPTION_NAMES,
    RecordingOptions,
    recording_options,
    recording_summary,
)
from fakefal.cli.server_options import make_server, server_options
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.journal import JournalEntry
from fakefal.errors import FakefalError
from fakefal.recorder.capture.modes import Decision
from fakefal.server.event_loop import run
from fakefal.server.rlimits import raise_open_file_limit
from fakefal.server.server import FakeFalServer
from fakefal.settings import Limits


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    misses: int = 0


@click.command(context_settings={"auto_envvar_prefix": "FAKEFAL"})
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8787, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False),
    help="Also write the certificate of the local CA to this file, for clients in containers.",
)
@server_options
@click.option(
    "--folder",
    envvar="FAKEFAL_SCENARIOS",
    type=click.Path(exists=True, file_okay=False),
    help="Load the scenarios of this folder too; unlike a SCENARIO, it may be empty.",
)
@click.option(
    "--token",
    help="Token for the control API. Default: random when listening beyond loopback, else none.",
)
@click.option(
    "--control-host",
    "control_hosts",
    envvar="FAKEFAL_CONTROL_HOST",
    multiple=True,
    metavar="NAME",
    help="Also serve the control API under this host name; repeatable.",
)
@click.option("--record", "path", metavar="FILE", help="Forward calls to fal and record them.")
@recording_options
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or a JSON object for each journal entry.",
)
@click.option("--quiet", is_flag=True, help="Do not print calls.")
@click.option(
    "--replica",
    default="",
    metavar="NAME",
    help="Name of this server among replicas behind a load balancer: request ids differ.",
)
@click.option(
    "--drain",
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="When stopped, refuse new calls and finish running ones, for at most this long.",
)
@click.option(
    "--ready-json",
    is_flag=True,
    help="When all ports listen, print one line of JSON in place of the greeting.",
)
@click.option(
    "--until-stdin-ends",
    is_flag=True,
    help="Stop when standard input ends, as it does when the program that started this has died.",
)
@click.option(
    "--tls-port",
    type=int,
    help="A second port for TLS; 0 takes a free one. Default: none.",
)
@click.pass_obj
def serve(terminal: Terminal, /, scenarios: tuple[str, ...], **options: Any) -> None:
    """Serve a fake fal.ai until stopped (Ctrl-C, SIGTERM).

    SCENARIO is a YAML or JSON file, or a folder of them. Without one, any-llm calls get generated
    responses. Each option can also be set in the environment: --clock as FAKEFAL_CLOCK.
    """
    gc.disable()  # until the server listens: collections take a tenth of the start-up time
    try:
        run(_serve(terminal, scenarios, **options))
    finally:
        gc.unfreeze()
        gc.enable()


async def _serve(
    terminal: Terminal,
    scenarios: tuple[str, ...],
    host: str,
    port: int,
    quiet: bool,
    drain: float,
    folder: str | None,
    ca_file: str | None,
    path: str | None,
    log_format: str,
    ready_json: bool,
    until_stdin_ends: bool,
    **settings: Any,
) -> None:
    if folder is not None:
        scenarios = (*scenarios, *_scenarios_in(folder))
    settings["control_hosts"] = frozenset(settings["control_hosts"])
    recording_arguments = {name: settings.pop(name) for name in RECORDING_OPTION_NAMES}
    recording = None if path is None else RecordingOptions.parse(path, **recording_arguments)
    scenarios, decision = _with_recording(terminal, scenarios, recording)
    server = make_server(scenarios, host=host, port=port, **settings)
    if recording is not None and decision is not None and decision.should_record:
        config = recording.server_settings(decision, terminal)
        # In mode new the scenarios answer first, also before there is a recording.
        misses_only = recording.mode == "new" and bool(server.engine.scenarios)
        server.record(replace(config, misses_only=misses_only))
    if ca_file is not None:
        _write_atomically(Path(ca_file), server.proxy.authority.pem)
    tally = _Tally()
    log = ServerLog(terminal, log_format, is_quiet=quiet)

    def on_journal_entry(entry: JournalEntry) -> None:
        if entry.kind == "call":
            tally.calls += 1
        if entry.miss is not None:
            tally.misses += 1
        log.write_entry(entry)

    server.engine.add_listener(on_journal_entry)
    server.engine.notice_listeners.append(log.write_notice)
    raise_open_file_limit()
    stop_event = _stop_event(until_stdin_ends)
    try:
        async with server:
            _announce(terminal, log, server, ready_json)
            await _run_until_stopped(server, log, drain, stop_event)
    finally:
        log.flush()
    _print_summary(terminal, log, server, tally, Path(path or ""))


def _print_summary(
    terminal: Terminal, log: ServerLog, server: FakeFalServer, tally: _Tally, recording: Path
) -> None:
    for line in server.engine.bounds.lines():
        terminal.write_line(line)
    for line in server.unsent:
        terminal.write_line(f"webhook still due: {line}")
    for line in recording_summary(server.recorded, recording):
        terminal.write_line(line)
    text = f"stopped after {pluralize(tally.calls, 'call')}, {pluralize(tally.misses, 'miss')}"
    log.write("stopped", text, calls=tally.calls, misses=tally.misses)


async def _run_until_stopped(
    server: FakeFalServer, log: ServerLog, drain: float, stop_event: asyncio.Event
) -> None:
    """Serve until a signal, and then for at most ``drain`` seconds what is unfinished."""
    gc.freeze()  # objects of the start-up live as long as the server
    gc.enable()
    await stop_event.wait()
    if drain > 0:
        stop_event.clear()
        log.write("draining", f"draining for at most {drain:g} s; stop again to end at once")
        await server.drain(drain, stop_event)


def _with_recording(
    terminal: Terminal, scenarios: tuple[str, ...], recording: RecordingOptions | None
) -> tuple[tuple[str, ...], Decision | None]:
    """The scenarios to serve, with the recording if it is replayed; and what happens to it.

    Raises FakefalError.
    """
    if recording is None:
        return scenarios, None
    decision = recording.decide()
    if decision.loaded is None:
        return scenarios, decision
    for line in recording.describe_replay(decision):
        terminal.write_error(line)
    problems = recording.replay_problems(decision)
    if recording.strict and problems:
        raise FakefalError("\n".join(problems))
    path = str(recording.path)
    return (scenarios if path in scenarios else (*scenarios, path)), decision


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file and rename it, as other containers wait for it; raises FakefalError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"cannot write {path}: {reason} — name another --ca-file") from None


def _scenarios_in(folder: str) -> tuple[str, ...]:
    """The folder as a scenario, unless it is empty, as a container's default mount may be."""
    # Imported late, as a server without scenarios starts faster without the loader.
    from fakefal.scenario.files.loader import is_empty

    return () if is_empty(folder) else (folder,)


def _announce(terminal: Terminal, log: ServerLog, server: FakeFalServer, ready_json: bool) -> None:
    if ready_json:
        terminal.write_line(ready_line(server))
    else:
        log.write("listening", _greeting(server), url=server.url)


def _stop_event(until_stdin_ends: bool) -> asyncio.Event:
    """An event that is set by SIGINT and SIGTERM, and by the end of standard input if wanted."""
    stop_event = asyncio.Event()
    if until_stdin_ends:
        stop_at_end_of_stdin(stop_event)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop_event.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop_event.set))
    return stop_event


def _greeting(server: FakeFalServer) -> str:
    url = server.url
    if server.engine.scenarios:
        loaded = ", ".join(
            f"{scenario.file} ({pluralize(len(scenario.exchanges), 'exchange')})"
            for scenario in server.engine.scenarios
        )
    else:
        loaded = "no scenario: any-llm calls get generated responses"
    clock = server.settings.clock if server.settings.speed == 1 else f"×{server.settings.speed:g}"
    others_policy = "blocks other hosts" if server.offline else "forwards other hosts"
    rows = [
        ("loaded", loaded),
        ("clock", clock),
        ("proxy", f"HTTPS_PROXY={server.proxy_url} ({others_policy})"),
        *([("CA", str(server.ca_path))] if server.tls_url else []),
        *(
            [("token", f"{server.token} (required by the control API)")]
            if server.has_generated_token
            else []
        ),
        ("Python", "in pytest, the fixture: def test_x(fakefal): …"),
        ("JS", f'fal.config({{ proxyUrl: {{ url: "{url}/api/fal/proxy", when: "always" }} }})'),
        ("base URL", server.base_url("queue.fal.run")),
        (
            "curl",
            f"curl {url}/fal.run/fal-ai/any-llm -H 'Authorization: Key any' "
            """-d '{"prompt": "hello"}'""",
        ),
        ("limits", _limits_text(server.settings.limits)),
    ]
    head = f"fakefal {__version__} listens on {click.style(url, bold=True)}"
    if server.tls_url:
        head += f" and {click.style(server.tls_url, bold=True)}"
    return "\n".join([head, *(f"  {name:<9} {text}" for name, text in rows)])


def _limits_text(limits: Limits) -> str:
    """The limits that callers meet, and those that were changed."""
    default = Limits()
    shown = ["tenants", "jobs", "deliveries", "files", "sockets"]
    shown += [
        field.name
        for field in fields(limits)
        if field.name not in shown and getattr(limits, field.name) != getattr(default, field.name)
    ]
    return ", ".join(f"{name} {getattr(limits, name):g}" for name in shown)
