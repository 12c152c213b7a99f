"""What a test costs its user: real fal_client in pytest, @fal-ai/client under ``fakefal run``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, environment, fakefal_command
from benchmarks.report import Figure, Missing

JS_CLIENT = ROOT / "tests" / "blackbox" / "js" / "node_modules" / "@fal-ai" / "client"
_SKIPPED = 3  # the first tests of a kind import and connect

_CONFTEST = """
import json, time
import pytest

times = {}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    began, cpu_began = time.perf_counter(), time.process_time()
    result = yield
    passed = time.perf_counter() - began, time.process_time() - cpu_began
    times.setdefault(item.path.stem, []).append([it * 1e3 for it in passed])
    return result

def pytest_sessionfinish(session):
    session.config.rootpath.joinpath("times.json").write_text(json.dumps(times))
"""

_HEAD = """
import fal_client
import pytest
from fal_client.client import FalClientTimeoutError

@pytest.mark.parametrize("number", range({count}))
"""

EMPTY, WITHOUT, RUN, SUBSCRIBE, ENDLESS = "test_1", "test_2", "test_3", "test_4", "test_5"
"""Modules of tests, in the order of pytest."""

_TESTS = {
    EMPTY: """
def test(fakefal, number):
    pass
""",
    WITHOUT: """
def test(number):
    pass
""",
    RUN: """
def test(fakefal, number):
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == "Ship it."
""",
    SUBSCRIBE: """
def test(fakefal, number):
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    assert fal_client.subscribe("fal-ai/any-llm", {"prompt": "x"})["output"] == "Ship it."
""",
    ENDLESS: """
def test(fakefal, number):
    fakefal.on("fal-ai/any-llm").text("Ship it.").preset("stuck-in-queue")
    with pytest.raises(FalClientTimeoutError):
        fal_client.subscribe("fal-ai/any-llm", {"prompt": "x"}, client_timeout=120)
""",
}


@dataclass(frozen=True)
class Effort:
    """Sessions of pytest, tests of a kind in each, and seconds for a session of endless ones."""

    sessions: int
    tests: int
    limit_seconds: float


FULL = Effort(sessions=5, tests=15, limit_seconds=10.0)
QUICK = Effort(sessions=1, tests=10, limit_seconds=4.0)


@dataclass(frozen=True)
class Duration:
    """Milliseconds of one test, with its set-up and its teardown."""

    wall: float
    cpu: float


def user_tests(effort: Effort) -> Iterator[Figure | Missing]:
    """Milliseconds of whole tests; a first session fills the caches and does not count."""
    kinds = (EMPTY, WITHOUT, RUN, SUBSCRIBE)
    _session(kinds, 1)
    sessions = [_session(kinds, effort.tests) for _ in range(effort.sessions)]
    firsts = [durations[EMPTY][0] for durations in sessions]
    yield _figure("first test that uses the fixture", firsts, 350)
    later = {
        kind: [it for durations in sessions for it in durations[kind][_SKIPPED:]] for kind in kinds
    }
    cost = _quartile(later[EMPTY]).cpu - _quartile(later[WITHOUT]).cpu
    yield Figure("CPU of an empty test, above one without the fixture", cost, 1, unit="ms")
    yield _figure("test with one `fal_client.run`", later[RUN], 6)
    name = "test with one `fal_client.subscribe`, default timeline"
    yield _figure(name, later[SUBSCRIBE], 10)
    yield _endless(effort.limit_seconds)
    yield _javascript()


def _figure(name: str, durations: list[Duration], target: float) -> Figure:
    found = _quartile(durations)
    return Figure(name, found.wall, target, unit="ms", detail=f"{found.cpu:.1f} ms of CPU")


def _quartile(durations: list[Duration]) -> Duration:
    """What a quarter of the tests stays below: the others of them waited for other programs."""
    index = len(durations) // 4
    walls, cpus = sorted(it.wall for it in durations), sorted(it.cpu for it in durations)
    return Duration(walls[index], cpus[index])


def _endless(limit_seconds: float) -> Figure:
    """A test whose client gives up after 120 s, of which fakefal should spare it all."""
    name = "test with `client_timeout=120` on a job that never ends"
    try:
        durations = _session([ENDLESS], 6, limit_seconds)[ENDLESS]
    except subprocess.TimeoutExpired:
        detail = f"more: stopped after {limit_seconds:.0f} s"
        return Figure(name, limit_seconds * 1e3, 50, unit="ms", detail=detail)
    return _figure(name, durations[_SKIPPED:], 50)


def _session(
    kinds: Iterable[str], count: int, limit_seconds: float = 120.0
) -> dict[str, list[Duration]]:
    """So many tests of each kind in one session of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "conftest.py").write_text(_CONFTEST)
        for kind in kinds:
            (folder / f"{kind}.py").write_text(_HEAD.format(count=count) + _TESTS[kind].lstrip())
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=limit_seconds,
        )
        if run.returncode:
            raise RuntimeError(f"the tests failed: {run.stdout[-800:]}{run.stderr[-300:]}")
        times = json.loads((folder / "times.json").read_text())
    return {kind: [Duration(*it) for it in durations] for kind, durations in times.items()}


def _javascript() -> Figure | Missing:
    """``subscribe`` of @fal-ai/client, of which half a second is its wait between two polls."""
    name = "`subscribe` of @fal-ai/client with `default_timeline: none`"
    if shutil.which("node") is None or not JS_CLIENT.exists():
        return Missing(name, "needs Node and tests/blackbox/js/node_modules")
    script = Path(__file__).with_name("subscribe.mjs")
    command = [*fakefal_command(), "run", "--quiet", "--option", "default_timeline=none"]
    run = subprocess.run(
        [*command, "--", "node", str(script), str(JS_CLIENT)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    if run.returncode:
        return Missing(name, (run.stderr.strip() or run.stdout.strip()).splitlines()[-1])
    return Figure(name, float(run.stdout), 60, unit="ms")
