"""Calls the control API of a running server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import click

from fakefal.errors import FakefalError

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 10.0
_LIVE_SECONDS = 60.0
"""Longer than the pauses between the comments of a live stream."""


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--url``, ``--key`` and ``--token``."""
    for option in (
        click.option(
            "--token",
            envvar="FAKEFAL_TOKEN",
            help="Token that the server printed. Default: FAKEFAL_TOKEN.",
        ),
        click.option(
            "--key",
            envvar="FAL_KEY",
            help="API key of the calls. Default: FAL_KEY; without it the key that called last.",
        ),
        click.option(
            "--url",
            envvar="FAKEFAL_URL",
            default="http://127.0.0.1:8787",
            show_default=True,
            help="URL of the server.",
        ),
    ):
        command = option(command)
    return command


class ControlClient:
    """A client of one server; every error is a FakefalError that names the way out."""

    def __init__(self, url: str, key: str | None, token: str | None) -> None:
        self._base = f"{url.rstrip('/')}/_fakefal"
        self._headers = {} if key is None else {"Authorization": f"Key {key}"}
        if token:
            self._headers["x-fakefal-token"] = token

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a route; parameters that are None or empty are left out."""
        with self._open(path, query, _SECONDS) as response:
            return json.load(response)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that a route answers to a body."""
        with self._open(path, {}, _SECONDS, json.dumps(body).encode()) as response:
            return json.load(response)

    def events(self, path: str, **query: Any) -> Iterator[tuple[str, Any]]:
        """The events of a live route: pairs of name and JSON."""
        with self._open(path, query, _LIVE_SECONDS) as response:
            name = ""
            for raw in response:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

    @contextmanager
    def _open(
        self, path: str, query: dict[str, Any], seconds: float, data: bytes | None = None
    ) -> Iterator[Any]:
        given = {name: value for name, value in query.items() if value not in (None, "", ())}
        url = f"{self._base}{path}" + (f"?{urlencode(given)}" if given else "")
        try:
            request = urllib.request.Request(url, data, self._headers)
            with _OPENER.open(request, timeout=seconds) as response:
                yield response
        except urllib.error.HTTPError as error:
            with error:
                raise FakefalError(
                    _detail(error.read()) or f"the server responded with {error.code}"
                ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            text = f"cannot reach a server at {url} ({reason}) — start fakefal serve, or pass --url"
            raise FakefalError(text) from None


def _detail(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
