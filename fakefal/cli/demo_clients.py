"""Clients for the demo: fal_client if it is installed, else one with urllib."""

from __future__ import annotations

import importlib.util
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest import mock

from fakefal.protocol.sse import Decoder

_KEY = "demo:key"


@dataclass(frozen=True, slots=True)
class Update:
    """A status of a queued call, or its output (with status None)."""

    status: str | None
    position: int | None = None
    logs: list[str] = field(default_factory=list)
    output: Any = None


class CallFailed(Exception):
    """An error response."""

    def __init__(self, status: int, detail: Any) -> None:
        self.status = status
        self.text = detail if isinstance(detail, str) else json.dumps(detail)
        super().__init__(self.text)


class Client(Protocol):
    """The methods that the demo uses."""

    name: str

    def subscribe(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[Update]:
        """A queued call, update by update."""
        ...

    def stream(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a stream."""
        ...

    def run(self, endpoint: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A direct call; raises CallFailed."""
        ...


@contextmanager
def open_client(url: str) -> Iterator[Client]:
    """A client for the server at ``url``, within the block."""
    if importlib.util.find_spec("fal_client") is None:
        yield HttpClient(url)
        return
    import fal_client.client

    with (
        mock.patch.object(fal_client.client, "RUN_URL_FORMAT", f"{url}/fal.run/"),
        mock.patch.object(fal_client.client, "QUEUE_URL_FORMAT", f"{url}/queue.fal.run/"),
        mock.patch.dict("os.environ", {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}),
    ):
        yield FalClient()


class FalClient:
    """fal's own Python client."""

    def __init__(self) -> None:
        import fal_client

        self._fal: Any = fal_client
        self._client: Any = fal_client.SyncClient(key=_KEY)
        self.name = f"fal_client {getattr(fal_client, '__version__', '')}".strip()

    def subscribe(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[Update]:
        """A queued call, update by update."""
        handle = self._client.submit(endpoint, arguments)
        for status in handle.iter_events(with_logs=True, interval=0.2):
            if isinstance(status, self._fal.Queued):
                yield Update("IN_QUEUE", status.position)
                continue
            is_completed = isinstance(status, self._fal.Completed)
            logs = [log["message"] for log in status.logs or []]
            yield Update("COMPLETED" if is_completed else "IN_PROGRESS", None, logs)
        yield Update(None, output=handle.get())

    def stream(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a stream."""
        yield from self._client.stream(endpoint, arguments)

    def run(self, endpoint: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A direct call; raises CallFailed."""
        try:
            output: dict[str, Any] = self._client.run(endpoint, arguments)
        except Exception as error:
            response = getattr(error, "response", None)
            if response is None:
                raise
            raise CallFailed(response.status_code, response.json()["detail"]) from None
        return output


class HttpClient:
    """A client that uses only the standard library."""

    name = "urllib (fal_client is not installed)"

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def subscribe(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[Update]:
        """A queued call, update by update."""
        job = self._send("POST", f"{self._url}/queue.fal.run/{endpoint}", arguments)
        status = ""
        while status != "COMPLETED":
            body = self._send("GET", f"{job['status_url']}?logs=1")
            status = body["status"]
            logs = [log["message"] for log in body["logs"]]
            yield Update(status, body.get("queue_position"), logs)
        yield Update(None, output=self._send("GET", job["response_url"]))

    def stream(self, endpoint: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a stream."""
        url = f"{self._url}/fal.run/{endpoint}/stream"
        decoder = Decoder()
        with self._open(self._request("POST", url, arguments)) as response:
            while chunk := response.read1():
                for event in decoder.feed(chunk):
                    yield json.loads(event.data)

    def run(self, endpoint: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A direct call; raises CallFailed."""
        return self._send("POST", f"{self._url}/fal.run/{endpoint}", arguments)

    def _send(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        try:
            with self._open(self._request(method, url, body)) as response:
                response_body: dict[str, Any] = json.load(response)
                return response_body
        except urllib.error.HTTPError as error:
            with error:
                raise CallFailed(error.code, json.load(error)["detail"]) from None

    @staticmethod
    def _request(method: str, url: str, body: Any) -> urllib.request.Request:
        headers = {"Authorization": f"Key {_KEY}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(url, data, headers, method=method)
