"""Tests that record from a second fake, and replay when it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.scenario.files.loader import load_file
from fakefal.server.thread import ThreadedServer
from fakefal.testing.config.recordings import command_for, default_path
from tests.testing.conftest import RunTests
from tests.testing.recording import CALLS, KEY, calls_of, from_, one

pytestmark = pytest.mark.usefixtures("own_environment")

APP = (
    CALLS
    + r"""
SEEN = Path("seen.json")

def compare(name, seen):
    known = json.loads(SEEN.read_text()) if SEEN.exists() else {}
    seen = json.loads(re.sub(r"20\d\d-[-0-9T:.]+Z?", "", json.dumps(seen)))
    assert known.setdefault(name, seen) == seen
    SEEN.write_text(json.dumps(known))

@pytest.mark.fakefal(record="once", scenario="recordings/all.yaml")
def test_sync(fakefal):
    updates = []
    result = fal_client.subscribe("fal-ai/any-llm", {"prompt": "wait"}, with_logs=True,
                                  on_queue_update=lambda update: updates.append(repr(update)))
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        say("be rude")
    events = list(fal_client.stream("fal-ai/any-llm", {"prompt": "stream"}))
    twice = [say("twice"), say("twice")]
    assert "loading" in str(updates) and twice == ["one", "two"]
    fakefal.assert_called(via="queue", times=1)
    assert [call.via for call in fakefal.calls] == ["queue", "run", "stream", "run", "run"]
    assert fakefal.polls
    error = [str(caught.value), caught.value.response.json()]
    compare("sync", [result, updates, error, events, twice])

@pytest.mark.fakefal(record="once")
async def test_async(fakefal):
    client = fal_client.AsyncClient()
    result = await client.subscribe("fal-ai/any-llm", {"prompt": "wait"}, with_logs=True)
    events = [event async for event in client.stream("fal-ai/any-llm", {"prompt": "stream"})]
    job = await client.submit("fal-ai/any-llm", {"prompt": "job"})
    compare("async", [result, events, job.request_id, await job.get()])
"""
)


def test_once_records_and_then_replays_without_upstream(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    result = run_tests(APP, from_(upstream))
    result.assert_outcomes(passed=2)
    folder = pytester.path / "recordings"
    module = "test_once_records_and_then_replays_without_upstream"
    paths = [folder / "all.yaml", folder / module / "test_async.yaml"]
    result.stdout.fnmatch_lines_random([f"fakefal: recorded * call* in {path}" for path in paths])
    for path in paths:
        text = path.read_text()
        assert not any(part in text for part in (KEY, *KEY.split(":")))
        header = load_file(path).scenario.recorded
        assert header is not None
        assert header.complete
    assert calls_of(upstream).count("wait") == 2
    before = [path.read_bytes() for path in paths]
    upstream.stop()
    run_tests(APP, from_(upstream)).assert_outcomes(passed=2)
    run_tests(APP, "--fakefal-record=none").assert_outcomes(passed=2)
    assert [path.read_bytes() for path in paths] == before


def test_every_mode(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    path = pytester.path / "x.yaml"
    for source, flags, requests, outcome in (
        (one("a", mode="none"), [], [], {"errors": 1}),
        (one("a"), [], ["a"], {"passed": 1}),
        (one("a"), [], [], {"passed": 1}),
        (one("b", mode="new"), [], ["b"], {"passed": 1}),
        (one("b", mode="none"), [], [], {"passed": 1}),
        (one("c", mode="all"), [], ["c"], {"passed": 1}),
        (one("d", mode="once"), [], [], {"failed": 1}),
        (one("d", mode="once"), ["--fakefal-record=all"], ["d"], {"passed": 1}),
    ):
        before = len(calls_of(upstream))
        run_tests(source, from_(upstream), *flags).assert_outcomes(**outcome)
        assert calls_of(upstream)[before:] == requests
    assert [exchange.model.when.endpoint for exchange in load_file(path).exchanges] == [
        "fal-ai/any-llm"
    ]


def test_a_missing_recording_names_the_command_that_makes_it(run_tests: RunTests) -> None:
    source = (
        one("a", mode="none")
        + """
def test_unmarked(fakefal):
    with pytest.raises(fal_client.client.FalClientHTTPError):
        say()

def test_scripted(fakefal):
    fakefal.on("fal-ai/any-llm").text("mine")
    assert say() == "mine"
"""
    )
    result = run_tests(source, "--fakefal-record=none")
    result.assert_outcomes(passed=2, errors=2)
    name = "test_a_missing_recording_names_the_command_that_makes_it"
    hint = "does not exist — record it once, and commit it"
    result.stdout.fnmatch_lines_random(
        [
            f"*x.yaml {hint}: pytest {name}.py::test_one --fakefal-record=once",
            "1 call matched no exchange:",
            f"*recordings/{name}/test_unmarked.yaml {hint}: "
            f"pytest {name}.py::test_unmarked --fakefal-record=once",
        ]
    )


def test_in_ci_nothing_is_recorded_unless_the_command_line_says_so(
    run_tests: RunTests, upstream: ThreadedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = run_tests(one("a"), from_(upstream))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*x.yaml does not exist — record it once*"])
    run_tests(one("a"), from_(upstream), "--fakefal-record=once").assert_outcomes(passed=1)
    assert calls_of(upstream) == ["a"]
    upstream.stop()
    run_tests(one("a")).assert_outcomes(passed=1)


def test_ini_options_are_applied(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    pytester.makeini(
        f"""
        [pytest]
        filterwarnings = error
        asyncio_default_fixture_loop_scope = function
        fakefal_record = once
        fakefal_upstream = {upstream.server.url}
        fakefal_media = false
        fakefal_max_age = 0.001s
        fakefal_redact =
            acct_[0-9]+
        """
    )
    source = CALLS + "def test_a(fakefal):\n    say('of acct_123')\n"
    run_tests(source).assert_outcomes(passed=1)
    (path,) = pytester.path.glob("recordings/*/test_a.yaml")
    assert "[redacted]" in path.read_text()
    assert "acct_123" not in path.read_text()
    result = run_tests(source, "-W", "default")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*test_a.yaml was recorded 0 days ago*--fakefal-record=all*"])


def test_a_test_that_fails_leaves_what_it_recorded_and_is_recorded_again(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    path = pytester.path / "x.yaml"
    run_tests(one("a", "other"), from_(upstream)).assert_outcomes(failed=1)
    header = load_file(path).scenario.recorded
    assert header is not None
    assert not header.complete
    run_tests(one("a"), from_(upstream)).assert_outcomes(passed=1)
    good = path.read_bytes()
    run_tests(one("b", "other"), from_(upstream), "--fakefal-record=all").assert_outcomes(failed=1)
    assert path.read_bytes() == good
    assert calls_of(upstream) == ["a", "a", "b"]


def test_names_are_those_that_files_can_have(tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    folder = tmp_path / "recordings" / "test_a"
    assert default_path(file, ["TestOf", "test_b[1]"]) == folder / "TestOf-test_b[1].yaml"
    odd = [
        default_path(file, [f"test_b[{value}]"]).name for value in ("1.5", "1/5", "1:5", "x" * 500)
    ]
    assert len(set(odd)) == 4
    assert all(len(name) < 200 and "/" not in name and name.count(".") == 1 for name in odd)


def test_a_command_can_be_pasted() -> None:
    assert command_for("a.py::test[x y]") == "pytest 'a.py::test[x y]' --fakefal-record=once"
