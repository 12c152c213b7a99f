"""``fakefal webhooks``: lists the webhooks of a running server and sends them again."""

from __future__ import annotations

import json
from typing import Any

import click

from fakefal.cli.control_client import ControlClient
from fakefal.cli.terminal import Terminal

_COLOURS = {"delivered": "green", "waiting": "yellow", "held": "yellow", "sending": "yellow"}


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:8787", show_default=True, help="URL of the server."
)
@click.option(
    "--key",
    envvar="FAL_KEY",
    default="any:key",
    help="API key that submitted the calls. Default: FAL_KEY.",
)
@click.option(
    "--token", envvar="FAKEFAL_TOKEN", help="Token that the server printed. Default: FAKEFAL_TOKEN."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--redeliver", metavar="REQUEST_ID", help='Send one again; "failed" sends all failed ones.'
)
@click.pass_obj
def webhooks(
    terminal: Terminal,
    url: str,
    key: str,
    token: str | None,
    as_json: bool,
    redeliver: str | None,
) -> None:
    """List the webhooks of a running server, or send them again immediately, correctly signed."""
    client = ControlClient(url, key, token)
    if redeliver is None:
        deliveries = client.get("/webhooks")
    else:
        body = {} if redeliver == "failed" else {"request_id": redeliver}
        deliveries = client.post("/webhooks/redeliver", body)
    if as_json:
        terminal.write_line(json.dumps(deliveries, indent=2, ensure_ascii=False))
        return
    for delivery in deliveries:
        terminal.write_line(_format_delivery(delivery))
    if not deliveries:
        terminal.write_line("no webhooks" if redeliver is None else "nothing to send again")


def _format_delivery(delivery: dict[str, Any]) -> str:
    state = click.style(f"{delivery['state']:<9}", fg=_COLOURS.get(delivery["state"], "red"))
    attempts = delivery["attempts"]
    tried = f"{len(attempts)} attempt{'' if len(attempts) == 1 else 's'}"
    last = ""
    if attempts:
        last = f"last {attempts[-1]['status'] or attempts[-1]['failure']}"
    due = f"due {delivery['due']}" if delivery["due"] else ""
    parts = (delivery["request_id"], delivery["url"], tried, last, delivery["why"], due)
    return f"{state} {'  '.join(filter(None, parts))}"
