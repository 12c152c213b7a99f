"""Responses with connection faults, byte for byte, on both event loops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.scenario.compiler.faults import GARBAGE
from tests.server.fault_server import BODY, LOOPS, QUEUE, faulty, threaded_server
from tests.server.raw_http import http

on_both = pytest.mark.parametrize("loop", LOOPS)
HALF = BODY[: len(BODY) // 2]
SIZE = f"Content-Length: {len(BODY)}".encode()


@on_both
@pytest.mark.parametrize(
    ("fault", "body", "end"),
    [
        ("reset", None, "reset"),
        ("close", None, "closed"),
        ("accepted-then-reset", None, "reset"),
        ("accepted-then-close", None, "closed"),
        ("reset-headers", b"", "reset"),
        ("reset-during", HALF, "reset"),
        ("reset-after", BODY, "reset"),
        ("truncate", HALF, "closed"),
        ({"truncate": 0}, b"", "closed"),
        ({"truncate": "100%"}, BODY, "closed"),
        ({"close": "headers"}, b"", "closed"),
        ({"close": "after"}, BODY, "closed"),
        ({"close": "accepted"}, None, "closed"),
    ],
)
def test_the_connection_ends_at_the_cut_as_scripted(
    loop: str, fault: Any, body: bytes | None, end: str
) -> None:
    with threaded_server(loop, faulty("run", fault)) as served:
        head, received, ended = served.request(http(keep_alive=True))
        assert ended == end
        if body is None:
            assert (head, received) == (b"", b"")
        else:
            assert SIZE in head.split(b"\r\n")
            assert b"Connection: close" not in head.split(b"\r\n")
            assert received == body
        assert served.request(http())[1:] == (BODY, "closed")


@on_both
@pytest.mark.parametrize(
    ("fault", "body", "headers"),
    [
        ("broken-json", HALF, [f"Content-Length: {len(HALF)}".encode()]),
        ("empty", b"", [b"Content-Length: 0"]),
        ("wrong-content-type", BODY, [b"Content-Type: text/plain; charset=utf-8", SIZE]),
        ({"drop": ["error", "reasoning"]}, b'{"output":"Ship it.","partial":false}', []),
        ({"set": {"output": None}}, BODY.replace(b'"Ship it."', b"null"), []),
        ({"body": "<html>", "content_type": "text/html"}, b"<html>", [b"Content-Type: text/html"]),
        ({"body": [1]}, b"[1]", [b"Content-Length: 3", b"Content-Type: application/json"]),
        ({"headers": {"X-A": "b"}}, BODY, [b"X-A: b", SIZE]),
        ({"headers": {"x-fal-request-id": "mine"}}, BODY, [b"x-fal-request-id: mine"]),
        ("huge-headers", BODY, [b"x-fakefal-padding: " + b"x" * 17_000]),
        ({"header_bytes": 3}, BODY, [b"x-fakefal-padding: xxx"]),
    ],
)
def test_a_response_is_edited_and_its_length_matches(
    loop: str, fault: Any, body: bytes, headers: list[bytes]
) -> None:
    with threaded_server(loop, faulty("run", fault)) as served:
        head, received, end = served.request(http())
        lines = head.split(b"\r\n")
        assert (lines[0], received, end) == (b"HTTP/1.1 200 OK", body, "closed")
        assert set(headers) <= set(lines)
        assert f"Content-Length: {len(body)}".encode() in lines
        assert served.request(http())[1] == BODY


@on_both
def test_garbage_is_not_http(loop: str) -> None:
    with threaded_server(loop, faulty("run", "garbage")) as served:
        assert served.connect(http(keep_alive=True)).read_rest() == (GARBAGE, "closed")
        assert served.journal() == [("call", 0)]


@on_both
@pytest.mark.parametrize("status", [201, 204, 302])
def test_the_status_may_be_replaced_alone(loop: str, status: int) -> None:
    with threaded_server(loop, faulty("run", {"status": status, "body": "x"})) as served:
        head, _, _ = served.request(http())
        assert head.startswith(f"HTTP/1.1 {status} ".encode())


# Error responses


@on_both
def test_an_error_has_its_own_form_and_extra_headers(loop: str) -> None:
    page = {"fail": "nginx-502", "headers": {"x-fal-request-id": "from-the-gateway"}}
    with threaded_server(loop, faulty("submit", "nginx-502", page, "429", 418)) as served:
        by_name, with_retry, many, tea = (served.request(http(host=QUEUE)) for _ in range(4))
        assert by_name[0].startswith(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n")
        assert b"x-fal-request-id" not in by_name[0]
        assert b"<center>nginx</center>" in by_name[1]
        assert b"x-fal-request-id: from-the-gateway" in with_retry[0].split(b"\r\n")
        assert with_retry[1] == by_name[1]
        assert b"X-Fal-Needs-Retry: 1" in many[0].split(b"\r\n")
        assert json.loads(many[1])["type"] == "concurrent_requests_limit"
        assert tea[0].startswith(b"HTTP/1.1 418 ")
        assert served.journal() == [("call", 502)] * 2 + [("call", 429), ("call", 418)]


@on_both
def test_an_error_may_be_delayed_and_cut(loop: str) -> None:
    fault = {"fail": "runner_disconnected", "delay": "3s", "reset": "during"}
    with threaded_server(loop, faulty("run", fault)) as served:
        connection = served.connect(http())
        served.wait_until_clock_is_awaited()
        assert connection.is_silent()
        served.advance(3)
        assert connection.read_head().startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        body = b'{"detail":"Runner disconnected","error_type":"runner_disconnected"}'
        assert connection.read_rest() == (body[: len(body) // 2], "reset")


@on_both
@pytest.mark.parametrize(
    ("fault", "end", "status"),
    [
        ("accepted-then-reset", "reset", 0),
        ("accepted-then-close", "closed", 0),
        ("accepted-then-nginx-502", "closed", 502),
        ({"fail": "internal_error", "accepted": True}, "closed", 500),
        ("reset-headers", "reset", 200),
        ("reset-during", "reset", 200),
    ],
)
def test_a_request_may_be_executed_although_its_response_is_lost(
    loop: str, fault: Any, end: str, status: int
) -> None:
    with threaded_server(loop, faulty("submit", fault)) as served:
        assert served.request(http(host=QUEUE))[2] == end
        assert served.request(http(host=QUEUE))[0].startswith(b"HTTP/1.1 200 OK\r\n")
        assert len(served.thread.call(served.controls.jobs)) == 2
        assert served.journal() == [("call", status), ("call", 200)]


@on_both
@pytest.mark.parametrize("fault", ["reset", "close", "500", "garbage"])
def test_a_request_that_is_not_executed_leaves_no_job(loop: str, fault: str) -> None:
    with threaded_server(loop, faulty("submit", fault)) as served:
        served.request(http(host=QUEUE))
        assert served.thread.call(served.controls.jobs) == []


@on_both
def test_each_read_of_a_job_can_fail(loop: str) -> None:
    faults = {"status": ["500"], "result": ["reset"], "cancel": ["nginx-504"]}
    reply = {"text": "Ship it.", "faults": faults, "timeline": []}
    with threaded_server(loop, {"reply": reply}) as served:
        base = f"/fal-ai/any-llm/requests/{served.submit()}".encode()
        asks = [(b"GET", b"/status"), (b"GET", b""), (b"PUT", b"/cancel")]
        seen = []
        for _ in range(2):
            for method, path in asks:
                data = http(method=method, path=base + path, host=QUEUE, body=b"")
                head, _, end = served.request(data)
                seen.append(end if not head else head.split(b" ")[1].decode())
        assert seen == ["500", "reset", "504", "200", "200", "400"]


# Stalls


@on_both
@pytest.mark.parametrize(
    ("fault", "begins"),
    [
        ({"hang": "before", "for": "1h"}, 0),
        ({"hang": "accepted", "for": "1h"}, 0),
        ({"hang": "headers", "for": "1h"}, 1),
        ({"hang": "during", "for": "1h"}, 2),
        ({"hang": "after", "for": "1h"}, 3),
    ],
)
def test_a_stall_starts_at_the_cut_and_ends_with_a_close(
    loop: str, fault: Any, begins: int
) -> None:
    with threaded_server(loop, faulty("run", fault)) as served:
        connection = served.connect(http(keep_alive=True))
        if begins:
            assert SIZE in connection.read_head().split(b"\r\n")
            assert (
                connection.read(len([b"", HALF, BODY][begins - 1])) == [b"", HALF, BODY][begins - 1]
            )
        served.wait_until_clock_is_awaited()
        served.advance(3599)
        assert connection.is_silent()
        served.advance(1)
        assert connection.read_rest() == (b"", "closed")


@on_both
@pytest.mark.parametrize("fault", ["hang", "accepted-then-hang", "hang-headers", "hang-during"])
def test_an_endless_stall_ends_when_the_caller_leaves(loop: str, fault: str) -> None:
    with threaded_server(loop, faulty("run", fault)) as served:
        connection = served.connect(http())
        served.wait_until_clock_is_awaited()
        if fault in ("hang-headers", "hang-during"):
            connection.read_head()
        if fault == "hang-during":
            connection.read(len(HALF))
        served.advance(1e9)
        assert connection.is_silent()
        connection.close()
        served.wait_until_idle()


@on_both
def test_a_stall_ends_with_the_server(loop: str) -> None:
    with threaded_server(loop, faulty("run", "hang x2")) as served:
        connections = [served.connect(http()) for _ in range(2)]
        served.wait_until_clock_is_awaited(2)
        assert served.is_healthy()
        served.thread.stop()
        assert [connection.read_rest()[0] for connection in connections] == [b"", b""]


# Delays


@on_both
def test_a_delay_is_on_the_clock_and_the_connection_stays_open(loop: str) -> None:
    with threaded_server(loop, faulty("run", {"delay": "2s"})) as served:
        connection = served.connect(http(keep_alive=True))
        served.wait_until_clock_is_awaited()
        served.advance(1.9)
        assert connection.is_silent()
        served.advance(0.1)
        connection.read_head()
        assert connection.read(len(BODY)) == BODY
        assert connection.send(http()).read_head().startswith(b"HTTP/1.1 200 OK\r\n")
        assert connection.read_rest() == (BODY, "closed")


@on_both
def test_a_slow_body_comes_in_parts(loop: str) -> None:
    with threaded_server(loop, faulty("run", {"slow": {"bytes": 30, "every": "1s"}})) as served:
        connection = served.connect(http(keep_alive=True))
        assert SIZE in connection.read_head().split(b"\r\n")
        for start in range(0, len(BODY), 30):
            assert connection.read(len(BODY[start : start + 30])) == BODY[start : start + 30]
            if start + 30 < len(BODY):
                served.wait_until_clock_is_awaited()
                assert connection.is_silent()
                served.advance(1)
        assert connection.send(http()).read_head().startswith(b"HTTP/1.1 200 OK\r\n")


@on_both
def test_the_word_slow_is_a_byte_every_fifty_milliseconds(loop: str) -> None:
    with threaded_server(loop, faulty("run", "slow", text="", omit_fields=["reasoning"])) as served:
        connection = served.connect(http())
        connection.read_head()
        assert connection.read(1) == b"{"
        served.wait_until_clock_is_awaited()
        served.advance(0.05)
        assert connection.read(1) == b'"'


# Hosts, files and large bodies


@on_both
def test_a_host_that_is_down_resets_while_others_respond(loop: str) -> None:
    with threaded_server(loop, hosts={"queue.fal.run": "down"}) as served:
        assert served.request(http(host=QUEUE)) == (b"", b"", "reset")
        assert served.request(http(host=b"Queue.FAL.run:443")) == (b"", b"", "reset")
        assert served.thread.call(served.controls.jobs) == []
        backup = http(host=b"queue.falrun.com", path=b"/fal-ai/healthy")
        assert served.request(backup)[0].startswith(b"HTTP/1.1 200")


@on_both
def test_a_large_body_is_cut_as_well(loop: str) -> None:
    fault = {"reset": "during"}
    with threaded_server(
        loop, {"reply": {"output": "x" * 2_000_000, "faults": {"run": [fault]}}}
    ) as served:
        _, body, end = served.request(http(path=b"/fal-ai/flux"))
        assert (end, set(body[1:])) == ("reset", {ord("x")})
        assert len(body) <= 1_000_001


FILE = b"0123456789" * 300_000


@on_both
@pytest.mark.parametrize(
    ("fault", "size", "end"),
    [
        ("truncate", len(FILE) // 2, "closed"),
        ({"reset": "headers"}, 0, "reset"),
        ({"headers": {"x-late": "1"}}, len(FILE), "closed"),
        ("broken-json", len(FILE) // 2, "closed"),
        ({"set": {"a": 1}}, len(FILE), "closed"),
        ("nginx-502", 150, "closed"),
        ({"body": "gone"}, 4, "closed"),
    ],
)
def test_faults_apply_to_file_responses_too(loop: str, fault: Any, size: int, end: str) -> None:
    with threaded_server(loop, faults={"download": [fault]}) as served:
        host = b"fal.media"
        _, body, _ = served.request(http(host=host, path=b"/files/upload", body=FILE))
        path = json.loads(body)["access_url"].removeprefix("https://fal.media").encode()
        head, body, how = served.request(http(host=host, path=path, method=b"GET", body=b""))
        assert (len(body), how) == (size, end)
        assert FILE.startswith(body) or size < 200
        announced = len(FILE) if fault in ("truncate", {"reset": "headers"}) else size
        assert b"Content-Length: %d\r\n" % announced in head + b"\r\n"
        assert served.request(http(host=host, path=path, method=b"GET", body=b""))[1] == FILE


@on_both
def test_a_locked_account_is_reported_by_every_call(loop: str) -> None:
    with threaded_server(loop, accounts={"poor:*": "exhausted-balance"}) as served:
        for host in (QUEUE, b"fal.run"):
            head, body, _ = served.request(http(host=host, key=b"Key poor:1"))
            assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert b"User is locked" in body
