"""Many short conversations of a real client at once, each with a key and a scenario of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fakefal.engine.controls import Controls
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from tests.blackbox.driving import DRIVERS, environment
from tests.blackbox.installing import JS_FOLDER, node_with_clients

CLIENTS = ("python", "js")
SECONDS = 60


class Settled(Protocol):
    """What a conversation is about: its scenario, and the name of the talk in the drivers."""

    @property
    def talk(self) -> str: ...

    def settle(self, controls: Controls) -> None: ...


_COMMANDS: dict[str, Callable[[], list[str]]] = {
    "python": lambda: [sys.executable, str(DRIVERS / "situations.py")],
    "js": lambda: [node_with_clients(), str(JS_FOLDER / "situations.mjs")],
}


def hold(client: str, talks: Mapping[str, Settled], **more: Any) -> dict[str, Any]:
    """Hold them all; by name what the client told at the end, and the journal of its key.

    ``more`` goes to every conversation of the driver.
    """
    server = ThreadedFakeFal(FakeFal())
    engine = server.fake.engine
    keys = {name: f"{client}-{name}:x" for name in talks}

    def settle() -> None:
        for name, about in talks.items():
            about.settle(Controls(engine, keys[name], clock="instant"))

    def journals() -> dict[str, list[dict[str, Any]]]:
        return {name: server.fake.controls(key).journal() for name, key in keys.items()}

    with server:
        server.call(settle)
        rows = [{"key": keys[name], "talk": about.talk, **more} for name, about in talks.items()]
        done = subprocess.run(
            [*_COMMANDS[client](), server.fake.url],
            input=json.dumps(rows),
            env=environment("none"),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told, kept = json.loads(done.stdout), server.call(journals)
    return {name: {"told": told[keys[name]], "journal": kept[name]} for name in talks}
