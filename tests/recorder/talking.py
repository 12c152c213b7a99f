"""Conversations as captures, as a recorder would have seen them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fakefal.protocol import sse
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.captures import Asked, Capture, Heard, Pairs, Recording, whole
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import Distilled, distil

JSON: Pairs = (("Content-Type", "application/json"),)
HTML: Pairs = (("Content-Type", "text/html"),)
KEY = "1b2c3d4e-1111-4222-8333-abcdefabcdef:00112233445566778899aabbccddeeff"
ID = "019e8887-52ac-7f31-8d58-6f0c2b0f4a11"
AGENT: Pairs = (("Authorization", f"Key {KEY}"), ("User-Agent", "tests/1"))
ANY_LLM = "fal-ai/any-llm"


def body_of(value: Json) -> bytes:
    """A body: JSON, unless it is bytes already."""
    if value is None:
        return b""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def asked(method: str, host: str, path: str, given: Json = None, query: str = "") -> Asked:
    return Asked(method, host, path, query, AGENT, body_of(given))


def capture(
    at: float,
    request: Asked,
    status: int = 200,
    answer: Json = None,
    headers: Pairs = JSON,
    *,
    seconds: float = 0.01,
) -> Capture:
    """A request with an answer that came in one piece."""
    heard = whole(status, headers, body_of(answer), seconds)
    return Capture(at, at + seconds, request, heard)


def run(
    at: float = 0.0,
    given: Json = None,
    answer: Json = None,
    status: int = 200,
    headers: Pairs = JSON,
    *,
    endpoint: str = "acme/app",
    seconds: float = 0.01,
) -> Capture:
    """A direct run."""
    request = asked("POST", "fal.run", f"/{endpoint}", {"prompt": "x"} if given is None else given)
    return capture(at, request, status, answer, headers, seconds=seconds)


def stream(
    events: Iterable[Json],
    times: Sequence[float],
    given: Json = None,
    *,
    endpoint: str = ANY_LLM,
    framing: sse.Framing = sse.NAMED_CRLF,
    cut: Any = "",
) -> Capture:
    """A stream whose events came at these times."""
    pieces = tuple(
        (at, framing.encode(json.dumps(event))) for at, event in zip(times, events, strict=True)
    )
    request = asked("POST", "fal.run", f"/{endpoint}/stream", given or {"prompt": "x"})
    heard = Heard(200, (("Content-Type", "text/event-stream"),), pieces, cut)
    return Capture(0.0, times[-1] if times else 0.0, request, heard)


class Job:
    """A queue request, asked about at the times that are told."""

    def __init__(
        self, endpoint: str = ANY_LLM, given: Json = None, id_: str = ID, at: float = 0.0
    ) -> None:
        self.endpoint, self.id, self.at = endpoint, id_, at
        self.path = f"/{endpoint}/requests/{id_}"
        self.captures: list[Capture] = []
        self.given = {"prompt": "x"} if given is None else given

    def submitted(self, state: str = "IN_QUEUE", position: int | None = 0) -> Job:
        request = asked("POST", "queue.fal.run", f"/{self.endpoint}", self.given)
        answer = self._status(state, position)
        self.captures.append(capture(self.at, request, 200, answer, seconds=0.0))
        return self

    def polled(
        self,
        after: float,
        state: str,
        position: int | None = None,
        logs: list[Json] | None = None,
        **more: Json,
    ) -> Job:
        request = asked(
            "GET",
            "queue.fal.run",
            f"{self.path}/status",
            query="logs=1" if logs is not None else "",
        )
        answer = {**self._status(state, position), "logs": logs, **more}
        status = 200 if state == "COMPLETED" else 202
        self.captures.append(capture(self.at + after, request, status, answer, seconds=0.0))
        return self

    def ended(self, after: float, answer: Json, status: int = 200, headers: Pairs = JSON) -> Job:
        request = asked("GET", "queue.fal.run", self.path)
        self.captures.append(
            capture(self.at + after, request, status, answer, headers, seconds=0.0)
        )
        return self

    def put(self, after: float, status: int = 202) -> Job:
        request = asked("PUT", "queue.fal.run", f"{self.path}/cancel")
        answer = {"status": "CANCELLATION_REQUESTED"}
        self.captures.append(capture(self.at + after, request, status, answer, seconds=0.0))
        return self

    def hooked(self, after: float, payload: Json, answer: int = 200, **more: Json) -> Job:
        body = {"request_id": self.id, "gateway_request_id": self.id, "status": "OK", **more}
        request = Asked(
            "POST", "queue.fal.run", "/webhook", "", JSON, body_of({**body, "payload": payload})
        )
        heard = whole(answer, (), b"")
        self.captures.append(
            Capture(self.at + after, self.at + after, request, heard, is_webhook=True)
        )
        return self

    def _status(self, state: str, position: int | None) -> dict[str, Json]:
        base = f"https://queue.fal.run{self.path}"
        found: dict[str, Json] = {
            "status": state,
            "request_id": self.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
        }
        return found if position is None else {**found, "queue_position": position}


def made(*captures: Capture, **more: Any) -> Distilled:
    """What becomes of captures."""
    redactor = Redactor()
    for it in captures:
        redactor.learn_request(it.asked)
    recording = Recording("https://fal.run", 1_790_000_000.0, [*captures])
    return distil(recording, redactor, version="0", **more)


def only(distilled: Distilled) -> dict[str, Any]:
    """The only exchange."""
    (exchange,) = distilled.data["exchanges"]
    found: dict[str, Any] = exchange
    return found


def reply_of(*captures: Capture) -> dict[str, Any]:
    """The only reply of the only exchange, without the id of its request."""
    reply = dict(only(made(*captures))["reply"])
    reply.pop("request_id", None)
    return reply
