"""Receives upstream's webhooks, forwards them to the caller's URLs, and captures both."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from aiohttp import web
from yarl import URL

from fakefal.protocol.core import hosts
from fakefal.recorder.capture.captures import (
    Capture,
    RecordedRequest,
    RecordedResponse,
    buffered_response,
)
from fakefal.recorder.capture.upstream import HOP_BY_HOP, Upstream

PREFIX = "/recorder/webhooks/"
"""The path under the control API to which upstream posts them."""

_CONTROL = "/_fakefal"
_POST_TIMEOUT_SECONDS = 120.0


class WebhookRelay:
    """Maps local paths to the callers' URLs. ``elapsed`` is seconds since the recording began."""

    def __init__(self, upstream: Upstream, elapsed: Callable[[], float]) -> None:
        self._upstream = upstream
        self._elapsed = elapsed
        self._targets: list[str] = []

    def register_target(self, url: str) -> str:
        """The local path for a caller's URL; the same URL always has the same path."""
        if url not in self._targets:
            self._targets.append(url)
        return f"{_CONTROL}{PREFIX}{self._targets.index(url)}"

    async def relay(self, request: web.BaseRequest, path: str) -> Capture | None:
        """Forward a webhook unchanged, as its signature covers the bytes; None if the path is
        not registered."""
        number = path.removeprefix(PREFIX)
        if not number.isdecimal() or int(number) >= len(self._targets):
            return None
        started_at = self._elapsed()
        body = await request.read()
        pairs = tuple(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP
        )
        response = await self._post(self._targets[int(number)], pairs, body)
        canonical = self._upstream.canonical(body)
        recorded_request = RecordedRequest("POST", hosts.QUEUE, "/webhook", "", pairs, canonical)
        return Capture(started_at, self._elapsed(), recorded_request, response, "", True)

    async def _post(
        self, target: str, pairs: tuple[tuple[str, str], ...], body: bytes
    ) -> RecordedResponse:
        """The receiver's response; 502 if there is none, so that upstream retries."""
        timeout = aiohttp.ClientTimeout(total=_POST_TIMEOUT_SECONDS)
        try:
            async with self._upstream.session().post(
                URL(target), data=body, headers=pairs, allow_redirects=False, timeout=timeout
            ) as response:
                return buffered_response(
                    response.status, [*response.headers.items()], await response.read()
                )
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
            return buffered_response(502, (), b"the receiver did not respond")
