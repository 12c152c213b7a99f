"""The receiver that tests get."""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fakefal.ca.authority import certificate_path
from fakefal.testing.receiver import Receiver

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver("http://127.0.0.1:9/jwks.json", lambda: 1000.0) as receiver:
        yield receiver


def post(receiver: Receiver, **headers: str) -> int:
    """Post something; the status of the answer, 0 if none came."""
    named = {f"X-Fal-Webhook-{name.replace('_', '-')}": text for name, text in headers.items()}
    request = urllib.request.Request(receiver.url, b'{"request_id":"r"}', named)
    try:
        with OPENER.open(request) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({}, "the header X-Fal-Webhook-Request-Id is missing"),
        (
            {"Request_Id": "r", "User_Id": "u", "Timestamp": "1000"},
            "the header X-Fal-Webhook-Signature is missing",
        ),
        (
            {"Request_Id": "r", "User_Id": "u", "Timestamp": "x", "Signature": "00"},
            "the timestamp is not a number",
        ),
        (
            {"Request_Id": "r", "User_Id": "u", "Timestamp": "1301", "Signature": "00"},
            "the timestamp is 301s off",
        ),
        (
            {"Request_Id": "r", "User_Id": "u", "Timestamp": "700", "Signature": "00"},
            "the keys cannot be fetched: ",
        ),
    ],
)
def test_an_unverified_webhook_is_a_401_with_the_problem(
    receiver: Receiver, headers: dict[str, str], problem: str
) -> None:
    assert post(receiver, **headers) == 401
    (arrival,) = receiver.wait()
    assert arrival.problem.startswith(problem)
    assert (arrival.is_verified, arrival.reply, arrival.request_id) == (False, 401, "r")
    assert receiver.verified == []


def test_it_responds_as_queued(receiver: Receiver) -> None:
    receiver.respond_with(500, "close", 302)
    assert [post(receiver) for _ in range(4)] == [500, 0, 302, 401]
    assert [arrival.reply for arrival in receiver.arrivals] == [500, "close", 302, 401]


def test_what_hangs_ends_with_the_receiver(receiver: Receiver) -> None:
    receiver.respond_with("hang")
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(post(receiver)))
    thread.start()
    receiver.wait()
    receiver.stop()
    thread.join()
    assert statuses == [0]


def test_it_restarts_on_the_same_port(receiver: Receiver) -> None:
    url = receiver.url
    receiver.stop()
    assert post(receiver) == 0
    receiver.start()
    assert receiver.url == url
    assert post(receiver) == 401


def test_waiting_times_out(receiver: Receiver) -> None:
    with pytest.raises(TimeoutError, match=r"0 of 2 webhooks arrived within 0\.01s"):
        receiver.wait(2, timeout=0.01)


def test_an_answer_may_be_delayed(receiver: Receiver) -> None:
    receiver.delay("10ms")
    assert post(receiver) == 401


def test_https_is_served_once_its_url_was_read(tmp_path: Path) -> None:
    with Receiver("http://127.0.0.1:9/jwks.json", lambda: 1000.0, tmp_path) as receiver:
        assert not list(tmp_path.iterdir())
        url = receiver.secure_url
        trusting = ssl.create_default_context(cafile=certificate_path(tmp_path))
        for again in (False, True):
            if again:
                receiver.stop()
                receiver.start()
            assert receiver.secure_url == url
            request = urllib.request.Request(url, b'{"request_id":"r"}')
            with pytest.raises(urllib.error.HTTPError, match="401") as caught:
                urllib.request.urlopen(request, context=trusting)
            caught.value.close()
        assert post(receiver) == 401
        assert len(receiver.arrivals) == 3


def test_a_silent_client_does_not_block_others(tmp_path: Path) -> None:
    with Receiver("http://127.0.0.1:9/jwks.json", lambda: 1000.0, tmp_path) as receiver:
        port = urlsplit(receiver.secure_url).port
        trusting = ssl.create_default_context(cafile=certificate_path(tmp_path))
        with (
            socket.create_connection(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port)) as raw,
            trusting.wrap_socket(raw, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() is not None
