"""Whatever bytes come in, an answer of a defined shape or a close, and the next one is answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakefal.settings import Limits
from tests.server.raw import (
    Target,
    answers,
    hear,
    http,
    is_fals,
    is_well,
    listening,
)

SOME = settings(
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
def target() -> Iterator[Target]:
    with listening(limits=Limits(idle_seconds=2.0, entries=50)) as found:
        yield found


@SOME
@given(st.binary(max_size=200), HOSTS)
def test_any_body_gets_an_answer(target: Target, body: bytes, host: bytes) -> None:
    (said,) = answers(hear(target.fake, http(body=body, host=host)))
    assert is_fals(said)
    assert said.status < 500
    assert said.request_id


@SOME
@given(
    st.sampled_from([b"Authorization", b"X-Fal-Tags", b"x-fal-target-url", b"X-Forwarded-Host",
                     b"Host", b"Origin", b"Content-Type", b"x-fal-target-host", b"Expect",
                     b"Content-Encoding", b"Accept", b"Connection", b"Upgrade", b"X-Fal-No-Retry",
                     b"X-Fal-Retry-Config"]),
    st.binary(max_size=60) | st.text(max_size=20).map(str.encode),
)  # fmt: skip
def test_any_header_gets_an_answer(target: Target, name: bytes, value: bytes) -> None:
    said, *more = answers(hear(target.fake, http(name + b": " + value)))
    assert is_fals(said)
    assert said.status < 500
    assert not more or b"\r" in value or b"\n" in value
    assert is_well(target)


@SOME
@given(st.binary(max_size=60) | st.text("/%.:?#&=az09 ", max_size=30).map(str.encode), HOSTS)
def test_any_path_gets_an_answer(target: Target, path: bytes, host: bytes) -> None:
    found = answers(hear(target.fake, http(path=b"/" + path, host=host), ends=True))
    assert all(is_fals(said) and said.status != 500 for said in found)
    assert is_well(target)


@SOME
@given(st.binary(max_size=200) | st.lists(PIECES, max_size=20).map(b"".join))
def test_any_bytes_get_an_answer_or_a_close(target: Target, data: bytes) -> None:
    heard = hear(target.fake, data, ends=True)
    heard = heard.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert all(is_fals(said) and said.status != 500 for said in answers(heard))
    assert is_well(target)


@SOME
@given(st.data())
def test_a_good_request_that_was_bent_gets_an_answer_or_a_close(
    target: Target, data: st.DataObject
) -> None:
    good = http()
    at = data.draw(st.integers(0, len(good) - 1))
    bent = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 2)) :]
    found = answers(hear(target.fake, bent, ends=True))
    assert all(is_fals(said) and said.status != 500 for said in found)
    assert is_well(target)
