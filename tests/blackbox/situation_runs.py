"""Many short conversations of a real client at once, each with a key and a scenario of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Protocol

from fakefal.engine.controls import CallRecord, Controls
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.webhooks import FakeWebhooks
from fakefal.testing.receiver import Receiver
from tests.blackbox.driving import DRIVERS, environment
from tests.blackbox.installing import JS_FOLDER, node_with_clients

CLIENTS = ("python", "js")
SECONDS = 60


class Settled(Protocol):
    """What a conversation is about: its scenario, and the name of the talk in the drivers."""

    @property
    def flow(self) -> str: ...

    @property
    def answers(self) -> tuple[int, ...]: ...

    def configure(self, controls: Controls) -> None: ...


_COMMANDS: dict[str, Callable[[], list[str]]] = {
    "python": lambda: [sys.executable, str(DRIVERS / "situations.py")],
    "js": lambda: [node_with_clients(), str(JS_FOLDER / "situations.mjs")],
}


def hold(client: str, situations: Mapping[str, Settled]) -> dict[str, Any]:
    """Run them all; by name what the client reported at the end, and the journal of its key.

    A talk about webhooks has a receiver of its own, which adds what it received.
    """
    server = ThreadedServer(FakeFalServer())
    engine = server.server.engine
    keys = {name: f"{client}-{name}:x" for name in situations}

    def configure() -> None:
        for name, about in situations.items():
            about.configure(Controls(engine, keys[name], clock="instant"))

    def journals() -> dict[str, list[dict[str, Any]]]:
        return {name: server.server.controls(key).journal() for name, key in keys.items()}

    with server, ExitStack() as stack:
        server.call(configure)
        receivers = {
            name: stack.enter_context(_receiver(server.server.url, about.answers))
            for name, about in situations.items()
            if about.flow.startswith("webhook")
        }
        rows = [{"key": keys[name], "flow": about.flow} for name, about in situations.items()]
        for row, name in zip(rows, situations, strict=True):
            row["receiver"] = receivers[name].url if name in receivers else ""
        done = subprocess.run(
            [*_COMMANDS[client](), server.server.url],
            input=json.dumps(rows),
            env=environment("none"),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        reports = json.loads(done.stdout)
        for name, receiver in receivers.items():
            controls = server.call(partial(server.server.controls, keys[name]))
            FakeWebhooks(server, controls).wait_idle()
            reports[keys[name]] += f"; {_arrived(receiver, server.call(controls.calls))}"
        kept = server.call(journals)
    return {name: {"report": reports[keys[name]], "journal": kept[name]} for name in situations}


def _receiver(url: str, answers: tuple[int, ...]) -> Receiver:
    receiver = Receiver(f"{url}/_fakefal/jwks.json", time.time)
    receiver.respond_with(*answers)
    return receiver


def _arrived(receiver: Receiver, calls: list[CallRecord]) -> str:
    """The webhooks that came, in order: request, status, signature, our reply."""
    names = {call.request_id: name for call, name in zip(calls, "abcdef", strict=False)}
    reports = []
    for it in receiver.arrivals:
        body = it.body
        more = [
            *([f"of {names[it.request_id]}"] if len(calls) > 1 else []),
            *(["with payload_error"] if "payload_error" in body else []),
            *([body["error"]] if body["error"] is not None else []),
            *(["another gateway id"] if body["gateway_request_id"] != it.request_id else []),
            it.problem or "genuine",
        ]
        reports.append(f"{body['status']} ({', '.join(more)}) → {it.reply}")
    return f"received: {'; '.join(reports) or 'nothing'}"
