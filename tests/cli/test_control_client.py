from __future__ import annotations

import pytest

from fakefal.cli.control_client import ControlClient
from fakefal.errors import FakefalError
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer


def test_a_route_is_read_and_errors_are_those_of_the_server() -> None:
    with ThreadedServer(FakeFalServer()) as server:
        client = ControlClient(server.url, "a:b", None)
        assert client.get("/journal", kind="call", text=None) == []
        with pytest.raises(FakefalError, match="unknown name"):
            client.get("/journal", kin="call")


def test_events_are_pairs_of_name_and_json() -> None:
    with ThreadedServer(FakeFalServer()) as server:
        client = ControlClient(server.url, "a:b", None)
        with pytest.raises(FakefalError):
            client.get("/nothing")
        events = client.events("/journal/live", since=0)
        server.engine.reset_tenant("a:b").record("lint", 200, "hello")
        entry = next(data for name, data in events if name == "entry")
        assert (entry["kind"], entry["note"]) == ("lint", "hello")
