"""``fakefal serve`` as a process on a free port, and a client of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import IO, Any, NamedTuple

SECONDS = 20
"""Timeout for a line of output, a response or an exit."""

_LISTENS = re.compile(r"listens on (http://\S+)")
_LAST_OF_GREETING = "limits"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ProcessExit(NamedTuple):
    """How a server exited: its exit code, unread output, and stderr."""

    code: int
    lines: list[str]
    errors: str


class ServeProcess:
    """A running server; a thread reads its output, so that no read can block a test."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self._errors = errors
        self._lines: Queue[str | None] = Queue()
        threading.Thread(target=self._read_output, args=(process.stdout,), daemon=True).start()
        self.greeting = [self.next_line()]
        match = _LISTENS.search(self.greeting[0])
        if match is None:
            raise AssertionError(f"no greeting: {self.greeting[0]}")
        self.url = match[1]
        while not self.greeting[-1].strip().startswith(_LAST_OF_GREETING):
            self.greeting.append(self.next_line())

    def next_line(self) -> str:
        """The next line of output."""
        try:
            line = self._lines.get(timeout=SECONDS)
        except Empty:
            raise AssertionError("no line came") from None
        if line is None:
            raise AssertionError(f"the server has ended: {self._read_errors()}")
        return line

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = SECONDS) -> ProcessExit:
        """Send a signal and wait for the exit."""
        self.process.send_signal(number)
        code = self.process.wait(within)
        remaining = list(iter(lambda: self._lines.get(timeout=SECONDS), None))
        return ProcessExit(code, remaining, self._read_errors())

    def _read_output(self, stdout: IO[str]) -> None:
        with stdout:
            for line in stdout:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


@contextmanager
def serve(*arguments: str, **env: str) -> Iterator[ServeProcess]:
    """Start the command and wait until it is listening; it is stopped at the end."""
    command = [sys.executable, "-m", "fakefal", "serve", "--port", "0", *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
        )
        try:
            yield ServeProcess(process, errors)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """End a server with SIGTERM, after which it removes its files; kill one that does not end."""
    process.terminate()
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(SECONDS)


def request_json(
    url: str, body: Any = None, *, key: str | None = "a:b", method: str | None = None
) -> tuple[int, Any]:
    """Send a request; returns status and JSON of the response."""
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Key {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with _OPENER.open(request, timeout=SECONDS) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
