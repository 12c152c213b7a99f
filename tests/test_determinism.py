"""The promise: same scenario, same calls, same bytes, in any process."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.serving import serve

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
QUEUE, RUN = "/queue.fal.run/fal-ai/any-llm", "/fal.run/fal-ai/any-llm"
ADVANCE = "/_fakefal/clock/advance"


class Wire:
    """Raw HTTP over one connection, so that every byte of an answer is seen."""

    def __init__(self, url: str, key: str = "a:b") -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._place = parts.netloc
        self._key = key
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, method: str, path: str, body: str = "") -> bytes:
        """Status line, headers and body; the Date and the port are left out."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._place}\r\n"
        head += f"Authorization: Key {self._key}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
        self._socket.sendall((head + body).encode())
        lines = []
        length = -1
        while (line := self._file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if not line.lower().startswith(b"date:"):
                lines.append(line)
        content = self._file.read(length) if length >= 0 else self._chunks()
        return (b"".join(lines) + b"\r\n" + content).replace(self._place.encode(), b"PLACE")

    def json(self, method: str, path: str, body: str = "") -> tuple[bytes, dict[str, object]]:
        """An answer as bytes and as what they mean."""
        answer = self.ask(method, path, body)
        return answer, json.loads(answer.partition(b"\r\n\r\n")[2])

    def _chunks(self) -> bytes:
        found = b""
        while True:
            size = self._file.readline()
            chunk = self._file.read(int(size, 16) + 2)
            found += size + chunk
            if int(size, 16) == 0:
                return found


def life_of_a_job(wire: Wire, prompt: str) -> Iterator[bytes]:
    answer, body = wire.json("POST", QUEUE, json.dumps({"prompt": prompt}))
    request = f"{QUEUE}/requests/{body['request_id']}"
    yield answer
    for _ in range(3):
        yield wire.ask("GET", f"{request}/status?logs=1")
    yield wire.ask("POST", ADVANCE, '{"by": "75s"}')
    yield wire.ask("GET", f"{request}/status?logs=1")
    yield wire.ask("GET", request)
    yield wire.ask("PUT", f"{request}/cancel")
    yield wire.ask("POST", ADVANCE, '{"by": "10m"}')
    yield wire.ask("GET", f"{request}/status/stream?logs=1")


def conversation(url: str) -> list[bytes]:
    """A bit of everything, on a clock that stands still unless it is moved."""
    seen: list[bytes] = []
    with Wire(url) as wire:
        for prompt in ("patience", "patience", "requeue", "at once", "stuck"):
            seen.extend(life_of_a_job(wire, prompt))
        for path in (RUN, f"{RUN}/stream"):
            for body in (
                '{"prompt": "no exchange has this"}',
                '{"prompt": "requeue", "reasoning": true}',
                "{}",
                "not json",
            ):
                seen.append(wire.ask("POST", path, body))
        seen.append(wire.ask("GET", "/_fakefal/journal"))
    return seen


def slow_stream(url: str) -> bytes:
    """A stream that waits for the clock, which a second connection moves until it has ended."""
    with (
        ThreadPoolExecutor(1) as pool,
        Wire(url, "slow:stream") as wire,
        Wire(url, "slow:stream") as hand,
    ):
        stream = pool.submit(wire.ask, "POST", f"{RUN}/stream", '{"prompt": "words"}')
        while not stream.done():
            hand.ask("POST", ADVANCE, '{"by": "1s"}')
        return stream.result()


def test_two_processes_give_the_same_bytes() -> None:
    rounds = []
    for _ in range(2):
        scenarios = [str(SCENARIOS / f"{name}.yaml") for name in ("long-queue", "chat-streaming")]
        with serve(*scenarios, "--clock", "manual", "--quiet") as served:
            rounds.append([*conversation(served.url), slow_stream(served.url)])
    first, second = rounds
    assert first == second
    assert b"2026-01-01T00:0" in b"".join(first)
    assert b'"output":"Streams grow word"' in first[-1]


def test_another_seed_gives_other_ids() -> None:
    ids = []
    for seed in ("1", "2"):
        with serve("--seed", seed) as served, Wire(served.url) as wire:
            _, body = wire.json("POST", QUEUE, '{"prompt": "x"}')
            ids.append(body["request_id"])
    assert ids[0] != ids[1]
