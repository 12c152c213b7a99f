"""Tests that record: whose key, what goes first, what is written, how fal itself is reached."""

from __future__ import annotations

from base64 import b64encode

import pytest

from fakefal.scenario.files.loader import load_file
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.testing.conftest import RunTests
from tests.testing.recording import CALLS, KEY, UPSTREAM, calls_of, from_, one

pytestmark = pytest.mark.usefixtures("own_environment")


def test_the_key_of_the_user_is_used_and_never_written(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    source = (
        CALLS
        + f"""
KEY = {KEY!r}

@pytest.fixture(scope="module")
def outer(fakefal_factory):
    with fakefal_factory() as fake:
        assert os.environ["FAL_KEY"] == fake.key != KEY
        yield fake

@pytest.mark.fakefal(record="all", scenario="x.yaml")
def test_one(outer, fakefal):
    assert os.environ["FAL_KEY"] == KEY
    assert say() == "up x"
    assert (len(outer.calls), len(fakefal.calls)) == (0, 1)
    assert "authorization" not in fakefal.calls.one().headers

@pytest.mark.fakefal(record="all", scenario="y.yaml")
def test_two(fakefal):
    assert say(KEY) == f"up {{KEY}}"

def test_three(outer):
    outer.on("fal-ai/any-llm").text("outer")
    assert (os.environ["FAL_KEY"], say()) == (outer.key, "outer")
"""
    )
    run_tests(source, from_(upstream)).assert_outcomes(passed=3)
    assert calls_of(upstream) == ["x", KEY]  # which came with that key
    texts = [file.read_text() for file in pytester.path.glob("*.yaml*")]
    assert len(texts) == 2
    assert not any(part in text for text in texts for part in (KEY, *KEY.split(":")))


def test_a_known_secret_is_not_written(
    run_tests: RunTests,
    upstream: ThreadedServer,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_SECRET", "my-own-secret-17")
    result = run_tests(one(b64encode(b"my-own-secret-17").decode()), from_(upstream))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*x.yaml is not written: it would contain the environment's *"])
    result.stdout.fnmatch_lines(["*add --fakefal-redact PATTERN*"])
    assert not (pytester.path / "x.yaml").exists()


def test_scripted_exchanges_answer_before_fal(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    source = (
        CALLS
        + """
@pytest.mark.fakefal(record="once", scenario="x.yaml")
def test_one(fakefal):
    fakefal.on("fal-ai/any-llm", prompt="mine").text("scripted")
    assert [say("mine"), say("theirs")] == ["scripted", "up theirs"]
    assert len(fakefal.calls) == 2
"""
    )
    run_tests(source, from_(upstream)).assert_outcomes(passed=1)
    run_tests(source).assert_outcomes(passed=1)
    assert calls_of(upstream) == ["theirs"]


def test_tests_that_name_the_same_file_share_it(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    source = (
        CALLS
        + """
@pytest.mark.fakefal(record="once", scenario="shared.yaml")
class TestOf:
    @pytest.mark.parametrize("prompt", ["a", "b", "a"])
    def test_one(self, prompt):
        assert say(prompt) == f"up {prompt}"

    @pytest.mark.fakefal(scenario="own.yaml")
    def test_own(self):
        assert say("c") == "up c"
"""
    )
    for flags in ([], ["--fakefal-record=all"]):
        before = len(calls_of(upstream))
        run_tests(source, from_(upstream), *flags).assert_outcomes(passed=4)
        assert calls_of(upstream)[before:] == ["a", "b", "c"]
        run_tests(source).assert_outcomes(passed=4)
        assert len(load_file(pytester.path / "shared.yaml").exchanges) == 2


def test_under_xdist(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    source = (
        CALLS
        + """
class TestOf:
    @pytest.mark.fakefal(record="once")
    @pytest.mark.parametrize("prompt", [f"p/{number}.yaml" for number in range(12)])
    def test_many(self, prompt):
        assert say(prompt) == f"up {prompt}"
"""
    )
    result = run_tests(source, from_(upstream), "-n", "2")
    result.assert_outcomes(passed=12)
    assert len(list(pytester.path.glob("recordings/test_under_xdist/TestOf-*.yaml"))) == 12
    assert result.stdout.str().count("fakefal: recorded 1 call in ") == 12
    upstream.stop()
    run_tests(source, "-n", "2").assert_outcomes(passed=12)


def test_nothing_is_written_over_a_scenario_or_for_no_calls(
    run_tests: RunTests, upstream: ThreadedServer, pytester: pytest.Pytester
) -> None:
    (pytester.path / "x.yaml").write_text("fakefal: 1\n")
    result = run_tests(one("a"), from_(upstream), "--fakefal-record=all")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*x.yaml is not a recording *"])
    assert (pytester.path / "x.yaml").read_text() == "fakefal: 1\n"
    run_tests("def test_a(fakefal): pass", "--fakefal-record=all").assert_outcomes(passed=1)
    assert not (pytester.path / "recordings").exists()


def test_wrong_words_are_usage_errors(run_tests: RunTests) -> None:
    result = run_tests(one("a", mode="twice").replace('"x.yaml")', '"x.yaml", upstream=7)'))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines_random(
        [
            "*: @pytest.mark.fakefal: record='twice' — one of none, once, new, all",
            "*: @pytest.mark.fakefal: upstream=7 — a string, such as 'http://127.0.0.1:8788'",
        ]
    )
    for flag, problem in (
        ("--fakefal-upstream=nowhere", '*--fakefal-upstream "nowhere" is not a base URL*'),
        ("--fakefal-redact=[", '*--fakefal-redact "[[]" is not a regular expression*'),
        ("--fakefal-max-age=old", '*"old" is not a duration*'),
    ):
        result = run_tests(one("a"), flag)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([problem])


NAMES = """
import socket
import sys

if LOOP == "asyncio":
    sys.modules["uvloop"] = None
names = socket.getaddrinfo

def getaddrinfo(host, port, *args, **options):
    if str(host).endswith(("fal.run", "fal.ai", "fal.media")):
        host, port = "127.0.0.1", PORT
    return names(host, port, *args, **options)

socket.getaddrinfo = getaddrinfo
"""

BY_NAME = (
    CALLS
    + """
import subprocess
import sys

PROGRAM = (
    "import fal_client; print(fal_client.run('fal-ai/any-llm', {'prompt': 'child'})['output'])"
)

@pytest.fixture(scope="session", autouse=True)
def outer(fakefal_factory):
    with fakefal_factory() as fake:
        yield fake

@pytest.mark.fakefal(record="once", scenario="x.yaml")
def test_one(fakefal, outer):
    assert say() == "up x"
    assert fal_client.subscribe("fal-ai/any-llm", {"prompt": "wait"})["output"] == "waited"
    assert len(list(fal_client.stream("fal-ai/any-llm", {"prompt": "s"}))) > 1
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert printed.stdout == "up child\\n"
    assert not outer.calls
"""
)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_fal_itself_is_reached_by_name_over_tls(
    loop: str, run_tests: RunTests, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the redirection, the names of fal lead to a second fake that speaks TLS."""
    fal = FakeFalServer(UPSTREAM, tls_port=0)
    with ThreadedServer(fal):
        monkeypatch.setenv("SSL_CERT_FILE", str(fal.ca_path))
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        conftest = NAMES.replace("LOOP", repr(loop)).replace("PORT", str(fal.tls_port))
        pytester.makeconftest(conftest)
        source = BY_NAME
        run_tests(source).assert_outcomes(passed=1)
        prompts = [call.input["prompt"] for call in fal.controls(KEY).calls()]
        assert prompts == ["x", "wait", "s", "child"]
    run_tests(source).assert_outcomes(passed=1)
