"""Connection faults apply under TLS and through the proxy as well."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.builder import build_defaults
from fakefal.scenario.compiler.faults import GARBAGE
from tests.building import exchange
from tests.server.connections import TLS_WAYS
from tests.server.fault_server import (
    BODY,
    LOOPS,
    ServerUnderTest,
    faulty,
    split_chunks,
    threaded_server,
)
from tests.server.raw_http import http

on_both = pytest.mark.parametrize("loop", LOOPS)
in_each_way = pytest.mark.parametrize("way", [*TLS_WAYS, "tunnel"])
HALF = BODY[: len(BODY) // 2]


@on_both
@in_each_way
@pytest.mark.parametrize(
    ("fault", "body", "end"),
    [
        ("reset", b"", "reset"),
        ("close", b"", "closed"),
        ("reset-headers", b"", "reset"),
        ("reset-during", HALF, "reset"),
        ("reset-after", BODY, "reset"),
        ("truncate", HALF, "closed"),
        ({"close": "after"}, BODY, "closed"),
    ],
)
def test_the_connection_ends_at_the_cut_as_scripted(
    loop: str, way: str, fault: Any, body: bytes, end: str
) -> None:
    with threaded_server(loop, faulty("run", fault), way=way) as served:
        assert served.request(http(keep_alive=True))[1:] == (body, end)
        assert served.request(http())[1:] == (BODY, "closed")


@on_both
@in_each_way
def test_garbage_is_not_http(loop: str, way: str) -> None:
    with threaded_server(loop, faulty("run", "garbage"), way=way) as served:
        assert served.connect(http(keep_alive=True)).read_rest() == (GARBAGE, "closed")


@on_both
@in_each_way
def test_a_large_body_arrives_up_to_the_reset(loop: str, way: str) -> None:
    fault = {"reset": "during"}
    large = exchange({"output": "x" * 2_000_000, "faults": {"run": [fault]}})
    with threaded_server(loop, large, way=way) as served:
        _, body, end = served.request(http())
        assert (end, set(body[1:])) == ("reset", {ord("x")})
        assert 1 < len(body) <= 1_000_001  # a reset discards unsent bytes


@on_both
@in_each_way
def test_a_stall_lasts_its_duration(loop: str, way: str) -> None:
    with threaded_server(loop, faulty("run", {"delay": "20s"}), way=way) as served:
        connection = served.connect(http())
        served.wait_until_clock_is_awaited()
        assert connection.is_silent()
        served.advance(20)
        assert connection.read_rest()[0].endswith(BODY)


@on_both
@in_each_way
def test_a_slow_body_arrives_in_parts(loop: str, way: str) -> None:
    with threaded_server(
        loop, faulty("run", {"slow": {"bytes": 7, "every": "1s"}}), way=way
    ) as served:
        connection = served.connect(http())
        connection.read_head()
        for at in range(0, len(BODY), 7):
            assert connection.read(len(BODY[at : at + 7])) == BODY[at : at + 7]
            if at + 7 < len(BODY):
                served.wait_until_clock_is_awaited()
                served.advance(1)
        assert connection.read_rest() == (b"", "closed")


@on_both
@in_each_way
@pytest.mark.parametrize(("how", "end"), [("close", "closed"), ("reset", "reset")])
def test_a_stream_breaks_off_after_n_events(loop: str, way: str, how: str, end: str) -> None:
    cut = exchange({"text": "a b c", "stream": {"cut": {"after": 2, "how": how}}})
    with threaded_server(loop, cut, way=way) as served:
        _, body, ended = served.request(http(path=b"/fal-ai/any-llm/stream"))
        assert (len(split_chunks(body)), ended) == (2, end)


def down(loop: str, way: str) -> Any:
    return threaded_server(loop, way=way, hosts={"queue.fal.run": "down", "rest.fal.ai": "down"})


@on_both
@pytest.mark.parametrize("way", TLS_WAYS)
@pytest.mark.parametrize("name", ["queue.fal.run", "rest.alpha.fal.ai"])
def test_a_host_that_is_down_ends_the_connection_before_tls(loop: str, way: str, name: str) -> None:
    with down(loop, way) as served:
        with pytest.raises(ConnectionResetError):
            served.connect_to(name)
        assert served.journal() == []


@on_both
@pytest.mark.parametrize("way", TLS_WAYS)
@pytest.mark.parametrize("name", ["fal.run", "queue.falrun.com", "localhost"])
def test_other_hosts_and_the_backup_stay_reachable(loop: str, way: str, name: str) -> None:
    with down(loop, way) as served:
        if name == "localhost" and way == "connect":
            return
        connection = served.connect_to(name)
        path = b"/fal.run/fal-ai/healthy" if name == "localhost" else b"/fal-ai/healthy"
        connection.sendall(http(host=name.encode(), path=path))
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.close()


@on_both
@pytest.mark.parametrize("way", TLS_WAYS)
def test_a_host_that_is_down_for_one_tenant_resets_its_requests(loop: str, way: str) -> None:
    with threaded_server(loop, way=way) as served:
        defaults = build_defaults({"hosts": {"fal.run": "down"}})
        served.thread.call(lambda: served.controls.update(defaults))
        assert served.request(http(path=b"/fal-ai/healthy")) == (b"", b"", "reset")
        other = http(path=b"/fal-ai/healthy", key=b"Key another")
        assert served.request(other)[0].startswith(b"HTTP/1.1 200")
        served.thread.call(lambda: served.controls.reset())


@on_both
@pytest.mark.parametrize("way", TLS_WAYS)
def test_a_host_that_a_test_took_down_is_unreachable(loop: str, way: str) -> None:
    with threaded_server(loop, way=way) as served:
        set_default_tenant(served)
        with pytest.raises(ConnectionResetError):
            served.connect_to("fal.run")
        served.server.engine.default_tenant = None
        served.thread.call(lambda: served.controls.reset())


def set_default_tenant(served: ServerUnderTest) -> None:
    defaults = build_defaults({"hosts": {"fal.run": "down"}})

    def make() -> None:
        served.controls.update(defaults)
        served.server.engine.default_tenant = served.controls.tenant

    served.thread.call(make)
