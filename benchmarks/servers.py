"""The servers that are measured, each a process of its own (Linux)."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, environment, fakefal_command, free_port
from benchmarks.workloads import (
    CHAT_ENDPOINT,
    CHATS,
    EXPECTED,
    LIFECYCLES,
    RUNS,
    STREAMS,
    WORDS,
    Request,
    fixtures,
    requests_of,
    scenario,
)

PEER = "@copilotkit/aimock"
PEER_VERSION = "1.43.0"
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running server, and the requests that it accepts."""

    port: int
    pid: int
    requests: dict[str, Request]

    def cpu_seconds(self) -> float:
        """User and system time so far, of the thread that serves.

        The others of CPython do nothing here; those of Node collect garbage and compile, which
        would count against it though it costs no time on a machine with a free core.
        """
        statistics = Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text()
        return int(statistics.split()[0]) / 1e9

    def memory_megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if found is None:
            raise LookupError(f"no VmRSS of process {self.pid}")
        return int(found[1]) / 1024

    def check(self, kind: str) -> int:
        """Make one request of a kind; returns how many events it streamed, or raises."""
        request = self.requests[kind]
        body = self._send("POST", request, request.path, request.body)
        if kind == LIFECYCLES:
            request_id = json.loads(body)["request_id"]
            job = f"{request.path}/requests/{request_id}"
            status = json.loads(self._send("GET", request, f"{job}/status"))
            assert status["status"] == "COMPLETED", status
            body = self._send("GET", request, job)
        assert EXPECTED[kind] in body, body
        return body.count("data: {")

    def _send(self, method: str, request: Request, path: str, body: str = "") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body or None, dict(request.headers))
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        assert response.status == 200, f"{method} {path}: {response.status} {text}"
        return text


@contextmanager
def fakefal(exchanges: int = 50, is_quiet: bool = True) -> Iterator[Server]:
    """``fakefal serve``; what it prints goes to a file."""
    prefix = "/fal.run/fal-ai/any-llm"
    requests = requests_of(
        {
            LIFECYCLES: "/queue.fal.run/fal-ai/any-llm",
            RUNS: prefix,
            STREAMS: f"{prefix}/stream",
            CHATS: f"/fal.run/{CHAT_ENDPOINT}",
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.json"
        file.write_text(json.dumps(scenario(exchanges)))
        port = free_port()
        command = [*fakefal_command(), "serve", str(file), "--port", str(port)]
        with _started([*command, "--quiet"] if is_quiet else command, port, requests) as server:
            yield server


@contextmanager
def bare() -> Iterator[Server]:
    """A hand-written aiohttp application on uvloop."""
    prefix = "/fal.run/fal-ai/any-llm"
    requests = requests_of(
        {
            LIFECYCLES: "/queue.fal.run/fal-ai/any-llm",
            RUNS: prefix,
            STREAMS: f"{prefix}/stream",
        }
    )
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare", str(port)]
    with _started(command, port, requests) as server:
        yield server


@contextmanager
def peer() -> Iterator[Server]:
    """aimock with its log silent; it knows the host of fal by a header, and no streams of fal."""
    path = "/fal/fal-ai/any-llm"
    requests = requests_of(
        {LIFECYCLES: path, RUNS: path, CHATS: "/v1/chat/completions"},
        {
            LIFECYCLES: {"x-fal-target-host": "queue.fal.run"},
            RUNS: {"x-fal-target-host": "fal.run"},
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fixtures.json"
        file.write_text(json.dumps(fixtures(50)))
        port = free_port()
        command = ["node", str(_peer_script()), "-p", str(port), "-f", str(file)]
        command += ["--log-level", "silent", "--chunk-size", str(len(WORDS[0]) + 1)]
        with _started(command, port, requests) as server:
            yield server


def _peer_script() -> Path:
    """The script of the peer, which npm installs into ``.cache`` the first time."""
    folder = ROOT / ".cache" / "peer"
    package = folder / "node_modules" / PEER
    manifest = package / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != PEER_VERSION:
        if shutil.which("npm") is None:
            raise SystemExit("--peer needs Node and npm")
        folder.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
        subprocess.run(
            [*install, "--ignore-scripts", f"{PEER}@{PEER_VERSION}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return package / "dist" / "cli.js"


@contextmanager
def _started(command: list[str], port: int, requests: dict[str, Request]) -> Iterator[Server]:
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait_until_listening(process, port)
            yield Server(port, process.pid, requests)
        except ChildProcessError as error:
            output.seek(0)
            raise RuntimeError(f"{error}: {output.read().decode()[-500:]}") from None
        finally:
            process.kill()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Return as soon as the port accepts connections; raises ChildProcessError if it never does."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None:
                raise ChildProcessError(f"{' '.join(process.args)} ended") from None  # type: ignore[arg-type]
            time.sleep(0.001)
    raise ChildProcessError(f"port {port} does not listen after {_START_SECONDS:.0f} s")
