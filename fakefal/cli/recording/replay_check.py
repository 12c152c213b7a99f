"""Replays a new recording at once, and lists what differs from what was recorded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from yarl import URL

from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.recorder.capture.captures import Capture, RecordedResponse, buffered_response
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import DistilResult
from fakefal.server.server import FakeFalServer

_KEY = "fakefal:replay-check"

_REQUEST_ID = re.compile(r"/requests/([^/]+)")
_MEDIA_URL = re.compile(r"https?://[^/\"\s]+/files/[^\"\s\\]*")
_COMPARED_HEADERS = frozenset(
    {"allow", "retry-after", "www-authenticate", "location", "x-fal-billable-units"}
)
_IGNORED_HEADERS = frozenset({"x-fal-request-id", "x-fal-hint", "x-fal-served-from"})
_NOT_SENT = frozenset(
    {"host", "content-length", "authorization", "accept-encoding", "cookie", "x-fal-target-url"}
)
_MAX_SHOWN = 60
_TIMEOUT_SECONDS = 30.0


def check_replay(distilled: DistilResult) -> list[str]:
    """What a replay of a written recording answers differently; one line for each kind.

    Requests are sent in their order, and time passes as it was recorded, without waiting.
    Connections that broke off, sockets, uploads, and the addresses of files are not compared.
    """
    if distilled.path is None or not distilled.captures:
        return []
    return asyncio.run(_Replay(distilled, distilled.redactor).run())


@dataclass(slots=True)
class _Kind:
    """A kind of difference: how often, and the first one."""

    example: str
    count: int = 1


@dataclass(slots=True)
class _Replay:
    distilled: DistilResult
    redactor: Redactor
    ids: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, _Kind] = field(default_factory=dict)

    async def run(self) -> list[str]:
        assert self.distilled.path is not None
        server = FakeFalServer(self.distilled.path, clock="instant")
        clock = server.engine.tenant_for(Credential("key", _KEY)).clock
        start = clock.now()
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with server, aiohttp.ClientSession(timeout=timeout) as session:
            for capture in sorted(self.distilled.captures, key=lambda it: it.at):
                if not _is_compared(capture):
                    continue
                behind = capture.at - (clock.now() - start)
                if behind > 0:
                    clock.advance(behind)
                replayed = await self._send(session, server, capture)
                if replayed is None:
                    self._add(capture, "response", "recorded", "no response")
                else:
                    self._compare(capture, replayed)
        return [
            f"{kind}{f' ({found.count} times)' if found.count > 1 else ''}: {found.example}"
            for kind, found in self.kinds.items()
        ]

    async def _send(
        self, session: aiohttp.ClientSession, server: FakeFalServer, capture: Capture
    ) -> RecordedResponse | None:
        request = capture.request
        query = urlencode(
            [
                (name, value)
                for name, value in parse_qsl(request.query, keep_blank_values=True)
                if name != "fal_webhook"  # nothing must be sent to the program's own URL
            ]
        )
        target = f"{self._with_new_ids(request.path)}{f'?{query}' if query else ''}"
        headers = {name: value for name, value in request.headers if name.lower() not in _NOT_SENT}
        headers |= {"Host": request.host, "Authorization": f"Key {_KEY}"}
        try:
            async with session.request(
                request.method,
                URL(f"{server.url}{target}", encoded=True),
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                pairs = [*response.headers.items()]
                return buffered_response(response.status, pairs, await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    def _with_new_ids(self, text: str) -> str:
        for recorded, replayed in self.ids.items():
            text = text.replace(recorded, replayed)
        return text

    def _compare(self, capture: Capture, replayed: RecordedResponse) -> None:
        recorded = capture.response
        self._learn_id(recorded, replayed)
        if recorded.status != replayed.status:
            self._add(capture, "status", recorded.status, replayed.status)
            return
        before, after = self._headers(recorded), self._headers(replayed)
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                self._add(capture, f"header {name}", before.get(name), after.get(name))
        if capture.request.method == "HEAD":
            return
        expected = _canonical(self._with_new_ids(recorded.body.decode("utf-8", "replace")))
        actual = _canonical(replayed.body.decode("utf-8", "replace"))
        if expected == actual:
            return
        try:
            value, other = _comparable(expected, actual)
        except ValueError:
            expected, actual = (
                self.redactor.redact_text(expected),
                self.redactor.redact_text(actual),
            )
            if expected != actual:
                self._add(capture, "body", *_around_difference(expected, actual))
            return
        value, other = self.redactor.redact_json(value), self.redactor.redact_json(other)
        for path, left, right in json_differences(value, other):
            self._add(capture, path or "body", left, right)
        if value == other and encode(value) == encode(other):
            self._add(capture, "spaces between the parts of JSON", "other", "none")

    def _headers(self, response: RecordedResponse) -> dict[str, str]:
        found = {
            name.lower(): self.redactor.redact_text(value)
            for name, value in response.headers
            if (lowered := name.lower()) in _COMPARED_HEADERS
            or (lowered.startswith("x-fal-") and lowered not in _IGNORED_HEADERS)
        }
        return {**found, "content-type": response.content_type}

    def _learn_id(self, recorded: RecordedResponse, replayed: RecordedResponse) -> None:
        """A repeated call gets a new id, under which its further requests are sent."""
        try:
            old, new = recorded.json(), replayed.json()
        except ValueError:
            return
        if isinstance(old, dict) and isinstance(new, dict):
            id_, other = old.get("request_id"), new.get("request_id")
            if isinstance(id_, str) and isinstance(other, str) and id_ and id_ != other:
                self.ids[id_] = other

    def _add(self, capture: Capture, what: str, recorded: object, replayed: object) -> None:
        request = capture.request
        path = _REQUEST_ID.sub("/requests/…", request.path)
        kind = self.redactor.redact_text(f"{request.method} {request.host}{path}: {what}")
        if kind in self.kinds:
            self.kinds[kind].count += 1
        else:
            shown = f"recorded {_shorten(recorded)}, replayed {_shorten(replayed)}"
            self.kinds[kind] = _Kind(self.redactor.redact_text(shown))


def json_differences(value: Json, other: Json, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places where two JSON values differ, with both values; None is a missing field too."""
    if isinstance(value, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*value, *other)):
            inner = f"{path}.{name}" if path else str(name)
            if (name in value) != (name in other):
                yield inner, value.get(name, "no such field"), other.get(name, "no such field")
            else:
                yield from json_differences(value[name], other[name], inner)
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for left, right in zip(value, other, strict=True):
            yield from json_differences(left, right, f"{path}[]")
    elif encode(value) != encode(other):
        yield path, value, other


