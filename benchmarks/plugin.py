"""What the pytest plugin costs: ``python -m benchmarks.plugin``.

A thousand empty tests with the fixture against as many without, in turn; the import of the plugin
in a run that never uses it, in CPU time; the start of the server.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_CONFTEST = """
import json, time
import pytest

times = []

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    began = time.perf_counter()
    result = yield
    times.append(time.perf_counter() - began)
    return result

def pytest_sessionfinish(session):
    session.config.rootpath.joinpath("times.json").write_text(json.dumps(times[10:]))
"""

_TEST = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_empty({fixture}number):
    pass
"""

_IMPORT = """
import time
import pytest, _pytest.config.argparsing
began = time.process_time()
import fakefal.testing.plugin, fakefal.testing.config.markers
print(time.process_time() - began)
"""

_START = """
import time
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
import fakefal.server.http.handler, fakefal.testing.factory
began = time.perf_counter()
server = ThreadedFakeFal(FakeFal(unmatched="fail", clock="instant", keep_alive=False))
server.start()
print(time.perf_counter() - began)
server.stop()
"""


def _tests(folder: Path, name: str) -> list[float]:
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_{name}.py"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    found: list[float] = json.loads((folder / "times.json").read_text())
    return found


def _printed(code: str, rounds: int) -> float:
    """The median of what a program prints, in milliseconds."""
    found = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(rounds)
    ]
    return statistics.median(found) * 1e3


def _told(times: list[float]) -> str:
    median, worst = statistics.median(times) * 1e3, sorted(times)[int(len(times) * 0.99)] * 1e3
    return f"median {median:.2f} ms, p99 {worst:.2f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    times: dict[str, list[float]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "conftest.py").write_text(_CONFTEST)
        for kind, fixture in (("without", ""), ("with", "fakefal, ")):
            source = _TEST.format(count=given.tests, fixture=fixture)
            (folder / f"test_{kind}.py").write_text(source)
        for _ in range(given.rounds):
            for kind, found in times.items():
                found += _tests(folder, kind)
    for kind, found in times.items():
        print(f"an empty test {kind} fakefal: {_told(found)}")
    print(f"import of the plugin in a run that never uses it: {_printed(_IMPORT, 5):.1f} ms of CPU")
    print(f"start of the server over its imports: {_printed(_START, 5):.1f} ms")


if __name__ == "__main__":
    main()
