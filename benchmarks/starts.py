"""CPU time of starts, as a ratio of an interpreter that imports aiohttp and pydantic."""

from __future__ import annotations

import http.client
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.processes import ROOT, environment, fakefal_command, free_port
from benchmarks.report import Figure

BASE = [sys.executable, "-c", "import aiohttp.web, pydantic"]
SCENARIO = str(ROOT / "scenarios" / "quickstart.yaml")
_START_SECONDS = 30.0


def starts(rounds: int) -> Iterator[Figure]:
    """Each way of starting fakefal; the first round fills caches and does not count."""
    fakefal = fakefal_command()
    ways: dict[str, tuple[float, Callable[[], float]]] = {
        "fakefal run SCENARIO -- true": (
            1.7,
            lambda: _cpu_of([*fakefal, "run", SCENARIO, "--", "true"]),
        ),
        "fakefal run -- true": (1.4, lambda: _cpu_of([*fakefal, "run", "--", "true"])),
        "fakefal check FILE": (0.8, lambda: _cpu_of([*fakefal, "check", SCENARIO])),
        "fakefal serve FILE, to the first answer": (1.6, _cpu_to_first_answer),
    }
    base = math.inf
    least = dict.fromkeys(ways, math.inf)
    for number in range(rounds + 1):
        found = _cpu_of(BASE), {name: measure() for name, (_, measure) in ways.items()}
        if number:
            base = min(base, found[0])
            least = {name: min(least[name], it) for name, it in found[1].items()}
    for name, (target, _) in ways.items():
        detail = f"{least[name] * 1e3:.0f} ms of CPU; {base * 1e3:.0f} ms"
        yield Figure(f"`{name}`", least[name] / base, target, detail=detail)


def _cpu_of(command: list[str]) -> float:
    """User and system time of a command and of what it starts, to its end."""
    process = subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {output.decode()[-500:]}")
    return usage.ru_utime + usage.ru_stime


def _cpu_to_first_answer() -> float:
    """User and system time of a server that is killed after its first answer to a call."""
    port = free_port()
    command = [*fakefal_command(), "serve", SCENARIO, "--port", str(port), "--quiet"]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for_answer(port)
    finally:
        process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _wait_for_answer(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
        try:
            headers = {"Authorization": "Key bench:mark"}
            body = '{"prompt": "Write a tagline"}'
            connection.request("POST", "/fal.run/fal-ai/any-llm", body, headers)
            answer = connection.getresponse().read()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        else:
            assert b"Ship it." in answer, answer
            return
        finally:
            connection.close()