def _is_compared(capture: Capture) -> bool:
    request, response = capture.request, capture.response
    if capture.is_webhook or request.method == "OPTIONS" or not response.status or response.cut:
        return False
    if request.host in hosts.MEDIA_HOSTS:
        return False
    return request.host != hosts.REST or "/storage/" not in request.path


def _canonical(text: str) -> str:
    """A body without the addresses of files, which are others in each replay."""
    return _MEDIA_URL.sub("<file>", text)


def _comparable(one: str, other: str) -> tuple[Json, Json]:
    """Two bodies of JSON, or of events whose data is JSON and that differ only in it.

    Raises ValueError for others.
    """
    try:
        return decode(one.encode()), decode(other.encode())
    except ValueError:
        (frame, data), (other_frame, other_data) = _split_events(one), _split_events(other)
        if frame != other_frame:
            raise
        return [decode(it.encode()) for it in data], [decode(it.encode()) for it in other_data]


def _split_events(text: str) -> tuple[list[str], list[str]]:
    """The lines of events with their data taken out, and the data."""
    lines = text.split("\n")
    data = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
    return ["data:" if line.startswith("data:") else line for line in lines], data


def _around_difference(one: str, other: str) -> tuple[str, str]:
    """Two texts from shortly before their first difference."""
    common = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    start = max(0, common - 20)
    return one[start:], other[start:]


def _shorten(value: object) -> str:
    text = value if isinstance(value, str) else encode(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
