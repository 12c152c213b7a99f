"""``fakefal health``: a readiness check for containers and CI."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import click

from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError

_PATH = "/_fakefal/ready"
_WILDCARD_HOSTS = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}
_MAX_BYTES = 10_000


@click.command()
@click.option("--url", envvar="FAKEFAL_URL", help="URL of the server, instead of host and port.")
@click.option("--host", envvar="FAKEFAL_HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="FAKEFAL_PORT", default=8787, show_default=True)
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for a response.")
@click.pass_obj
def health(terminal: Terminal, url: str | None, host: str, port: int, timeout: float) -> int:
    """Print whether a server is ready; exit code 0 if it is, else 1.

    No key or token is needed.
    """
    host = _WILDCARD_HOSTS.get(host, host)
    base = url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    result = _check_ready(base.rstrip("/"), timeout)
    terminal.write_line(result[1])
    return 0 if result[0] else 1


def _check_ready(base: str, timeout: float) -> tuple[bool, str]:
    """Whether the server is ready, and a line about it."""
    connection = _connection(base, timeout)
    try:
        connection.request("GET", f"{urlsplit(base).path}{_PATH}", headers={"Connection": "close"})
        response = connection.getresponse()
        status, body = response.status, response.read(_MAX_BYTES)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return False, f"no response from {base}: {reason}"
    finally:
        connection.close()
    try:
        status_body = json.loads(body)
    except ValueError:
        status_body = None
    if not isinstance(status_body, dict):
        return False, f"{base} is not a fakefal server: {status}"
    if status == 200 and status_body.get("status") == "ready":
        return True, f"fakefal {status_body.get('version')} is ready at {base}"
    return False, f"{base} is not ready: {status} {status_body.get('detail', '')}".rstrip()


def _connection(base: str, timeout: float) -> HTTPConnection:
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FakefalError(f'"{base}" is not a valid URL: {error}') from None
    if not host or parts.scheme != "http":
        raise FakefalError(f'"{base}" is not an http URL — write http://127.0.0.1:8787')
    return HTTPConnection(host, port, timeout=timeout)
