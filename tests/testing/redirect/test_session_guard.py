from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fakefal.recorder.capture.bypass import bypass_redirect
from fakefal.testing.redirect.escapes import EscapeLog
from fakefal.testing.redirect.network_patch import SocketRedirector
from fakefal.testing.redirect.session_guard import GuardedAttempt, SessionGuard


class Refused(BaseException):
    pass


@pytest.fixture
def guard() -> Iterator[SessionGuard]:
    guard = SessionGuard("error", lambda attempt: Refused(str(attempt)))
    with ExitStack() as patches:
        guard.open(patches)
        yield guard


def test_a_lookup_of_a_host_of_fal_is_refused_with_the_callers_line(guard: SessionGuard) -> None:
    with pytest.raises(Refused, match=r"test_session_guard\.py:\d+ in test_a_lookup"):
        socket.getaddrinfo("queue.fal.run", 443)
    with pytest.raises(Refused, match=r"falrun\.com"):
        asyncio.run(_lookup("falrun.com"))
    assert [attempt.host for attempt in guard.pop_attempts()] == ["queue.fal.run", "falrun.com"]
    assert guard.pop_attempts() == []


async def _lookup(host: str) -> None:
    await asyncio.get_running_loop().getaddrinfo(host, 443)


def test_others_are_reached_and_everything_is_restored(guard: SessionGuard) -> None:
    assert socket.getaddrinfo("127.0.0.1", 80)
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
    assert guard.attempts == []


def test_a_guard_that_warns_lets_connections_through() -> None:
    guard = SessionGuard("warn", lambda attempt: Refused())
    assert guard.leads_to_fake("FAL.run.") is False
    assert guard.leads_to_fake("example.test") is False
    (attempt,) = guard.attempts
    assert attempt.host == "fal.run"


def test_fakes_and_recorders_decide_for_themselves(guard: SessionGuard) -> None:
    with bypass_redirect():
        assert guard.leads_to_fake("fal.run") is False
    with ExitStack() as patches:
        SocketRedirector("127.0.0.1", 9, EscapeLog()).open(patches)
        assert guard.leads_to_fake("fal.run") is False
    with pytest.raises(Refused):
        guard.leads_to_fake("fal.run")


def test_an_attempt_is_a_host_and_lines() -> None:
    assert (
        str(GuardedAttempt("fal.run", ("a.py:1 in f: g()",))) == "fal.run\n  from a.py:1 in f: g()"
    )
