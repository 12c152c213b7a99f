"""Load on a server from 32 connections: wrk where it is installed, else an asyncio client."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.servers import Server
from benchmarks.workloads import LIFECYCLES, Request

CONNECTIONS = 32
_LONGEST_SECONDS = 600
_ID = b'"request_id":'


@dataclass(frozen=True)
class Sample:
    """What a server did: operations a second, and its CPU seconds for each of them."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class _Done:
    operations: int
    seconds: float


def measure(server: Server, kind: str, seconds: float) -> Sample:
    """Load of one kind for a time; for longer if a busy machine gets nothing done in it."""
    for factor in (1, 4, 16):
        before = server.cpu_seconds()
        done = _load(server, kind, seconds * factor, limit=0)
        if done.operations:
            break
    return _sample(done, server.cpu_seconds() - before)


def repeat(server: Server, lifecycles: int) -> Sample:
    """This many lifecycles, as fast as they go."""
    before = server.cpu_seconds()
    done = _load(server, LIFECYCLES, _LONGEST_SECONDS, limit=lifecycles)
    return _sample(done, server.cpu_seconds() - before)


def generator() -> str:
    """What makes the load."""
    return "wrk" if shutil.which("wrk") else "an asyncio client"


def _sample(done: _Done, cpu_seconds: float) -> Sample:
    if not done.operations:
        raise RuntimeError("the load did nothing")
    return Sample(done.operations / done.seconds, cpu_seconds / done.operations)


def _load(server: Server, kind: str, seconds: float, limit: int) -> _Done:
    if shutil.which("wrk"):
        return _wrk(server, kind, seconds, limit)
    return asyncio.run(_AsyncioLoad(server, kind, seconds, limit).run())


def _wrk(server: Server, kind: str, seconds: float, limit: int) -> _Done:
    """wrk knows neither parts of a second nor a number of requests; SIGINT ends it early."""
    request = server.requests[kind]
    if kind == LIFECYCLES:
        script, arguments = "lifecycles.lua", [request.path, request.body, str(limit)]
    else:
        script, arguments = "posts.lua", [request.body]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_LONGEST_SECONDS}s"]
    for name, value in request.headers:
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(Path(__file__).with_name(script))]
    command += [f"http://127.0.0.1:{server.port}{request.path}", "--", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if limit:
            _skip_to_limit(process.stdout)
        else:
            time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    return _wrk_result(output)


def _skip_to_limit(output: IO[str]) -> None:
    """Read what wrk prints until its script says that the limit is reached."""
    for line in output:
        if line == "LIMIT\n":
            return


def _wrk_result(output: str) -> _Done:
    """Read ``RESULT operations microseconds errors``, which the scripts print."""
    found = [line.split() for line in output.splitlines() if line.startswith("RESULT ")]
    if not found:
        raise RuntimeError(f"wrk printed no result: {output}")
    _, operations, microseconds, errors = found[0]
    if int(errors):
        raise RuntimeError(f"{errors} requests failed: {output}")
    return _Done(int(operations), int(microseconds) / 1e6)


class _AsyncioLoad:
    """The same load from this process, which costs more than wrk's."""

    def __init__(self, server: Server, kind: str, seconds: float, limit: int) -> None:
        self._server = server
        self._kind = kind
        self._deadline = time.perf_counter() + seconds
        self._limit = limit
        self._done = 0

    async def run(self) -> _Done:
        """Load until the time is over or the limit is reached."""
        began = time.perf_counter()
        await asyncio.gather(*(self._work() for _ in range(CONNECTIONS)))
        return _Done(self._done, time.perf_counter() - began)

    async def _work(self) -> None:
        port, request = self._server.port, self._server.requests[self._kind]
        connection = _Connection(*await asyncio.open_connection("127.0.0.1", port), request)
        while time.perf_counter() < self._deadline and not 0 < self._limit <= self._done:
            if self._kind == LIFECYCLES:
                await connection.lifecycle()
            else:
                await connection.send("POST", request.path, request.body)
            self._done += 1
        connection.close()


class _Connection:
    """Raw HTTP/1.1 over one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers)

    async def lifecycle(self) -> None:
        """Submit, status, result."""
        path = self._request.path
        answer = await self.send("POST", path, self._request.body)
        request_id = answer.partition(_ID)[2].split(b'"', 2)[1].decode()
        status = await self.send("GET", f"{path}/requests/{request_id}/status")
        if b'"COMPLETED"' not in status:
            raise RuntimeError(f"the job is not complete: {status.decode()}")
        await self.send("GET", f"{path}/requests/{request_id}")

    async def send(self, method: str, path: str, body: str = "") -> bytes:
        """Send a request, read the body of its response, of a length or in chunks."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._headers}"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in answer[:16]:
            raise RuntimeError(f"{method} {path}: {answer.decode()}")
        _, found, length = answer.partition(b"content-length:")
        if found:
            return await self._reader.readexactly(int(length.split(b"\r\n", 1)[0]))
        chunks = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            chunks.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readexactly(2)
        return b"".join(chunks)

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
