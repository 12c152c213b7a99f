"""Python calls that fakefal makes for one request: ``python -m benchmarks.calls``.

Counted by ``sys.setprofile`` in a server that is warm, from the bytes of the request to those of
its response; only frames of fakefal's own files. The figures do not depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import fakefal
from benchmarks.report import Figure
from benchmarks.workloads import LIFECYCLES, RUNS, requests_of, scenario

PACKAGE = Path(fakefal.__file__).parent
TARGETS = {"submit": (55, 20), "poll": (40, 12)}
"""At most so many calls in so many files."""

_WARM_UP = 50
_COUNTED = 5

Calls = Counter[CodeType]


class _Client:
    """One connection to the server in this process; counts what happens during a request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, method: str, path: str, body: str = "") -> tuple[str, Calls]:
        """The body of the response, and the calls of fakefal's functions."""
        calls: Calls = Counter()

        def count(frame: FrameType, event: str, argument: Any) -> None:
            if event == "call":
                calls[frame.f_code] += 1

        headers = "Host: 127.0.0.1\r\nAuthorization: Key bench:mark\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        sys.setprofile(count)
        try:
            self._writer.write((head + body).encode())
            answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            text = (await self._reader.readexactly(length)).decode()
            for _ in range(10):  # what the server does after its response
                await asyncio.sleep(0)
        finally:
            sys.setprofile(None)
        own = {code: times for code, times in calls.items() if _is_own(code)}
        return text, Counter(own)

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def count_calls() -> dict[str, Calls]:
    """The calls of a submit, a poll of its status, its result, and a direct run."""
    paths = {LIFECYCLES: "/queue.fal.run/fal-ai/any-llm", RUNS: "/fal.run/fal-ai/any-llm"}
    requests = requests_of(paths)
    found: dict[str, list[Calls]] = {"submit": [], "poll": [], "result": [], "run": []}
    async with fakefal.FakeFalServer(scenario(50)) as server:
        client = _Client(*await asyncio.open_connection("127.0.0.1", server.port))
        for _ in range(_WARM_UP + _COUNTED):
            submit = requests[LIFECYCLES]
            text, calls = await client.send("POST", submit.path, submit.body)
            found["submit"].append(calls)
            job = f"{submit.path}/requests/{json.loads(text)['request_id']}"
            found["poll"].append((await client.send("GET", f"{job}/status"))[1])
            text, calls = await client.send("GET", job)
            assert "Ship it." in text, text
            found["result"].append(calls)
            run = requests[RUNS]
            found["run"].append((await client.send("POST", run.path, run.body))[1])
        client.close()
    return {name: _typical(counts[_WARM_UP:]) for name, counts in found.items()}


def calls() -> Iterator[Figure]:
    """Calls and files of a submit and of a poll."""
    for name, counted in asyncio.run(count_calls()).items():
        if name in TARGETS:
            most_calls, most_files = TARGETS[name]
            yield Figure(f"Python calls of a {name}", counted.total(), most_calls, unit="")
            yield Figure(f"files that a {name} visits", len(_files(counted)), most_files, unit="")


def _is_own(code: CodeType) -> bool:
    return Path(code.co_filename).is_relative_to(PACKAGE)


def _typical(counts: list[Calls]) -> Calls:
    """The one in the middle: now and then a request clears away old things."""
    return sorted(counts, key=Counter.total)[len(counts) // 2]


def _files(counted: Calls) -> set[str]:
    return {code.co_filename for code in counted}


def _name(code: CodeType) -> str:
    """With its class, from Python 3.11 on."""
    return str(getattr(code, "co_qualname", code.co_name))


def _print_functions(counted: Calls) -> None:
    """Every function that was called, by file."""
    for path in sorted(_files(counted)):
        functions = [(code, times) for code, times in counted.items() if code.co_filename == path]
        print(f"  {Path(path).relative_to(PACKAGE)}: {sum(times for _, times in functions)}")
        for code, times in functions:
            print(
                f"    {code.co_qualname if sys.version_info >= (3, 11) else code.co_name} × {times}"
            )


def main() -> None:
    """Print calls and files, and with ``--functions`` which they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", action="store_true", help="print every function called")
    given = parser.parse_args()
    for name, counted in asyncio.run(count_calls()).items():
        most = TARGETS.get(name)
        target = f" (at most {most[0]} in {most[1]})" if most else ""
        print(f"{name}: {counted.total()} calls in {len(_files(counted))} files{target}")
        if given.functions:
            _print_functions(counted)


if __name__ == "__main__":
    main()
