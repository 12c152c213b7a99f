"""Three replicas behind a real nginx with the configuration of docs/scaling, one restarted."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx")
KEYS = int(os.environ.get("FAKEFAL_SCALING_KEYS", "60"))
SCENARIO = """
fakefal: 1
exchanges:
  - when: {endpoint: acme/slow}
    reply:
      timeline: [{IN_QUEUE: {for: 400ms}}, {IN_PROGRESS: {for: 800ms}}]
      output: {text: done}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [it.getsockname()[1] for it in sockets]


def start_replica(port: int, scenario: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fakefal", "serve", str(scenario), "--quiet"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--drain", "20", "--replica", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  limits"):
            return process
    raise AssertionError("the replica did not start")


@contextmanager
def running_nginx(folder: Path, ports: list[int]) -> Iterator[str]:
    """nginx with the published configuration; only its ports differ."""
    text = (ROOT / "docs" / "scaling" / "nginx.conf").read_text(encoding="utf-8")
    for number, port in zip((8790, 8791, 8792, 8793), ports, strict=True):
        assert str(number) in text
        text = text.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
    config = folder / "nginx.conf"
    config.write_text(text, encoding="utf-8")
    assert NGINX is not None
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(config), "-e", "stderr", "-g", "daemon off;"]
    )
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        process.terminate()
        process.wait(20)


async def lifecycle(session: aiohttp.ClientSession, url: str, key: str) -> str:
    """Submit, poll to the end, and read the result; the first thing that went wrong, or ``ok``."""
    headers = {"Authorization": f"Key {key}"}
    async with session.post(f"{url}/queue.fal.run/acme/slow", json={}, headers=headers) as reply:
        if reply.status != 200:
            return f"submit {reply.status}"
        request_id = (await reply.json())["request_id"]
    base = f"{url}/queue.fal.run/acme/slow/requests/{request_id}"
    while True:
        async with session.get(f"{base}/status", headers=headers) as reply:
            if reply.status not in (200, 202):
                return f"status {reply.status}"
            if (await reply.json())["status"] == "COMPLETED":
                break
        await asyncio.sleep(0.2)
    async with session.get(base, headers=headers) as reply:
        return "ok" if await reply.json() == {"text": "done"} else f"result {reply.status}"


async def run_load(url: str, restart: asyncio.Event) -> Counter[str]:
    """Three lifecycles of each key, one after the other; ``restart`` is set in the middle."""
    results: Counter[str] = Counter()

    async def one_key(session: aiohttp.ClientSession, number: int) -> None:
        await asyncio.sleep(number % 20 * 0.05)
        for round_number in range(3):
            results[await lifecycle(session, url, f"id-{number}:secret")] += 1
            if round_number == 0:
                restart.set()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(100):  # until nginx listens
            with suppress(aiohttp.ClientError):
                async with session.get(f"{url}/_fakefal/health"):
                    break
            await asyncio.sleep(0.05)
        await asyncio.gather(*(one_key(session, number) for number in range(KEYS)))
    return results


async def test_no_job_is_lost_while_a_replica_is_drained_and_restarted(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    ports = free_ports(4)
    replicas = [await asyncio.to_thread(start_replica, port, scenario) for port in ports[1:]]
    restarted: list[int] = []

    async def restart_first(event: asyncio.Event) -> None:
        await event.wait()
        replicas[0].send_signal(signal.SIGTERM)
        restarted.append(await asyncio.to_thread(replicas[0].wait, 30))
        assert replicas[0].stdout is not None
        with replicas[0].stdout as output:
            assert "Traceback" not in output.read()
        replicas[0] = await asyncio.to_thread(start_replica, ports[1], scenario)

    try:
        with running_nginx(tmp_path, ports) as url:
            event = asyncio.Event()
            results, _ = await asyncio.gather(run_load(url, event), restart_first(event))
    finally:
        for replica in replicas:
            replica.send_signal(signal.SIGTERM)
            replica.communicate(timeout=30)
    assert results == {"ok": 3 * KEYS}
    assert restarted == [0]
