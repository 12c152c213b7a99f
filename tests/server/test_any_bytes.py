"""Any bytes get a response of a defined shape or a close, and the next request a response."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakefal.settings import Limits
from tests.server.raw_http import (
    RunningServer,
    exchange_bytes,
    http,
    is_fal_response,
    is_healthy,
    parse_responses,
    running_server,
)

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HOSTS = st.sampled_from([b"fal.run", b"queue.fal.run", b"rest.fal.ai"])
PIECES = st.sampled_from(
    [
        *(b"POST", b"GET", b" ", b"/fal-ai/any-llm", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n"),
        *(b"Host: fal.run", b"Content-Length: ", b"Transfer-Encoding: chunked", b"0", b"5", b"{}"),
        *(b"Authorization: Key a:b", b"\x00", b"\xff", b"%", b"?", b"#", b"\r", b":"),
        *(b"Upgrade: websocket", b"Connection: Upgrade", b"Connection: close", b"Expect: "),
        *(b"100-continue", b"/requests/x/status", b"Content-Encoding: gzip"),
    ]
)


@pytest.fixture(scope="module")
def target() -> Iterator[RunningServer]:
    with running_server(limits=Limits(idle_timeout_seconds=2.0, journal_entries=50)) as server:
        yield server


@SETTINGS
@given(st.binary(max_size=200), HOSTS)
def test_any_body_gets_a_response(target: RunningServer, body: bytes, host: bytes) -> None:
    (response,) = parse_responses(exchange_bytes(target.server, http(body=body, host=host)))
    assert is_fal_response(response)
    assert response.status < 500
    assert response.request_id


@SETTINGS
@given(
    st.sampled_from([b"Authorization", b"X-Fal-Tags", b"x-fal-target-url", b"X-Forwarded-Host",
                     b"Host", b"Origin", b"Content-Type", b"x-fal-target-host", b"Expect",
                     b"Content-Encoding", b"Accept", b"Connection", b"Upgrade", b"X-Fal-No-Retry",
                     b"X-Fal-Retry-Config"]),
    st.binary(max_size=60) | st.text(max_size=20).map(str.encode),
)  # fmt: skip
def test_any_header_gets_a_response(target: RunningServer, name: bytes, value: bytes) -> None:
    response, *extra = parse_responses(exchange_bytes(target.server, http(name + b": " + value)))
    assert is_fal_response(response)
    assert response.status < 500
    assert not extra or b"\r" in value or b"\n" in value
    assert is_healthy(target)


@SETTINGS
@given(st.binary(max_size=60) | st.text("/%.:?#&=az09 ", max_size=30).map(str.encode), HOSTS)
def test_any_path_gets_a_response(target: RunningServer, path: bytes, host: bytes) -> None:
    responses = parse_responses(
        exchange_bytes(target.server, http(path=b"/" + path, host=host), ends=True)
    )
    assert all(is_fal_response(response) and response.status != 500 for response in responses)
    assert is_healthy(target)


@SETTINGS
@given(st.binary(max_size=200) | st.lists(PIECES, max_size=20).map(b"".join))
def test_any_bytes_get_a_response_or_a_close(target: RunningServer, data: bytes) -> None:
    received = exchange_bytes(target.server, data, ends=True)
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert all(
        is_fal_response(response) and response.status != 500
        for response in parse_responses(received)
    )
    assert is_healthy(target)


@SETTINGS
@given(st.data())
def test_a_corrupted_request_gets_a_response_or_a_close(
    target: RunningServer, data: st.DataObject
) -> None:
    good = http()
    at = data.draw(st.integers(0, len(good) - 1))
    bent = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 2)) :]
    responses = parse_responses(exchange_bytes(target.server, bent, ends=True))
    assert all(is_fal_response(response) and response.status != 500 for response in responses)
    assert is_healthy(target)
