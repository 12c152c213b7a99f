"""The guard of Python programs, and the way through the proxy for websockets before 15."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from fakefal.guard.hooks import PRELOAD
from fakefal.guard.hooks.python import fakefal_child as child
from fakefal.protocol.core import hosts


def test_all_hooks_know_the_same_domains() -> None:
    script = PRELOAD.with_name("hosts.cjs").read_text(encoding="utf-8")
    listed = re.search(r"DOMAINS = (\[.*?\])", script)
    assert listed is not None
    assert tuple(json.loads(listed[1])) == child.DOMAINS == hosts.DOMAINS


@pytest.mark.parametrize(
    "name", [*hosts.CANONICAL_HOSTS, "Queue.FAL.run.", b"fal.run", "x.y.fal.media"]
)
def test_fals_hosts_are_known(name: str | bytes) -> None:
    assert child.is_fal_host(name)


@pytest.mark.parametrize("name", ["notfal.run", "fal.run.example", "", None, 7, "127.0.0.1"])
def test_others_are_not(name: object) -> None:
    assert not child.is_fal_host(name)


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://127.0.0.1:9", "a direct connection to"), (None, "a connection to .*: no fake runs")],
    ids=["with-a-fake", "without"],
)
def test_an_attempt_is_blocked_and_reported(
    url: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "escapes"
    path.touch()
    monkeypatch.delenv("FAKEFAL_URL", raising=False)
    if url is not None:
        monkeypatch.setenv("FAKEFAL_URL", url)
    monkeypatch.setenv("FAKEFAL_ESCAPES", str(path))
    for event, arguments in (
        ("socket.getaddrinfo", ("fal.run", 443, 0, 0, 0)),
        ("socket.gethostbyname", ("rest.fal.ai",)),
        ("socket.connect", (None, ("queue.falrun.com", 443))),
        ("socket.getaddrinfo", (b"fal.run", None)),
    ):
        with pytest.raises(child.EscapeBlocked, match=f"^fakefal blocked {words}"):
            child._audit(event, arguments)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    targets = ["fal.run:443", "rest.fal.ai", "queue.falrun.com:443", "fal.run"]
    assert [record["target"] for record in records] == targets
    assert all("test_fakefal_child.py" in record["stack"][-1] for record in records)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.getaddrinfo", ("example.com", 443)),
        ("socket.connect", (None, "/run/socket")),
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("socket.connect", (None, ())),
        ("open", ("fal.run", "r", 0)),
    ],
)
def test_other_events_are_ignored(event: str, arguments: tuple[Any, ...]) -> None:
    child._audit(event, arguments)


def test_an_attempt_is_blocked_even_if_it_cannot_be_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKEFAL_ESCAPES", str(tmp_path / "gone" / "escapes"))
    with pytest.raises(child.EscapeBlocked):
        child.block("fal.run", 443, "test")


def proxy(answer: bytes) -> tuple[str, list[bytes]]:
    """One that answers a single CONNECT."""
    server = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []

    def serve() -> None:
        with server, server.accept()[0] as taken:
            heads.append(taken.recv(1000))
            taken.sendall(answer)

    threading.Thread(target=serve).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", heads


def test_a_socket_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    url, heads = proxy(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nfirst")
    monkeypatch.setenv("FAKEFAL_URL", url)
    options = child._socket_for("wss://fal.run/x", {})
    with options["sock"] as sock:
        assert sock.recv(5) == b"first"
    assert heads == [b"CONNECT fal.run:443 HTTP/1.1\r\nHost: fal.run:443\r\n\r\n"]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 502 no\r\n\r\n", b""])
def test_a_proxy_that_refuses_is_a_connection_error(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = proxy(answer)
    monkeypatch.setenv("FAKEFAL_URL", url)
    with pytest.raises(ConnectionError, match="fakefal"):
        child._socket_for("wss://fal.run/x", {})


@pytest.mark.parametrize("uri", ["wss://example.com/", "not a uri", None])
def test_other_sockets_are_left_alone(uri: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKEFAL_URL", "http://127.0.0.1:9")
    assert child._socket_for(uri, {}) == {}
    assert child._socket_for("wss://fal.run/", {"sock": None}) == {}


@pytest.mark.parametrize(("version", "is_patched"), [("14.2", True), ("15.0", False)])
def test_websockets_that_know_proxies_are_left_alone(
    version: str, is_patched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "websockets", ModuleType("websockets"))
    monkeypatch.setattr(child, "_version", lambda: version)
    connect = SimpleNamespace
    module = ModuleType("websockets.sync.client")
    module.__dict__["connect"] = connect
    child._patch(module)
    assert (module.__dict__["connect"] is not connect) == is_patched
