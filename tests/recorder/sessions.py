"""Makes captures as a recorder would."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fakefal.protocol import sse
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.captures import (
    Capture,
    HeaderPairs,
    RecordedRequest,
    RecordedResponse,
    Recording,
    buffered_response,
)
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import DistilResult, distil

JSON: HeaderPairs = (("Content-Type", "application/json"),)
HTML: HeaderPairs = (("Content-Type", "text/html"),)
KEY = "1b2c3d4e-1111-4222-8333-abcdefabcdef:00112233445566778899aabbccddeeff"
ID = "019e8887-52ac-7f31-8d58-6f0c2b0f4a11"
AGENT: HeaderPairs = (("Authorization", f"Key {KEY}"), ("User-Agent", "tests/1"))
ANY_LLM = "fal-ai/any-llm"


def body_of(value: Json) -> bytes:
    """A body: JSON, unless it is bytes already."""
    if value is None:
        return b""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def make_request(
    method: str, host: str, path: str, input_: Json = None, query: str = ""
) -> RecordedRequest:
    return RecordedRequest(method, host, path, query, AGENT, body_of(input_))


def make_capture(
    at: float,
    request: RecordedRequest,
    status: int = 200,
    body: Json = None,
    headers: HeaderPairs = JSON,
    *,
    seconds: float = 0.01,
) -> Capture:
    """A capture whose response has one piece."""
    response = buffered_response(status, headers, body_of(body), seconds)
    return Capture(at, at + seconds, request, response)


def make_run(
    at: float = 0.0,
    input_: Json = None,
    body: Json = None,
    status: int = 200,
    headers: HeaderPairs = JSON,
    *,
    endpoint: str = "acme/app",
    seconds: float = 0.01,
) -> Capture:
    """A direct run."""
    request = make_request(
        "POST", "fal.run", f"/{endpoint}", {"prompt": "x"} if input_ is None else input_
    )
    return make_capture(at, request, status, body, headers, seconds=seconds)


def make_stream(
    events: Iterable[Json],
    times: Sequence[float],
    input_: Json = None,
    *,
    endpoint: str = ANY_LLM,
    framing: sse.Framing = sse.NAMED_CRLF,
    cut: Any = "",
) -> Capture:
    """A stream with events at these times."""
    pieces = tuple(
        (at, framing.encode(json.dumps(event))) for at, event in zip(times, events, strict=True)
    )
    request = make_request("POST", "fal.run", f"/{endpoint}/stream", input_ or {"prompt": "x"})
    response = RecordedResponse(200, (("Content-Type", "text/event-stream"),), pieces, cut)
    return Capture(0.0, times[-1] if times else 0.0, request, response)


class JobCaptures:
    """Builds the captures of a queue request; times are in seconds after the submit."""

    def __init__(
        self, endpoint: str = ANY_LLM, input_: Json = None, id_: str = ID, at: float = 0.0
    ) -> None:
        self.endpoint, self.id, self.at = endpoint, id_, at
        self.path = f"/{endpoint}/requests/{id_}"
        self.captures: list[Capture] = []
        self.input = {"prompt": "x"} if input_ is None else input_

    def add_submit(self, state: str = "IN_QUEUE", position: int | None = 0) -> JobCaptures:
        request = make_request("POST", "queue.fal.run", f"/{self.endpoint}", self.input)
        answer = self._status(state, position)
        self.captures.append(make_capture(self.at, request, 200, answer, seconds=0.0))
        return self

    def add_poll(
        self,
        after: float,
        state: str,
        position: int | None = None,
        logs: list[Json] | None = None,
        **fields: Json,
    ) -> JobCaptures:
        request = make_request(
            "GET",
            "queue.fal.run",
            f"{self.path}/status",
            query="logs=1" if logs is not None else "",
        )
        answer = {**self._status(state, position), "logs": logs, **fields}
        status = 200 if state == "COMPLETED" else 202
        self.captures.append(make_capture(self.at + after, request, status, answer, seconds=0.0))
        return self

    def add_result(
        self, after: float, body: Json, status: int = 200, headers: HeaderPairs = JSON
    ) -> JobCaptures:
        request = make_request("GET", "queue.fal.run", self.path)
        self.captures.append(
            make_capture(self.at + after, request, status, body, headers, seconds=0.0)
        )
        return self

    def add_cancel(self, after: float, status: int = 202) -> JobCaptures:
        request = make_request("PUT", "queue.fal.run", f"{self.path}/cancel")
        answer = {"status": "CANCELLATION_REQUESTED"}
        self.captures.append(make_capture(self.at + after, request, status, answer, seconds=0.0))
        return self

    def add_webhook(
        self, after: float, payload: Json, response_status: int = 200, **fields: Json
    ) -> JobCaptures:
        body = {"request_id": self.id, "gateway_request_id": self.id, "status": "OK", **fields}
        request = RecordedRequest(
            "POST", "queue.fal.run", "/webhook", "", JSON, body_of({**body, "payload": payload})
        )
        response = buffered_response(response_status, (), b"")
        self.captures.append(
            Capture(self.at + after, self.at + after, request, response, is_webhook=True)
        )
        return self

    def _status(self, state: str, position: int | None) -> dict[str, Json]:
        base = f"https://queue.fal.run{self.path}"
        status: dict[str, Json] = {
            "status": state,
            "request_id": self.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
        }
        return status if position is None else {**status, "queue_position": position}


def distil_captures(*captures: Capture, **options: Any) -> DistilResult:
    """Distil captures."""
    redactor = Redactor()
    for capture in captures:
        redactor.learn_request(capture.request)
    recording = Recording("https://fal.run", 1_790_000_000.0, [*captures])
    return distil(recording, redactor, version="0", **options)


def only_exchange(distilled: DistilResult) -> dict[str, Any]:
    """The only exchange of a scenario."""
    (exchange,) = distilled.scenario["exchanges"]
    fields: dict[str, Any] = exchange
    return fields


def reply_of(*captures: Capture) -> dict[str, Any]:
    """The only reply of the only exchange, without the id of its request."""
    reply = dict(only_exchange(distil_captures(*captures))["reply"])
    reply.pop("request_id", None)
    return reply
