"""Records what has no form of its own as it was: a route with the request and its response."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from fakefal.credentials.names import is_secret, is_secret_parameter
from fakefal.credentials.redaction import REDACTED
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import Capture, RecordedRequest, RecordedResponse
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.faults import fault_of
from fakefal.recorder.distil.inputs import exact_pattern
from fakefal.recorder.distil.literals import expression, literal
from fakefal.recorder.distil.timing import IMMEDIATE_SECONDS, format_seconds, pacing_of
from fakefal.scenario.templates.templates import has_template

Fields = dict[str, Any]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

MAX_INLINE_BYTES = 2_000
"""Larger bodies that are not text are stored in a file."""

_OWN_HEADERS = frozenset(
    "content-type content-length content-encoding transfer-encoding connection keep-alive date "
    "server vary alt-svc via age strict-transport-security upgrade trailer te expect host".split()
)
"""Headers of the connection or the server, not of the response; a replay has its own."""

_IGNORED_PARAMETERS = frozenset({"fal_webhook"})
"""Parameters whose values differ in each run."""


_ANY = EndpointId("any/app", "any/app", "any", "app")


class RawRoutes:
    """The routes of a recording. ``files`` maps URLs of media to names beside the scenario;
    ``contents`` gets the bytes of bodies that are stored in files of ``folder``."""

    def __init__(
        self,
        redactor: Redactor,
        folder: str,
        files: Mapping[str, str],
        links: Mapping[str, str],
    ) -> None:
        self.contents: dict[str, bytes] = {}
        self.reasons: list[str] = []
        self._redactor = redactor
        self._folder = folder
        self._files = files
        self._links = links
        self._routes: dict[str, Fields] = {}

    def add(self, capture: Capture, reason: str) -> bool:
        """Add a request with its response; False if a route cannot hold it."""
        request, response = capture.request, capture.response
        can_send = 200 <= response.status <= 599 or not response.status
        if request.method not in METHODS or not can_send:
            return False
        when = self._when(request)
        key = json.dumps(when, sort_keys=True)
        route = self._routes.setdefault(key, {"when": when, "replies": []})
        reply = self._reply(capture)
        if not route["replies"] or route["replies"][-1] != reply:
            route["replies"].append(reply)
        self.reasons.append(f"{request.method} {request.url}: {reason}")
        return True

    def routes(self) -> list[Fields]:
        """The routes in the order of their first requests."""
        routes = []
        for number, route in enumerate(self._routes.values(), 1):
            replies = route["replies"]
            one = {"reply": replies[0]} if len(replies) == 1 else {"replies": replies}
            routes.append({"id": f"raw {number}", "when": route["when"], **one})
        return routes

    def _when(self, request: RecordedRequest) -> Fields:
        path = self._redactor.redact_text(request.path or "/")
        if "{" in path or "*" in path:
            path = path.replace("{", "*").replace("}", "*")
        when: Fields = {
            "host": request.host,
            "method": request.method,
            "path": path.replace(REDACTED, "*"),
        }
        query = {
            name: "*" if self._redactor.redact_text(value) != value else value
            for name, value in parse_qsl(request.query, keep_blank_values=True)
            if name not in _IGNORED_PARAMETERS and not is_secret_parameter(name)
        }
        if query:
            when["query"] = {
                name: {"$type": "string"} if value == "*" else value
                for name, value in query.items()
            }
        when |= self._body_condition(request)
        return when

    def _body_condition(self, request: RecordedRequest) -> Fields:
        if not request.body.strip():
            return {}
        try:
            return {"json": exact_pattern(request.json(), self._links, self._redactor)}
        except ValueError:
            pass
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            return {}  # bytes cannot be compared: the path has to do
        if (
            "multipart/" in request.header("content-type")
            or self._redactor.redact_text(text) != text
        ):
            return {}  # its boundary differs in each run
        return {"body": {"$eq": text}}

    def _reply(self, capture: Capture) -> Fields:
        response = capture.response
        if not response.status or response.cut:
            endpoint = parse_endpoint(capture.request.decoded_path)
            return {"faults": [fault_of(response, endpoint or _ANY)]}
        reply: Fields = {}
        if response.status != 200:
            reply["status"] = response.status
        if headers := self._headers(response):
            reply["headers"] = headers
        content_type = response.header("content-type")
        body = self._body(response)
        if content_type and not (content_type == "application/json" and "json" in body):
            reply["content_type"] = content_type
        first = response.pieces[0][0] if response.pieces else capture.ended - capture.at
        if "stream" not in body and first > IMMEDIATE_SECONDS:
            reply["pause"] = format_seconds(first)
        return {**reply, **body}

    def _headers(self, response: RecordedResponse) -> dict[str, str]:
        return {
            name.lower(): self._text(value)
            for name, value in response.headers
            if name.lower() not in _OWN_HEADERS and not is_secret(name, value)
        }

    def _body(self, response: RecordedResponse) -> Fields:
        body = response.body
        if not body:
            return {}
        if response.content_type == "text/event-stream" or len(response.pieces) > 1:
            return self._stream(response)
        try:
            value = response.json()
        except ValueError:
            value = None
        if value is not None and encode(value) == body:
            return {"json": literal(self._redactor.redact_json(value), self._files)}
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return self._bytes(body, response.content_type)
        if value is not None and self._redactor.redact_json(value) != value:
            return {"json": literal(self._redactor.redact_json(value), self._files)}
        return {"text": self._text(text)}

    def _bytes(self, body: bytes, content_type: str) -> Fields:
        if len(body) <= MAX_INLINE_BYTES:
            return {"base64": b64encode(body).decode()}
        extension = content_type.rpartition("/")[2]
        name = f"{sha256(body).hexdigest()[:16]}.{extension if extension.isalnum() else 'bin'}"
        self.contents[f"{self._folder}/{name}"] = body
        return {"file": f"{self._folder}/{name}"}

    def _stream(self, response: RecordedResponse) -> Fields:
        times = [at for at, _ in response.pieces]
        chunks: list[Json] = [self._chunk(data) for _, data in response.pieces]
        pacing = pacing_of(times)
        waits = pacing.pop("waits", None)
        if isinstance(waits, list):
            paced: list[Json] = []
            for wait, chunk in zip(waits, chunks, strict=True):
                paced += [chunk] if wait in ("0s", "0ms") else [{"pause": wait}, chunk]
            chunks = paced
        return {"stream": {"chunks": chunks, **pacing}}

    def _chunk(self, data: bytes) -> Json:
        try:
            return self._text(data.decode())
        except UnicodeDecodeError:
            return {"base64": b64encode(data).decode()}

    def _text(self, text: str) -> str:
        redacted = self._redactor.redact_text(text)
        return expression(redacted) if has_template(redacted) else redacted
