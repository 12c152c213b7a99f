"""``fakefal serve``: runs a server in the foreground and prints a line for each call."""

from __future__ import annotations

import asyncio
import gc
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fakefal._version import __version__
from fakefal.cli.output.parent_program import ready_line, stop_at_end_of_stdin
from fakefal.cli.output.server_story import ServerStory
from fakefal.cli.recording_options import (
    RECORDING_OPTION_NAMES,
    RecordingOptions,
    record_with,
    recording_options,
    recording_summary,
)
from fakefal.cli.server_options import make_server, server_options
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.journal import JournalEntry
from fakefal.errors import FakefalError
from fakefal.server.event_loop import run
from fakefal.server.rlimits import raise_open_file_limit
from fakefal.server.server import FakeFalServer


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
    if recording is not None and recording.is_additive and path not in scenarios:
        scenarios = (*scenarios, str(path))
    server = make_server(scenarios, host=host, port=port, **settings)
    if recording is not None:
        record_with(server, terminal, recording)
    if ca_file is not None:
        _write_atomically(Path(ca_file), server.proxy.authority.pem)
    tally = _Tally()
    story = ServerStory(terminal, log_format, is_quiet=quiet)

    def on_journal_entry(entry: JournalEntry) -> None:
        if entry.kind == "call":
            tally.calls += 1
        if entry.miss is not None:
            tally.misses += 1
        story.tell_entry(entry)

    server.engine.add_listener(on_journal_entry)
    server.engine.notice_listeners.append(story.tell_notice)
    raise_open_file_limit()
    stop_event = _stop_event(until_stdin_ends)
    try:
        async with server:
            _announce(terminal, story, server, ready_json)
            gc.freeze()  # objects of the start-up live as long as the server
            gc.enable()
            await stop_event.wait()
    finally:
        story.flush()
    _print_summary(terminal, story, server, tally, Path(path or ""))


def _print_summary(
    terminal: Terminal, story: ServerStory, server: FakeFalServer, tally: _Tally, recording: Path
) -> None:
    for line in server.unsent:
        terminal.write_line(f"webhook still due: {line}")
    for line in recording_summary(server.recorded, recording):
        terminal.write_line(line)
    text = f"stopped after {pluralize(tally.calls, 'call')}, {pluralize(tally.misses, 'miss')}"
    story.tell("stopped", text, calls=tally.calls, misses=tally.misses)


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


def _announce(
    terminal: Terminal, story: ServerStory, server: FakeFalServer, ready_json: bool
) -> None:
    if ready_json:
        terminal.write_line(ready_line(server))
    else:
        story.tell("listening", _greeting(server), url=server.url)


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
    ]
    head = f"fakefal {__version__} listens on {click.style(url, bold=True)}"
    if server.tls_url:
        head += f" and {click.style(server.tls_url, bold=True)}"
    return "\n".join([head, *(f"  {name:<9} {text}" for name, text in rows)])
