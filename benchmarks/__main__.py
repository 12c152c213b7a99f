"""``python -m benchmarks``: every figure of benchmarks/README.md, measured in one run.

Server and client have a core each where the machine has two. Runs alternate, and a ratio is that of
the medians, so that a machine whose speed drifts does not decide it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import measure, repeat

BARE_IMPORT = "import aiohttp, pydantic"


def pin(core: int) -> None:
    """Keep this process on one core, if there are two."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


@contextmanager
def served(name: str, exchanges: int = 50, loop: str = "asyncio") -> Iterator[tuple[int, int]]:
    """A server on the first core; gives port and process id."""
    command = [sys.executable, "-m", "benchmarks.servers", name, str(exchanges), loop]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=lambda: pin(0))
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def compare(
    job: str, one: tuple[str, int, str], other: tuple[str, int, str], rounds: int, seconds: float
) -> tuple[float, float]:
    """Medians of two servers, measured in turn."""
    with ExitStack() as stack:
        ports = [stack.enter_context(served(*server))[0] for server in (one, other)]
        found: list[list[float]] = [[], []]
        for port in ports:
            asyncio.run(measure(port, job, seconds / 2))
        for _ in range(rounds):
            for port, figures in zip(ports, found, strict=True):
                figures.append(asyncio.run(measure(port, job, seconds)))
        first, second = (statistics.median(figures) for figures in found)
    return first, second


def resident(pid: int) -> float:
    """Resident memory in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def memory() -> tuple[float, float]:
    """Resident megabytes after 1,000 and after 100,000 lifecycles."""
    with served("fakefal") as (port, pid):
        asyncio.run(repeat(port, 1_000))
        early = resident(pid)
        asyncio.run(repeat(port, 99_000))
        return early, resident(pid)


def cold_start(*arguments: str) -> float:
    """Seconds from exec to the first answered request."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "fakefal", "serve", "--port", str(port), *arguments]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise
                time.sleep(0.001)
        with connection:
            connection.sendall(b"GET /_fakefal/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in connection.recv(1000)
            passed = time.perf_counter() - began
        process.terminate()
    return passed


def bare_import() -> float:
    """Seconds of an interpreter that imports aiohttp and pydantic."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE_IMPORT], check=True)
    return time.perf_counter() - began


def starts(rounds: int) -> tuple[float, float, float]:
    """Medians: the bare import, a start without scenario, a start with one."""
    scenario = str(Path(__file__).parents[1] / "scenarios" / "quickstart.yaml")
    found = [(bare_import(), cold_start(), cold_start(scenario)) for _ in range(rounds)]
    bare, empty, loaded = (statistics.median(column) for column in zip(*found, strict=True))
    return bare, empty, loaded


def row(what: str, ours: str, theirs: str, ratio: float, target: str) -> None:
    """A line of the table."""
    print(f"| {what} | {ours} | {theirs} | {ratio:.2f} | {target} |", flush=True)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options = parser.parse_args()
    pin(1)
    versions = f"Python {platform.python_version()}, {options.loop}"
    print(f"{versions}; medians of {options.rounds} runs of {options.seconds:g} s\n")
    print("| what | fakefal | bare | ratio | target |\n|---|---|---|---|---|")
    bare, fake = ("bare", 0, options.loop), ("fakefal", 50, options.loop)
    targets = {"lifecycles": "≥ 0.85", "direct runs": "≥ 0.75", "stream events": "≥ 2"}
    for job, target in targets.items():
        ours, theirs = compare(job, fake, bare, options.rounds, options.seconds)
        row(f"{job} a second", f"{ours:,.0f}", f"{theirs:,.0f}", ours / theirs, target)
    for job in ("lifecycles", "direct runs"):
        many, few = compare(
            job,
            ("fakefal", 500, options.loop),
            ("fakefal", 5, options.loop),
            options.rounds,
            options.seconds,
        )
        row(f"{job}, 500 exchanges against 5", f"{many:,.0f}", f"{few:,.0f}", many / few, "≥ 0.9")
    early, late = memory()
    row(
        "memory after 100,000 lifecycles",
        f"{late:.0f} MB",
        f"{early:.0f} MB",
        late / early,
        "≤ 1.5",
    )
    base, empty, loaded = starts(options.rounds)
    row("cold start", f"{empty * 1000:.0f} ms", f"{base * 1000:.0f} ms", empty / base, "≤ 1.5")
    row(
        "cold start with a scenario",
        f"{loaded * 1000:.0f} ms",
        f"{base * 1000:.0f} ms",
        loaded / base,
        "≤ 1.5",
    )


if __name__ == "__main__":
    main()
