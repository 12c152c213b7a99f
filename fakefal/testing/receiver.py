"""A webhook receiver for tests: a real HTTP server that verifies signatures as fal's docs say."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.request
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from fakefal.errors import hide_frame
from fakefal.protocol import webhooks as wire
from fakefal.protocol.core.call import Json
from fakefal.scenario.values.durations import parse_duration

__tracebackhide__ = hide_frame

ReceiverReply = int | Literal["hang", "close"]
"""An HTTP status, no response until the receiver stops, or a closed connection."""

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FETCH_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Arrival:
    """A received webhook; ``problem`` says why it is not verified, and is empty if it is.

    Header names are lower-case. ``reply`` is how the receiver answered.
    """

    headers: Mapping[str, str]
    content: bytes
    problem: str
    reply: ReceiverReply

    @property
    def is_verified(self) -> bool:
        """Whether the signature and the timestamp are valid."""
        return not self.problem

    @property
    def body(self) -> Json:
        """The payload: request_id, status, payload, …"""
        return json.loads(self.content)

    @property
    def request_id(self) -> str:
        """The ``request_id`` of the payload."""
        return str(self.body["request_id"])


class Receiver:
    """Receives webhooks at ``url``, and at ``secure_url`` once that property was read.

    Answers 200 to verified webhooks and 401 to others, unless ``respond_with`` says otherwise.
    ``now`` is the time that timestamps are compared with. The public keys are fetched for each
    webhook, or once if ``cache_keys`` is set: fal's docs allow 24 hours
    (docs/reference/webhooks.md#jwks). ``ca_folder`` holds the local CA; None is the user's.
    """

    def __init__(
        self, jwks_url: str, now: Callable[[], float], ca_folder: Path | None = None
    ) -> None:
        self.cache_keys = False
        self._jwks_url = jwks_url
        self._now = now
        self._keys: list[bytes] | None = None
        self._replies: deque[ReceiverReply] = deque()
        self._delay_seconds = 0.0
        self._arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._ca_folder = ca_folder
        self._http_listener = _Listener(self)
        self._https_listener = _Listener(self)
        self._is_started = False

    @property
    def url(self) -> str:
        """The URL to pass as ``webhook_url``."""
        return f"http://127.0.0.1:{self._http_listener.port}/webhook"

    @property
    def secure_url(self) -> str:
        """The same over HTTPS, with a certificate of the local CA, which the fake trusts.

        The first read opens the port, and creates the CA if this machine has none.
        """
        if self._https_listener.context is None:
            from fakefal.ca.authority import Authority
            from fakefal.settings import data_folder

            authority = Authority(self._ca_folder or data_folder())
            self._https_listener.context = authority.new_context("127.0.0.1", "localhost")
            if self._is_started:
                self._https_listener.start()
        return f"https://127.0.0.1:{self._https_listener.port}/webhook"

    @property
    def arrivals(self) -> list[Arrival]:
        """All webhooks received, oldest first, forged ones included."""
        with self._changed:
            return list(self._arrivals)

    @property
    def verified(self) -> list[Arrival]:
        """The received webhooks that are verified."""
        return [arrival for arrival in self.arrivals if arrival.is_verified]

    def respond_with(self, *replies: ReceiverReply) -> None:
        """Queue replies to the next webhooks: statuses, ``"hang"`` or ``"close"``."""
        self._replies.extend(replies)

    def delay(self, duration: float | str) -> None:
        """Wait before each reply, in real time: ``"200ms"``."""
        self._delay_seconds = parse_duration(duration)

    def wait(self, count: int = 1, *, timeout: float = 10.0) -> list[Arrival]:
        """Wait until ``count`` webhooks have arrived; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._arrivals) >= count, timeout):
                arrival_count = len(self._arrivals)
                raise TimeoutError(
                    f"{arrival_count} of {count} webhooks arrived within {timeout:g}s"
                )
            return list(self._arrivals)

    def start(self) -> None:
        """Open the ports; after ``stop`` they are the same as before."""
        self._closed.clear()
        self._is_started = True
        self._http_listener.start()
        if self._https_listener.context is not None:
            self._https_listener.start()

    def stop(self) -> None:
        """Close the ports, and end replies of "hang"."""
        self._closed.set()
        self._is_started = False
        self._http_listener.stop()
        self._https_listener.stop()

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def receive(self, headers: Mapping[str, str], content: bytes) -> ReceiverReply:
        """Check and record a webhook; returns the reply to send."""
        if self._delay_seconds:
            self._closed.wait(self._delay_seconds)
        problem = self._find_problem(headers, content)
        with self._changed:
            reply = self._replies.popleft() if self._replies else (401 if problem else 200)
            self._arrivals.append(Arrival(headers, content, problem, reply))
            self._changed.notify_all()
        if reply == "hang":
            self._closed.wait()
        return reply

    def _find_problem(self, headers: Mapping[str, str], content: bytes) -> str:
        """Why a webhook is not genuine, by fal's recipe; empty if it is.

        Source: documented (docs/reference/webhooks.md#signature).
        """
        names = (wire.REQUEST_ID, wire.USER_ID, wire.TIMESTAMP, wire.SIGNATURE)
        values = [headers.get(name.lower()) for name in names]
        for name, value in zip(names, values, strict=True):
            if value is None:
                return f"the header {name} is missing"
        request_id, user_id, timestamp, signature = map(str, values)
        if not timestamp.isdigit():
            return "the timestamp is not a number"
        skew_seconds = abs(int(timestamp) - int(self._now()))
        if skew_seconds > wire.TOLERANCE_SECONDS:
            return f"the timestamp is {skew_seconds}s off"
        signed_lines = (request_id, user_id, timestamp, sha256(content).hexdigest())
        try:
            keys = self._public_keys()
        except OSError as error:
            return f"the keys cannot be fetched: {error}"
        message = "\n".join(signed_lines).encode()
        if any(_is_valid_signature(key, signature, message) for key in keys):
            return ""
        return "no key verifies the signature"

    def _public_keys(self) -> list[bytes]:
        if self._keys is None or not self.cache_keys:
            with _OPENER.open(self._jwks_url, timeout=_FETCH_SECONDS) as response:
                published: dict[str, Any] = json.load(response)
            self._keys = [urlsafe_b64decode(key["x"]) for key in published["keys"]]
        return self._keys


def _is_valid_signature(key: bytes, signature: str, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


class _Listener:
    """One port of a receiver; with a ``context`` it speaks TLS."""

    def __init__(self, receiver: Receiver) -> None:
        self.port = 0
        self.context: ssl.SSLContext | None = None
        self._receiver = receiver
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Open a free port, or the same one as before."""
        self._server = _Server(("127.0.0.1", self.port), _make_handler(self._receiver))
        self.port = self._server.server_address[1]
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(
                self._server.socket,
                server_side=True,
                # With a handshake in accept(), one silent client would block all others.
                do_handshake_on_connect=False,
            )
        threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="receiver", daemon=True
        ).start()

    def stop(self) -> None:
        """Close the port."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    """A thread per connection; daemon threads, so a reply of "hang" does not block the exit."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """No-op: the sender closed the connection, which it reports itself."""


def _make_handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.receive(headers, content)
            if not isinstance(reply, int):
                return
            response_body = b"received" if reply < 300 else b"not accepted"
            self.send_response(reply)
            self.send_header("Content-Length", str(len(response_body)))
            self.end_headers()
            self.wfile.write(response_body)

        def log_message(self, format: str, *args: Any) -> None:
            """No-op: ``arrivals`` is the log."""

    return Handler
