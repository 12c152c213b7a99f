"""``fakefal demo``: a tour of five seconds with a real client."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from fakefal.cli.demo_clients import CallFailed, Client, open_client
from fakefal.cli.terminal import Terminal
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer

ENDPOINT = "fal-ai/any-llm"

SCENARIO: dict[str, Any] = {
    "fakefal": 1,
    "name": "demo",
    "seed": 7,
    "exchanges": [
        {
            "id": "tagline",
            "when": {"endpoint": ENDPOINT, "input": {"prompt": {"$contains": "tagline"}}},
            "reply": {
                "text": "Ship it before the coffee gets cold.",
                "timeline": [
                    {"IN_QUEUE": {"position": 2}},
                    {"IN_QUEUE": {"position": 0}},
                    {"IN_PROGRESS": {"logs": ["loading the model", "writing"], "polls": 2}},
                ],
                "stream": {"by": "word", "every": "120ms"},
            },
        },
        {
            "id": "flaky",
            "when": {"endpoint": ENDPOINT, "input": {"prompt": {"$contains": "flaky"}}},
            "replies": [{"fail": "runner_disconnected"}, {"text": "Second time lucky."}],
        },
    ],
}


@click.command()
@click.pass_obj
def demo(terminal: Terminal) -> None:
    """Start a fake, drive it with a real client (fal_client if installed), and show what happens.

    A queued call with its updates, a stream, an error, and a failure that a retry overcomes.
    """
    console = Console(file=terminal.out, highlight=False, soft_wrap=True)
    # fal_client never closes its connections, so the server does.
    server = FakeFalServer(SCENARIO, keep_alive=False)
    with ThreadedServer(server) as thread, open_client(thread.url) as client:
        console.print(f"[bold]fakefal[/] listens on {thread.url}; the client is {client.name}")
        _subscribe(console, client)
        _stream(console, client)
        _error(console, client)
        _retry(console, client)
    console.print("\n[bold]The scenario[/] of this demo could be a YAML file: see README.md.")


def _title(console: Console, text: str) -> None:
    console.print(f"\n[bold cyan]{text}[/]")


def _subscribe(console: Console, client: Client) -> None:
    _title(console, "1  A queued call, with updates and logs")
    colours = {"IN_QUEUE": "yellow", "IN_PROGRESS": "blue", "COMPLETED": "green"}
    shown_count = 0
    output: Any = None
    for update in client.subscribe(ENDPOINT, {"prompt": "Write a tagline"}):
        if update.status is None:
            output = update.output
            continue
        position = "" if update.position is None else f" at {update.position}"
        console.print(f"   [{colours[update.status]}]{update.status}[/]{position}")
        for message in update.logs[shown_count:]:
            console.print(f"      [dim]log:[/] {message}")
        shown_count = max(shown_count, len(update.logs))
    console.print(f"   → {output['output']}", markup=False)


def _stream(console: Console, client: Client) -> None:
    _title(console, "2  The same, streamed: each event has the text so far")
    for event in client.stream(ENDPOINT, {"prompt": "Write a tagline"}):
        suffix = "…" if event["partial"] else " (partial: false)"
        console.print(f"   {event['output']}{suffix}", markup=False)


def _error(console: Console, client: Client) -> None:
    _title(console, "3  An error: the prompt is missing")
    try:
        client.run(ENDPOINT, {"model": "openai/gpt-4o"})
    except CallFailed as error:
        console.print(f"   [red]{error.status}[/] {error.text}")


def _retry(console: Console, client: Client) -> None:
    _title(console, "4  A runner is lost; the second attempt succeeds")
    for attempt in (1, 2):
        try:
            output = client.run(ENDPOINT, {"prompt": "a flaky one"})
        except CallFailed as error:
            console.print(f"   attempt {attempt}: [red]{error.status}[/] {error.text}")
        else:
            console.print(f"   attempt {attempt}: [green]200[/] {output['output']}")
